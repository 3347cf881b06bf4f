"""One rung in whichever process it is given to: all use cases of an arm at a scale, and what they took."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dono.artifacts import Artifact, identity, write_atomically
from dono.decisions.information import Rung
from dono.errors import Capped
from dono.runners import Job, Note
from dono.stages.contenders import Contender
from dono.stages.oversight import Oversight
from dono.stages.prepare import Case
from dono.stages.runs import RunSpec, carry_out
from dono.stages.schedule import cases_for
from dono.stages.workplace import Workplace

CLAIMS = ".claims"
"""Who is at which rung, in the work folder."""
LOOKED = 1.0
"""Seconds between two looks at a claim."""
READ = {"language": 1, "classify": 2, "generate": 3}
"""How often a test is read: for its bits; for likelihoods and answers; for answers, word by word, and their bits."""


@dataclass(frozen=True)
class Order:
    """A rung to be run. Its trunk stops at `scales`; of `cap` seconds `before` are spent or promised to others."""

    rung: Rung
    scales: tuple[float, ...]
    before: float
    cap: float


@dataclass(frozen=True)
class Site:
    """What every rung is made from."""

    place: Workplace
    contenders: Mapping[str, Contender]
    cases: tuple[Case, ...]

    def spec(self, order: Order, case: Case) -> RunSpec:
        """What is run for a use case."""
        name, scale, seed = order.rung
        return RunSpec(contender=self.contenders[name], case=case, scale=scale, seed=seed, scales=order.scales)


@dataclass(frozen=True)
class Ran:
    """What came of an order: runs by use case, the seconds it took, and whether the cap cut it short."""

    runs: tuple[tuple[str, Artifact], ...]
    seconds: float
    capped: bool


class Overtaken(Exception):
    """Another process was given this rung, because this one was thought to be lost."""


@dataclass
class Claim:
    """A rung is one process's. One that was cut off and comes back finds it taken, and leaves it alone."""

    path: Path
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    looked: float = -LOOKED

    @classmethod
    def take(cls, place: Workplace, rung: Rung) -> Claim:
        """From here on it is ours."""
        claim = cls(place.store.root / CLAIMS / identity({"rung": list(rung)}))
        write_atomically(claim.path, claim.token)
        return claim

    def check(self) -> None:
        """Raises `Overtaken` where it is another's by now."""
        if time.monotonic() - self.looked >= LOOKED:
            self.looked = time.monotonic()
            if self.path.read_text(encoding="utf8") != self.token:
                raise Overtaken(self.path)


def scoring_guess(case: Case) -> float:
    """Seconds to score a small model on a test of this size, before any was scored (assumed, from small runs here)."""
    return 0.5 + 0.01 * len(case.test) * READ.get(case.use_case.kind, 1)


def running(site: Site) -> Job[Order, Ran]:
    """The function that runs an order: its runs are sealed one by one, and what is sealed is not run again."""

    def ran(order: Order, note: Note) -> Ran:
        began, found = time.monotonic(), list[tuple[str, Artifact]]()
        claim = Claim.take(site.place, order.rung)
        try:
            for case in cases_for(site.contenders[order.rung[0]], site.cases):
                oversight = _oversight(order, claim, note, began, scoring_guess(case))
                run = carry_out(site.place, site.spec(order, case), oversight)
                found.append((case.use_case.name, run))
        except Capped:
            return Ran(tuple(found), time.monotonic() - began, capped=True)
        return Ran(tuple(found), time.monotonic() - began, capped=False)

    return ran


def _oversight(order: Order, claim: Claim, note: Note, began: float, scoring: float) -> Oversight:
    """Says what is done, and stops training where what is left of the time is only enough to score."""

    def show(text: str) -> None:
        claim.check()
        note(text)

    def capped(_: float) -> str | None:
        spent = order.before + time.monotonic() - began
        return f"{order.cap:.0f} s for pilots" if spent + scoring > order.cap else None

    return Oversight(show, capped)
