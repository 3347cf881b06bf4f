"""The second view of an arm: the loss under the metric forecast, and led to the metric by what all pilots showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dono.curves import Forecast, Link, Pair, Point, fit_link, forecast
from dono.curves.points import Floats
from dono.decisions.dormant import asleep
from dono.decisions.evidence import ArmEvidence
from dono.decisions.metrics import Metric

LEAST_RUNGS = 2
"""Sizes at which an arm's loss must have been measured."""


@dataclass(frozen=True)
class Linked:
    """Whole curves of badness, drawn by way of the loss. `seed` draws for each one a link and its distance from it."""

    losses: Forecast
    link: Link
    seed: int
    worst: float

    def paths(self, scales: Sequence[float]) -> Floats:
        """Badness along every drawn curve [samples, scales]: the same curves whenever it is asked."""
        return self.link.along(self.losses.paths(scales), np.random.default_rng(self.seed)) * self.worst


def link_of(evidence: Sequence[ArmEvidence], metric: Metric) -> Link | None:
    """What the pilots of all arms that learn say of loss and metric together; None where that is too little.

    While all of them sleep, no pilot has shown at which loss the score begins to move.
    """
    learning = [e for e in evidence if e.measured and e.has_scale and any(p.loss is not None for p in e.points)]
    if metric.worst is None or all(asleep(e.points, metric) for e in learning):
        return None
    pairs = [
        Pair(p.loss, metric.to_badness(p.value) / metric.worst, max(p.stderr / metric.scale, 0.5 / p.n) / metric.worst)
        for e in learning
        for p in e.points
        if p.loss is not None and p.loss > 0
    ]
    return fit_link(pairs)


def linked(
    evidence: ArmEvidence, metric: Metric, link: Link | None, *, beside: Sequence[ArmEvidence] = (), samples: int,
    seed: int,
) -> Linked | None:  # fmt: skip
    """The arm's curves by way of its loss; None where there is no link or its loss was not measured often enough.

    `beside` are the other arms of the use case, whose losses teach how this one's may go on.
    """
    points = _losses(evidence)
    if link is None or metric.worst is None or len({p.x for p in points}) < LEAST_RUNGS:
        return None
    peers = [_losses(e) for e in beside]
    return Linked(forecast(points, 1.0, peers=peers, seed=seed, samples=samples), link, seed, metric.worst)


def _losses(evidence: ArmEvidence) -> list[Point]:
    """The losses under the metric over scale, where they were measured."""
    return [
        Point(p.scale, p.loss, p.loss_stderr, p.seed)
        for p in sorted(evidence.points, key=lambda p: (p.scale, p.seed, p.value))
        if p.loss is not None and p.loss > 0
    ]
