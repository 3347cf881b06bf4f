"""The pilots: zero-shot first, then every ladder from its smallest rung up, then second seeds where arms are close."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from dono.artifacts import Artifact
from dono.stages.answers import render_pairs
from dono.stages.contenders import Contender, TaskSize, task_size
from dono.stages.display import TaskView, clock
from dono.stages.predictive import Predictive, predictive_pilots
from dono.stages.prepare import Case, Prepared
from dono.stages.runs import corpus_run, task_run
from dono.stages.schedule import Job, cases_for, job, ladders, total_seconds
from dono.stages.workplace import Workplace
from dono.tokens import load_tokenizer

OVERRUN = 1.25
"""Pilots stop when they have really taken this much more than their share: estimates are never a licence."""


@dataclass(frozen=True)
class Pilot:
    """One finished run of one arm on one use case."""

    contender: Contender | None
    arm: str
    case: Case
    scale: float
    seed: int
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

    jobs: dict[str, Job]
    scales: dict[str, tuple[float, ...]]
    sizes: dict[tuple[str, str], TaskSize]
    runs: dict[tuple[str, str, float, int], Pilot] = field(default_factory=dict)
    stages: dict[str, Artifact] = field(default_factory=dict)
    predictive: list[Predictive] = field(default_factory=list)
    stopped: str | None = None

    @property
    def seconds(self) -> float:
        """Seconds that the pilots really took on this machine, trunks counted once."""
        own = sum(float(str(a.result["own_seconds"])) for a in self.stages.values())
        return own + sum(p.own_seconds for p in self.runs.values()) + sum(p.seconds for p in self.predictive)


@dataclass(frozen=True)
class Planned:
    """What the first ladders will take."""

    jobs: list[Job]
    scales: dict[str, tuple[float, ...]]
    sizes: dict[tuple[str, str], TaskSize]
    seconds: float


def scoring_guess(case: Case) -> float:
    """Seconds to score a small model on a test of this size, before any was scored (assumed, from small runs here)."""
    return 0.5 + 0.01 * len(case.test) * (3 if case.use_case.kind == "generate" else 1)


def plan_pilots(place: Workplace, prepared: Prepared, contenders: list[Contender]) -> Planned:
    """Ladders for all that learn. Raises `Mistake` when the pilots' share is too small for one rung of each."""
    sizes: dict[tuple[str, str], TaskSize] = {}
    jobs: list[Job] = []
    for contender in (c for c in contenders if c.arm.learns):
        own: dict[str, TaskSize] = {}
        scoring: dict[str, float] = {}
        for case in cases_for(contender, prepared.cases):
            pairs = render_pairs(case, load_tokenizer(contender.tokenizer_folder), case.train) if case.train else []
            own[case.use_case.name] = sizes[contender.name, case.use_case.name] = task_size(
                place, contender, case, pairs
            )
            scoring[case.use_case.name] = scoring_guess(case)
        jobs.append(job(place, contender, own, scoring))
    scales = ladders(place, jobs) if jobs else {}
    return Planned(jobs, scales, sizes, total_seconds(jobs, scales))


def run_pilots(
    place: Workplace,
    prepared: Prepared,
    contenders: list[Contender],
    planned: Planned,
    more: Callable[[Pilots, float], list[tuple[str, float, int]]],
) -> Pilots:
    """Run everything; `more(pilots, seconds left)` names further (contender, scale, seed) until it names none.

    What is sealed is not run again, so this can be killed at any moment and started again.
    """
    pilots = Pilots({j.contender.name: j for j in planned.jobs}, planned.scales, planned.sizes)
    by_name = {c.name: c for c in contenders}
    with place.display.task("pilots", place.pilot_seconds) as view:
        pilots.predictive += predictive_pilots(place, prepared.cases)
        for contender in (c for c in contenders if not c.arm.learns):
            _rung(place, prepared, pilots, contender, 1.0, 0, view)
        rungs = sorted((s, name) for name, scales in planned.scales.items() for s in scales)
        for scale, name in rungs:
            _rung(place, prepared, pilots, by_name[name], scale, 0, view)
        planned_left = place.pilot_seconds - planned.seconds
        while pilots.stopped is None:
            wanted = more(pilots, planned_left)
            for name, scale, seed in wanted:
                _rung(place, prepared, pilots, by_name[name], scale, seed, view)
                planned_left -= pilots.jobs[name].ladder_seconds((scale,))
            if not wanted:
                break
    return pilots


def _rung(
    place: Workplace, prepared: Prepared, pilots: Pilots, contender: Contender, scale: float, seed: int, view: TaskView
) -> None:
    """One scale of one contender, on all its use cases. Skipped, and said so, once the share is overrun."""
    if pilots.seconds > OVERRUN * place.pilot_seconds:
        pilots.stopped = f"the pilots took {clock(pilots.seconds)}; the rungs left were not run"
        return
    before, began = pilots.seconds, time.monotonic()

    def watch(note: str) -> None:
        spent = before + time.monotonic() - began
        money = f" {place.project.currency} {place.money(spent):,.2f}" if place.price_per_hour else ""
        view.at(spent, f"{note} · spent {clock(spent)} of {clock(place.pilot_seconds)}{money}")

    stage = None
    if contender.arm.corpus_stage:
        scales = tuple(s for s in (*pilots.scales.get(contender.name, ()), scale) if s <= scale)
        stage = corpus_run(place, contender, scale, seed, scales, watch)
        _remember(place, pilots, stage)
    for case in cases_for(contender, prepared.cases):
        at = 1.0 if not contender.arm.learns else scale
        run = task_run(place, contender, case, at, seed, start=stage, watch=watch)
        pilots.runs[contender.name, case.use_case.name, at, seed] = Pilot(
            contender, contender.name, case, at, seed, run
        )
    view.at(pilots.seconds)


def _remember(place: Workplace, pilots: Pilots, stage: Artifact) -> None:
    """Count a corpus stage and the trunks under it, once each."""
    pending = [stage]
    while pending:
        one = pending.pop()
        if one.id in pilots.stages:
            continue
        pilots.stages[one.id] = one
        for reference in one.made_from:
            if reference.kind == "trunk":
                parent = place.store.read("trunk", reference.id)
                assert parent is not None, f"trunk {reference.id} is gone"
                pending.append(parent)
