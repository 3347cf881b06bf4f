"""The third view, of an arm that has not begun to learn: its curve so far says next to nothing of how it ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dono.curves.points import Floats
from dono.decisions.evidence import ArmEvidence
from dono.decisions.metrics import Metric
from dono.decisions.verdict import PilotPoint

ASLEEP = 0.8
"""An arm whose largest pilot still has this share of the worst badness has not begun to learn (assumed)."""
FAR_OFF = 4.0
"""From so many doublings between the largest pilot and the full run on, half of the draws are of this view (assumed;
two of three such arms of the first truth run ended beyond the interval that their curves gave: docs/log.md)."""
MOST_SHARE = 0.5


@dataclass(frozen=True)
class Dormant:
    """Badness `top` up to the scale `last`, then in a straight line over log scale to `ends` [samples] at the full run.

    The ends are spread evenly between nothing and `top`: nothing better is known.
    """

    last: float
    top: float
    ends: Floats

    def paths(self, scales: Sequence[float]) -> Floats:
        """Badness along every drawn curve [samples, scales]."""
        way = np.log(np.asarray(scales) / self.last) / math.log(1.0 / self.last)
        return self.top + (self.ends[:, None] - self.top) * np.clip(way, 0.0, 1.0)[None]

    @property
    def share(self) -> float:
        """The share of the draws that this view deserves."""
        return MOST_SHARE * min(1.0, math.log2(1.0 / self.last) / FAR_OFF)


def dormant(evidence: ArmEvidence, metric: Metric, random: np.random.Generator, samples: int) -> Dormant | None:
    """The view of an arm that sleeps; None for one that has begun to learn, or that was run whole."""
    if not asleep(evidence.points, metric):
        return None
    last, top = _largest(evidence.points, metric)
    return Dormant(last, top, top * random.permutation((np.arange(samples) + 0.5) / samples))


def asleep(points: Sequence[PilotPoint], metric: Metric) -> bool:
    """Whether the largest of an arm's pilots has not begun to learn. Never where the metric has no worst value."""
    last, top = _largest(points, metric)
    return metric.worst is not None and last < 1.0 and top >= ASLEEP * metric.worst


def _largest(points: Sequence[PilotPoint], metric: Metric) -> tuple[float, float]:
    """The largest scale, and the mean badness there."""
    last = max(p.scale for p in points)
    return last, float(np.mean([metric.to_badness(p.value) for p in points if p.scale == last]))
