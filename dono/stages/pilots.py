"""The pilots: zero-shot first, then every ladder from its smallest rung up, then what is worth knowing next."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dono.artifacts import Artifact
from dono.decisions.information import Rung
from dono.errors import Capped
from dono.stages.answers import render_pairs
from dono.stages.contenders import Contender, TaskSize, task_size
from dono.stages.display import TaskView, clock
from dono.stages.oversight import Oversight
from dono.stages.predictive import Predictive, predictive_pilots
from dono.stages.prepare import Case, Prepared
from dono.stages.runs import RunSpec, carry_out
from dono.stages.schedule import SETUP_SECONDS, Job, cases_for, job, ladders, total_seconds
from dono.stages.table_settings import SCALES, search_plan
from dono.stages.workplace import Workplace
from dono.tokens import load_tokenizer

PREDICTIVE_SECONDS_A_ROW = 0.005
"""To fit and score a route without a language model on one row (assumed; measured: 0.003 of a table to 0.02 of long
texts)."""
READ = {"language": 1, "classify": 2, "generate": 3}
"""How often a test is read: for its bits; for likelihoods and answers; for answers, word by word, and their bits."""


@dataclass(frozen=True)
class Pilot:
    """One finished run of one arm on one use case."""

    spec: RunSpec
    run: Artifact

    @property
    def own_seconds(self) -> float:
        """Seconds this run itself took, training and scoring; trunks are counted with `Pilots.seconds`."""
        return float(str(self.run.result["own_seconds"]))

    @property
    def failed(self) -> str | None:
        """Why it could not be carried out, or None."""
        reason = self.run.result.get("failed")
        return None if reason is None else str(reason)


@dataclass
class Pilots:
    """All pilots so far, and the corpus stages under them.

    `took` holds, for each contender, the seconds that its rungs were planned to take and really took. `unfinished`
    are the seconds of a run that the cap cut short. `granted` are seconds that a person paid for on top of the share.
    """

    planned: Planned
    runs: dict[tuple[str, str, float, int], Pilot] = field(default_factory=dict)
    stages: dict[str, Artifact] = field(default_factory=dict)
    predictive: list[Predictive] = field(default_factory=list)
    granted: float = 0.0
    took: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    unfinished: float = 0.0
    left_out: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Seconds that the pilots really took on this machine, set-up and scoring included, trunks counted once."""
        own = self.unfinished + sum(float(str(a.result["own_seconds"])) for a in self.stages.values())
        return own + sum(p.own_seconds for p in self.runs.values()) + sum(p.seconds for p in self.predictive)

    def seconds_of(self, arm: str, scale: float) -> float | None:
        """Seconds of one more rung of an arm; None for one that trains nothing. A larger one goes on with the trunk."""
        job = self.planned.jobs.get(arm)
        if job is None:
            return None
        below = max((s for name, _, s, _ in self.runs if name == arm), default=0.0)
        return self.expected(arm, job.next_seconds((below,) if 0 < below < scale else (), scale))

    def trunk_of(self, arm: str, seed: int) -> tuple[float, ...]:
        """The scales at which an arm's trunk of this seed stops or has stopped."""
        ran = {s for name, _, s, k in self.runs if (name, k) == (arm, seed)}
        return tuple(sorted(ran.union(self.planned.scales.get(arm, ()))))

    @property
    def stopped(self) -> str | None:
        """What was not run because the time was spent, in words; None where everything was."""
        if not self.left_out:
            return None
        return f"the pilots took {clock(self.seconds)}; not run, as the time would not have held: " + ", ".join(
            self.left_out
        )

    def expected(self, name: str, planned: float) -> float:
        """Seconds that a rung of a contender will take which is planned to take `planned`.

        On from the contender's last rung, each planned second as long as between its last two, and no shorter than
        planned: what a rung takes whatever its size, such as scoring, is then in it as it really was.
        """
        took = self.took.get(name, [])
        if not took:
            return planned
        (few, short), (many, long) = took[-2:] if len(took) > 1 else ((0.0, took[0][1]), took[0])
        pace = max(1.0, (long - short) / (many - few)) if many > few else 1.0
        return max(0.0, long + pace * (planned - many))

    def of(self, arm: str, use_case: str) -> list[Pilot]:
        """The pilots of one arm on one use case, in the order they were run."""
        return [p for (name, case, _, _), p in self.runs.items() if (name, case) == (arm, use_case)]


@dataclass(frozen=True)
class Planned:
    """What each contender's runs take, and the scales of its first ladder."""

    jobs: dict[str, Job]
    scales: dict[str, tuple[float, ...]]
    seconds: float


Next = Callable[[Pilots], Sequence[Rung]]
"""Given the pilots so far: the next to run, none when enough is known or nothing is left to pay for it."""


def scoring_guess(case: Case) -> float:
    """Seconds to score a small model on a test of this size, before any was scored (assumed, from small runs here)."""
    return 0.5 + 0.01 * len(case.test) * READ.get(case.use_case.kind, 1)


def plan_jobs(place: Workplace, prepared: Prepared, contenders: Sequence[Contender]) -> dict[str, Job]:
    """What the runs of every contender that learns take, from FLOPs and the measured speed of this machine."""
    jobs: dict[str, Job] = {}
    for contender in (c for c in contenders if c.arm.learns):
        sizes: dict[str, TaskSize] = {}
        scoring: dict[str, float] = {}
        for case in cases_for(contender, prepared.cases):
            pairs = render_pairs(case, load_tokenizer(contender.tokenizer_folder), case.train) if case.train else []
            sizes[case.use_case.name] = task_size(place, contender, case, pairs)
            scoring[case.use_case.name] = scoring_guess(case)
        jobs[contender.name] = job(contender, sizes, scoring)
    return jobs


def plan_pilots(place: Workplace, prepared: Prepared, contenders: Sequence[Contender]) -> Planned:
    """Ladders for all that learn. Raises `Mistake` when the pilots' share is too small for one rung of each."""
    jobs = plan_jobs(place, prepared, contenders)
    before = asking_seconds(place, prepared, contenders)
    scales = ladders(place, list(jobs.values()), before=before) if jobs else {}
    return Planned(jobs, scales, before + total_seconds(jobs.values(), scales))


def asking_seconds(place: Workplace, prepared: Prepared, contenders: Sequence[Contender]) -> float:
    """What the pilots take that learn nothing, and those without a language model, in seconds (a guess)."""
    asked = sum(_asking(prepared, c) for c in contenders if not c.arm.learns)
    rows = sum(len(c.train) for c in prepared.cases if c.use_case.kind == "classify")
    if not place.project.wants("predictive"):
        return asked
    tables = sum(search_plan(c).seconds for c in prepared.cases if c.use_case.kind == "predict")
    return asked + PREDICTIVE_SECONDS_A_ROW * rows * sum(SCALES) + tables


def _asking(prepared: Prepared, contender: Contender) -> float:
    return sum(SETUP_SECONDS + scoring_guess(case) for case in cases_for(contender, prepared.cases))


def run_pilots(
    place: Workplace, prepared: Prepared, contenders: Sequence[Contender], planned: Planned, more: Next,
    *, chosen: Sequence[Rung] = (), granted: float = 0.0,
) -> Pilots:  # fmt: skip
    """Run the ladders, then the rungs that were chosen before, then what `more` names until it names none.

    `granted` are seconds that the pilots may take on top of their share, once the first ladders are run. No rung is
    begun that is expected to end after the time allowed. What is sealed is not run again, so this can be killed at any
    moment and started again.
    """
    pilots = Pilots(planned, granted=granted)
    by_name = {c.name: c for c in contenders}
    first = [(1.0, c.name) for c in contenders if not c.arm.learns]
    first += sorted((s, name) for name, scales in planned.scales.items() for s in scales)
    share, whole = place.pilot_seconds, place.pilot_seconds + granted
    with place.display.task("pilots", whole) as view:
        pilots.predictive += predictive_pilots(place, prepared.cases)
        crew = _Crew(place, prepared, pilots, by_name, view)
        for scale, name in first:
            crew.rung(name, scale, place.project.training.seed, share)
        for name, scale, seed in chosen:
            if name in by_name:
                crew.rung(name, scale, seed, whole)
        while wanted := more(pilots):
            if not all(crew.rung(name, scale, seed, whole) for name, scale, seed in wanted):
                break
    return pilots


@dataclass(frozen=True)
class _Crew:
    """What it takes to run one rung after the other."""

    place: Workplace
    prepared: Prepared
    pilots: Pilots
    contenders: dict[str, Contender]
    view: TaskView

    def rung(self, name: str, scale: float, seed: int, cap: float) -> bool:
        """One scale of one contender, on all its use cases; False where the time left of `cap` seconds would not hold,
        or did not.
        """
        pilots, before = self.pilots, self.pilots.seconds
        planned = self._planned(name, scale, seed)
        began = time.monotonic()
        try:
            if before + pilots.expected(name, planned) > cap:
                raise Capped(f"{cap:.0f} s for pilots", f"{before:.0f} s")
            scales = pilots.trunk_of(name, seed)
            for case in cases_for(self.contenders[name], self.prepared.cases):
                spec = RunSpec(contender=self.contenders[name], case=case, scale=scale, seed=seed, scales=scales)
                run = carry_out(self.place, spec, self._oversight(cap, began, before, scoring_guess(case)))
                pilots.runs[name, case.use_case.name, scale, seed] = Pilot(spec, run)
                _remember(self.place, pilots, run)
        except Capped:
            pilots.unfinished += max(0.0, time.monotonic() - began - (pilots.seconds - before))
            pilots.left_out.append(f"{name} × {scale:g}")
            return False
        pilots.took.setdefault(name, []).append((planned, pilots.seconds - before))
        self.view.at(pilots.seconds)
        return True

    def _planned(self, name: str, scale: float, seed: int) -> float:
        """Seconds that the plan has for a rung; one with a seed of its own has a trunk of its own."""
        if name not in self.pilots.planned.jobs:
            return _asking(self.prepared, self.contenders[name])
        done = {s for arm, _, s, of in self.pilots.runs if (arm, of) == (name, seed) and s < scale}
        return self.pilots.planned.jobs[name].next_seconds(tuple(done), scale)

    def _oversight(self, cap: float, began: float, before: float, scoring: float) -> Oversight:
        """Shows what is spent, and stops training where what is left of the time is only enough to score."""
        place = self.place

        def spent() -> float:
            return before + time.monotonic() - began

        def show(note: str) -> None:
            money = f" {place.project.currency} {place.money(spent()):,.2f}" if place.price_per_hour else ""
            self.view.at(spent(), f"{note} · spent {clock(spent())} of {clock(cap)}{money}")

        return Oversight(show, lambda _: f"{cap:.0f} s for pilots" if spent() + scoring > cap else None)


def _remember(place: Workplace, pilots: Pilots, run: Artifact) -> None:
    """Count the corpus stage and the trunks that a run was made from, once each."""
    pending = [r for r in run.made_from if r.kind in ("corpus-run", "trunk")]
    while pending:
        reference = pending.pop()
        if reference.id in pilots.stages:
            continue
        stage = place.store.read(reference.kind, reference.id)
        assert stage is not None, f"{reference.kind} {reference.id} is gone"
        pilots.stages[stage.id] = stage
        pending += [r for r in stage.made_from if r.kind == "trunk"]
