"""Further pilots: which were chosen after the first ladders, what was dropped, and what a person paid on top.

All of it stands in one file of the work folder, written before each round begins: whatever kills the process, the same
command runs the same pilots and goes on from there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from dono.artifacts import identity, write_atomically
from dono.decisions import Elimination
from dono.errors import Mistake
from dono.stages.pilots import Planned
from dono.stages.workplace import Workplace

FILE = "further.json"
TIME = re.compile(r"(\d+(?:\.\d+)?)\s*([smh])")
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class Grant(BaseModel):
    """What a person paid for further pilots after a verdict: `asked` as it was written, and the seconds that it buys.

    `before` is the verdict it came after, `verdict` the one that it led to; None while the pilots are under way.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    asked: str
    seconds: float
    before: str
    verdict: str | None = None


class Chosen(BaseModel):
    """A rung that was chosen: the seconds it was planned to take, and after how many grants it was chosen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    arm: str
    scale: float
    seed: int
    seconds: float
    grants: int


class Kept(BaseModel):
    """The file: `plan` is the identity of the ladders that all of it rests on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plan: str
    rounds: int = 0
    rungs: tuple[Chosen, ...] = ()
    dropped: dict[str, tuple[Elimination, ...]] = {}
    grants: tuple[Grant, ...] = ()


@dataclass
class Further:
    """The choices so far in `path`. Every change is on the disk when its method returns."""

    path: Path
    kept: Kept

    @property
    def granted(self) -> float:
        """Seconds that were paid for on top of the pilots' share, all grants together."""
        return sum(g.seconds for g in self.kept.grants)

    @property
    def left(self) -> float:
        """Seconds of what was granted last that no rung was chosen for yet; without a grant no end of its own: what
        the pilots' share still has, and with quick ladders that is more than was planned, may be used up.
        """
        grants = self.kept.grants
        if not grants:
            return math.inf
        return grants[-1].seconds - sum(rung.seconds for rung in self.kept.rungs if rung.grants == len(grants))

    @property
    def open(self) -> Grant | None:
        """The grant whose pilots are under way."""
        grants = self.kept.grants
        return grants[-1] if grants and grants[-1].verdict is None else None

    @property
    def under_way(self) -> bool:
        """Whether any rung was chosen for the grant that is open."""
        return self.open is not None and any(r.grants == len(self.kept.grants) for r in self.kept.rungs)

    def grant(self, asked: str, seconds: float, before: str) -> None:
        """Begin a grant, or go on with the one that is open: its amount is then the new one."""
        earlier = self.kept.grants[:-1] if self.open is not None else self.kept.grants
        before = self.open.before if self.open is not None else before
        self._keep(grants=(*earlier, Grant(asked=asked, seconds=seconds, before=before)))

    def withdraw(self) -> None:
        """Take the open grant back, where nothing came of it."""
        assert not self.under_way
        self._keep(grants=self.kept.grants[:-1])

    def close(self, verdict: str) -> None:
        """The open grant, if there is one, has led to this verdict."""
        if self.open is not None:
            self._keep(grants=(*self.kept.grants[:-1], self.open.model_copy(update={"verdict": verdict})))

    def choose(
        self, rungs: Sequence[tuple[str, float, int, float]], dropped: Mapping[str, Sequence[Elimination]]
    ) -> None:
        """Write down what is run next (arm, scale, seed, seconds), and what was dropped before it."""
        grants = len(self.kept.grants)
        chosen = [Chosen(arm=a, scale=s, seed=k, seconds=t, grants=grants) for a, s, k, t in rungs]
        names = {*self.kept.dropped, *dropped}
        together = {n: (*self.kept.dropped.get(n, ()), *dropped.get(n, ())) for n in sorted(names)}
        self._keep(rungs=(*self.kept.rungs, *chosen), dropped=together, rounds=self.kept.rounds + 1)

    def _keep(self, **changes: object) -> None:
        self.kept = self.kept.model_copy(update=changes)
        write_atomically(self.path, self.kept.model_dump_json(indent=1))


def open_further(place: Workplace, planned: Planned) -> Further:
    """What was chosen under this very plan; nothing where the ladders are others by now (another budget, say)."""
    plan = identity(
        {
            name: {"scales": list(scales), "tokens": planned.jobs[name].contender.corpus_tokens}
            for name, scales in planned.scales.items()
        }
    )
    path, kept = place.store.root / FILE, None
    if path.is_file():
        try:
            kept = Kept.model_validate_json(path.read_text(encoding="utf8"))
        except ValueError as error:
            remedy = "Delete it; the further pilots are then chosen anew, and those that are finished are not repeated"
            raise Mistake("the file is damaged", where=str(path), remedy=remedy) from error
    if kept is None or kept.plan != plan:
        kept = Kept(plan=plan)
    return Further(path, kept)


def seconds_for(place: Workplace, asked: str) -> float:
    """Seconds of pilots that an amount buys: money in the project's currency, or a time like 30m.

    Raises `Mistake` for what is neither, for nothing, and for money where an hour of the machine has no price.
    """
    text = asked.strip()
    time = TIME.fullmatch(text)
    try:
        amount = float(time[1]) * SECONDS[time[2]] if time else float(text.replace(",", "").replace("_", ""))
    except ValueError:
        amount = math.nan
    if not 0 < amount < math.inf:
        remedy = f"Give an amount above 0 in {place.project.currency}, like 500, or a time, like 30m or 2h"
        raise Mistake(f"{asked!r} buys no pilots", where="--more", remedy=remedy)
    if time:
        return amount
    if place.price_per_hour <= 0:
        remedy = "Give a time, like 30m or 2h, or set machine.price_per_hour"
        raise Mistake(f"{asked} in money: an hour of this machine has no price", where="--more", remedy=remedy)
    return amount / place.price_per_hour * 3600
