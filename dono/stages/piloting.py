"""Pilots are run: zero-shot first, every ladder from its smallest rung up, then what is worth knowing next."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dono.artifacts import Artifact
from dono.decisions.information import Rung
from dono.runners import Crew, Needs
from dono.stages.contenders import Contender
from dono.stages.display import TaskView, clock
from dono.stages.hosted import hosted_pilots
from dono.stages.pilots import Pilot, Pilots, Planned, asking
from dono.stages.predictive import predictive_pilots
from dono.stages.prepare import Prepared
from dono.stages.rungs import Order, Ran, Site, running
from dono.stages.workplace import Workplace
from dono.studio.amounts import percent

WAIT = 1.0
"""Seconds after which what is spent is shown again, while rungs run on a cluster."""

Next = Callable[[Pilots], Sequence[Rung]]
"""Given the pilots so far: the next to run, none when enough is known or nothing is left to pay for it."""


def run_pilots(
    place: Workplace, prepared: Prepared, contenders: Sequence[Contender], planned: Planned, more: Next,
    *, chosen: Sequence[Rung] = (), granted: float = 0.0,
) -> Pilots:  # fmt: skip
    """Run the ladders, then the rungs that were chosen before, then what `more` names until it names none.

    As many rungs at a time as the runner has room for; those of one arm and seed share a trunk and follow each other.
    `granted` are seconds that the pilots may take on top of their share, once the first ladders are run. No rung is
    begun that is expected to end after the time allowed: seconds of all machines in sum, which are what is paid. What
    is sealed is not run again, so this can be killed at any moment and started again.
    """
    pilots = Pilots(planned, granted=granted)
    by_name = {c.name: c for c in contenders}
    first = [(1.0, c.name) for c in contenders if not c.arm.learns]
    first += sorted((s, name) for name, scales in planned.scales.items() for s in scales)
    share, whole, seed = place.pilot_seconds, place.pilot_seconds + granted, place.project.training.seed
    site = Site(place, by_name, prepared.cases)
    needs = Needs(gigabytes=max((c.gigabytes(place.project.training.batch) for c in contenders), default=0.0))
    with place.display.task("pilots", whole) as view:
        pilots.predictive += predictive_pilots(place, prepared.cases)
        pilots.hosted += hosted_pilots(place, prepared.cases)
        shown = _Shown(place, pilots, view, whole)
        with place.runner.crew(running, site, needs=needs, note=shown.note) as workers:
            crew = _Crew(site, pilots, shown, workers)
            crew.do([((name, scale, seed), share) for scale, name in first])
            crew.do([((name, scale, of), whole) for name, scale, of in chosen if name in by_name])
            crew.go_on(more, whole)
    return pilots


@dataclass(frozen=True)
class _Begun:
    order: Order
    planned: float
    expected: float
    at: float


@dataclass
class _Shown:
    """What a person sees of the rungs under way."""

    place: Workplace
    pilots: Pilots
    view: TaskView
    cap: float
    begun: dict[int, _Begun] = field(default_factory=dict)

    def note(self, text: str) -> None:
        """Show what a rung is at, and what is spent."""
        place, spent = self.place, self.pilots.seconds + sum(time.monotonic() - b.at for b in self.begun.values())
        money = f" {place.project.currency} {place.money(spent):,.2f}" if place.price_per_hour else ""
        self.view.at(spent, f"{text} · spent {clock(spent)} of {clock(self.cap)}{money}")

    def all(self) -> None:
        """Show what runs now."""
        rungs = ", ".join(_named(b.order.rung) for b in self.begun.values())
        self.note(f"{len(self.begun)} at a time: {rungs}" if rungs else "")


@dataclass
class _Crew:
    """The rungs that run at a time."""

    site: Site
    pilots: Pilots
    shown: _Shown
    workers: Crew[Order, Ran]
    number: int = 0

    def do(self, wanted: Sequence[tuple[Rung, float]]) -> None:
        """Run these rungs, each if its cap in seconds has room for it, in this order as far as workers are free."""
        waiting = list(wanted)
        while waiting or self.shown.begun:
            self._begin_some(waiting)
            if self.shown.begun:
                self._take()

    def go_on(self, more: Next, cap: float) -> None:
        """Run what `more` names, asked whenever a worker is free and something was learned, until there is no room."""
        waiting: list[tuple[Rung, float]] = []
        left_out, asked = len(self.pilots.left_out), False
        while True:
            self._begin_some(waiting)
            if len(self.pilots.left_out) > left_out:
                waiting, asked = [], True
            if not waiting and not asked and len(self.shown.begun) < self.workers.slots:
                waiting = [(rung, cap) for rung in more(self.pilots)]
                asked = not waiting
            elif not self.shown.begun:
                return
            elif self._take():
                asked = len(self.pilots.left_out) > left_out

    def _begin_some(self, waiting: list[tuple[Rung, float]]) -> None:
        """Begin what there is room for; where the time would not hold, what runs is waited for, as it may take less."""
        for rung, cap in list(waiting):
            begun = self.shown.begun.values()
            if len(begun) >= self.workers.slots:
                return
            if any(_trunk(b.order.rung) == _trunk(rung) for b in begun):
                continue
            planned = self._planned(rung)
            expected = self.pilots.expected(rung[0], planned)
            spent = self.pilots.seconds + sum(b.expected for b in begun)
            if spent + expected > cap and begun:
                return
            waiting.remove((rung, cap))
            if spent + expected > cap:
                self.pilots.left_out.append(_named(rung))
            else:
                self._begin(rung, planned, expected, spent, cap)

    def _begin(self, rung: Rung, planned: float, expected: float, spent: float, cap: float) -> None:
        order = Order(rung, self.pilots.trunk_of(rung[0], rung[2]), spent, cap)
        self.number += 1
        self.shown.begun[self.number] = _Begun(order, planned, expected, time.monotonic())
        self.pilots.running[rung] = expected
        self.workers.begin(self.number, order)

    def _planned(self, rung: Rung) -> float:
        """Seconds that the plan has for a rung; one with a seed of its own has a trunk of its own."""
        name, scale, seed = rung
        if name not in self.pilots.planned.jobs:
            return asking(self.site.cases, self.site.contenders[name])
        done = {s for arm, _, s, of in self.pilots.runs if (arm, of) == (name, seed) and s < scale}
        return self.pilots.planned.jobs[name].next_seconds(tuple(done), scale)

    def _take(self) -> bool:
        """Count what is done by now; whether anything was."""
        done = self.workers.finished(WAIT)
        for number, ran in done:
            begun, before = self.shown.begun.pop(number), self.pilots.seconds
            self._count(begun.order, ran)
            took = self.pilots.seconds - before
            if ran.capped:
                self.pilots.unfinished += max(0.0, ran.seconds - took)
                self.pilots.left_out.append(_named(begun.order.rung))
            else:
                self.pilots.took.setdefault(begun.order.rung[0], []).append((begun.planned, took))
        self.shown.all()
        return bool(done)

    def _count(self, order: Order, ran: Ran) -> None:
        name, scale, seed = order.rung
        del self.pilots.running[order.rung]
        cases = {c.use_case.name: c for c in self.site.cases}
        for case, run in ran.runs:
            self.pilots.runs[name, case, scale, seed] = Pilot(self.site.spec(order, cases[case]), run)
            _remember(self.site.place, self.pilots, run)


def _named(rung: Rung) -> str:
    return f"{rung[0]} at {percent(rung[1])}"


def _trunk(rung: Rung) -> tuple[str, int]:
    """What a rung goes on with: another of the same arm and seed may not be under way."""
    return rung[0], rung[2]


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
