"""The pilots: zero-shot first, then every ladder from its smallest rung up, then what is worth knowing next."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dono.artifacts import Artifact
from dono.errors import Capped
from dono.stages.answers import render_pairs
from dono.stages.contenders import Contender, TaskSize, task_size
from dono.stages.display import TaskView, clock
from dono.stages.oversight import Oversight
from dono.stages.predictive import Predictive, predictive_pilots
from dono.stages.prepare import Case, Prepared
from dono.stages.runs import RunSpec, carry_out
from dono.stages.schedule import Job, cases_for, job, ladders, total_seconds
from dono.stages.workplace import Workplace
from dono.tokens import load_tokenizer

OVERRUN = 1.25
"""Pilots stop when they have really taken this much more than their share: estimates are never a licence."""


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
    """All pilots so far, and the corpus stages under them."""

    planned: Planned
    runs: dict[tuple[str, str, float, int], Pilot] = field(default_factory=dict)
    stages: dict[str, Artifact] = field(default_factory=dict)
    predictive: list[Predictive] = field(default_factory=list)
    stopped: str | None = None
    granted: float = 0.0
    """Seconds that a person paid for on top of the pilots' share."""

    @property
    def seconds(self) -> float:
        """Seconds that the pilots really took on this machine, trunks counted once."""
        own = sum(float(str(a.result["own_seconds"])) for a in self.stages.values())
        return own + sum(p.own_seconds for p in self.runs.values()) + sum(p.seconds for p in self.predictive)

    def seconds_of(self, arm: str, scale: float) -> float | None:
        """Seconds of one more rung of an arm; None for one that trains nothing. A larger one goes on with the trunk."""
        job = self.planned.jobs.get(arm)
        if job is None:
            return None
        below = max((s for name, _, s, _ in self.runs if name == arm), default=0.0)
        return job.further_seconds(scale, below if below < scale else 0.0)

    def trunk_of(self, arm: str, seed: int) -> tuple[float, ...]:
        """The scales at which an arm's trunk of this seed stops or has stopped."""
        ran = {s for name, _, s, k in self.runs if (name, k) == (arm, seed)}
        return tuple(sorted(ran.union(self.planned.scales.get(arm, ()))))

    def of(self, arm: str, use_case: str) -> list[Pilot]:
        """The pilots of one arm on one use case, in the order they were run."""
        return [p for (name, case, _, _), p in self.runs.items() if (name, case) == (arm, use_case)]


@dataclass(frozen=True)
class Planned:
    """What each contender's runs take, and the scales of its first ladder."""

    jobs: dict[str, Job]
    scales: dict[str, tuple[float, ...]]
    seconds: float


Rung = tuple[str, float, int]
"""contender, scale, seed."""
Next = Callable[[Pilots], Sequence[Rung]]
"""Given the pilots so far: the next to run, none when enough is known or nothing is left to pay for it."""


def scoring_guess(case: Case) -> float:
    """Seconds to score a small model on a test of this size, before any was scored (assumed, from small runs here)."""
    return 0.5 + 0.01 * len(case.test) * (3 if case.use_case.kind == "generate" else 1)


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
    scales = ladders(place, list(jobs.values())) if jobs else {}
    return Planned(jobs, scales, total_seconds(jobs.values(), scales))


def run_pilots(
    place: Workplace, prepared: Prepared, contenders: Sequence[Contender], planned: Planned, more: Next,
    *, chosen: Sequence[Rung] = (), granted: float = 0.0,
) -> Pilots:  # fmt: skip
    """Run the ladders, then the rungs that were chosen before, then what `more` names until it names none.

    `granted` are seconds that the pilots may take on top of their share. What is sealed is not run again, so this can
    be killed at any moment and started again.
    """
    pilots = Pilots(planned, granted=granted)
    by_name = {c.name: c for c in contenders}
    first = [(1.0, c.name) for c in contenders if not c.arm.learns]
    first += sorted((s, name) for name, scales in planned.scales.items() for s in scales)
    rungs = [(name, scale, place.project.training.seed) for scale, name in first]
    rungs += [rung for rung in chosen if rung[0] in by_name]
    with place.display.task("pilots", place.pilot_seconds + granted) as view:
        pilots.predictive += predictive_pilots(place, prepared.cases)
        try:
            for name, scale, seed in rungs:
                _rung(place, prepared, pilots, by_name[name], scale, seed, view)
            while wanted := more(pilots):
                for name, scale, seed in wanted:
                    _rung(place, prepared, pilots, by_name[name], scale, seed, view)
        except Capped:
            pilots.stopped = f"the pilots took {clock(pilots.seconds)}; the rungs left were not run"
    return pilots


def _rung(
    place: Workplace, prepared: Prepared, pilots: Pilots, contender: Contender, scale: float, seed: int, view: TaskView
) -> None:
    """One scale of one contender, on all its use cases. Raises `Capped` once the pilots' share is overrun."""
    allowed = place.pilot_seconds + pilots.granted
    before, began, cap = pilots.seconds, time.monotonic(), OVERRUN * allowed
    if before > cap:
        raise Capped(f"{cap:.0f} s for pilots", f"{before:.0f} s")

    def show(note: str) -> None:
        spent = before + time.monotonic() - began
        money = f" {place.project.currency} {place.money(spent):,.2f}" if place.price_per_hour else ""
        view.at(spent, f"{note} · spent {clock(spent)} of {clock(allowed)}{money}")

    oversight = Oversight(show, lambda seconds: f"{cap:.0f} s for pilots" if seconds > cap else None)
    scales = pilots.trunk_of(contender.name, seed)
    for case in cases_for(contender, prepared.cases):
        spec = RunSpec(contender=contender, case=case, scale=scale, seed=seed, scales=scales)
        run = carry_out(place, spec, oversight)
        pilots.runs[contender.name, case.use_case.name, scale, seed] = Pilot(spec, run)
        _remember(place, pilots, run)
    view.at(pilots.seconds)


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
