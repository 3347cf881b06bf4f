"""The view of an arm that has not begun to learn: when it will wake, and how fast it learns from then on.

Its curve so far is flat and says next to nothing of how it ends: it wakes in any of the doublings that are left, or not
before the full run is over, all equally likely. Once awake, its badness falls at a usual pace. The arms of one use case
learn from the same examples, so they tend to wake together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from dono.curves.points import Floats
from dono.decisions.evidence import ArmEvidence
from dono.decisions.metrics import Metric
from dono.decisions.verdict import PilotPoint

ASLEEP = 0.8
"""An arm whose largest pilot still has this share of what one has who learned nothing has not begun to (assumed)."""
PACE, PACE_SPREAD = 0.25, 0.4
"""How far badness falls per doubling once an arm is awake, and its spread, in natural logs (learned from the full runs
of 135 sleeping pilots in six tasks of the truth runs, by the continuous ranked probability score; with one task left
out the centre is 0.2 to 0.3, and 80 % intervals hold 93 % of the ends)."""
TOGETHER = 0.5
"""The part of the variance that the arms of one use case have in common (assumed)."""


@dataclass(frozen=True)
class Dormant:
    """Badness `top` up to the scale `last`, and for `sleeps` [samples] doublings more; then it falls by `pace`
    [samples] per doubling, in natural logs.
    """

    last: float
    top: float
    sleeps: Floats
    pace: Floats

    def paths(self, scales: Sequence[float]) -> Floats:
        """Badness along every drawn curve [samples, scales]."""
        awake = np.maximum(np.log2(np.asarray(scales) / self.last)[None] - self.sleeps[:, None], 0.0)
        return np.asarray(self.top * np.exp(-self.pace[:, None] * awake))


def dormant(
    evidence: ArmEvidence, metric: Metric, together: np.random.Generator, own: np.random.Generator, samples: int
) -> Dormant | None:
    """The view of an arm that sleeps; None for one that has begun to learn, or that was run whole.

    `together` draws what all arms of the use case share, and is to be in the same state for each of them.
    """
    if not asleep(evidence.points, metric):
        return None
    last, top = _largest(evidence.points, metric)
    left = math.log2(1 / last) + 1
    shared = math.sqrt(TOGETHER) * together.standard_normal((2, samples))
    waking, pace = shared + math.sqrt(1 - TOGETHER) * own.standard_normal((2, samples))
    return Dormant(last, top, left * ndtr(waking), PACE * np.exp(PACE_SPREAD * pace))


def asleep(points: Sequence[PilotPoint], metric: Metric) -> bool:
    """Whether the largest of an arm's pilots has not begun to learn. Never where what that would be is not known."""
    last, top = _largest(points, metric)
    return metric.unlearned is not None and last < 1.0 and top >= ASLEEP * metric.unlearned


def _largest(points: Sequence[PilotPoint], metric: Metric) -> tuple[float, float]:
    """The largest scale, and the mean badness there."""
    last = max(p.scale for p in points)
    return last, float(np.mean([metric.to_badness(p.value) for p in points if p.scale == last]))
