"""The view of an arm that has not begun to learn: when it will wake, and how fast it learns from then on.

Its curve so far is flat and says next to nothing of how it ends: it wakes in any of the doublings that are left, or not
before the full run is over, all equally likely. Once awake, its badness falls at a usual pace, and from no worse than
what a constant answer scores, where that is known: the shares of the answers are the first thing that a model learns.
The arms of one use case learn from the same examples, so they tend to wake together.

How much there is to learn from these examples is told by an arm that was run whole on them, as word counts are: what
slept while that one learned goes a part of its way, any part being equally likely, and seldom farther.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from dono.curves.points import Floats
from dono.decisions.evidence import ArmEvidence
from dono.decisions.head_start import Along
from dono.decisions.metrics import Metric
from dono.decisions.verdict import PilotPoint

ASLEEP = 0.8
"""An arm whose largest pilot still has this share of what one has who learned nothing has not begun to (assumed).

Held against the full runs after 294 pilots on nine tasks of labels (mean CRPS, as a sleeper and by its own curve): 285
have more of it, 0.084 and 0.150; nine have less, 0.123 and 0.090. The standard error has no say: 34 of the 285 lie two
of them or more above the constant answer and still end as sleepers do (0.075 and 0.112), none of the nine lies nearer,
and in bits most of it is common to all arms.
"""
PACE, PACE_SPREAD = 0.25, 0.4
"""How far badness falls per doubling once an arm is awake, and its spread, in natural logs (learned from the full runs
of 135 sleeping pilots in six tasks of the truth runs, by the continuous ranked probability score; with one task left
out the centre is 0.2 to 0.3, and 80 % intervals hold 93 % of the ends)."""
PACE_WITHIN = 0.5
"""The same where what others learned says how far there is to fall (learned from 195 sleeping pilots in seven tasks the
same way: with one task left out 0.35 to 0.7, and 80 % intervals hold 94 % of the ends)."""
TOGETHER = 0.5
"""The part of the variance that the arms of one use case have in common (assumed)."""
FARTHER = 0.2
"""The chance that the arms of a use case which slept are not bound by what one run whole on the same examples learned
(assumed: of nine tasks of the truth runs none went farther, the demo's habits did, which makes one in six by the rule
of succession; larger bases have more to wake up to)."""
LEAST_WAY = 1e-9
"""No way is shorter: what is not bound has no end times it."""


@dataclass(frozen=True)
class Dormant:
    """Badness `top` up to the scale `last`, and for `sleeps` [samples] doublings more; then it falls from `start` by
    `pace` [samples] per doubling, in natural logs, but no farther than `part` [samples] of the way, in logs, from
    `start` to what `taught` has learned from so many examples; a `part` of infinity is not bound.
    """

    last: float
    top: float
    start: float
    sleeps: Floats
    pace: Floats
    part: Floats | None = None
    taught: Along | None = None

    def paths(self, scales: Sequence[float]) -> Floats:
        """Badness along every drawn curve [samples, scales]."""
        awake = np.maximum(np.log2(np.asarray(scales) / self.last)[None] - self.sleeps[:, None], 0.0)
        fallen = self.pace[:, None] * awake
        if self.taught is not None and self.part is not None:
            way = np.maximum(np.log(self.start / self.taught(scales)), LEAST_WAY)
            fallen = np.minimum(fallen, self.part[:, None] * way)
        return np.where(awake > 0, self.start * np.exp(-fallen), self.top)


def dormant(
    evidence: ArmEvidence, metric: Metric, together: np.random.Generator, own: np.random.Generator, samples: int,
    taught: Along | None = None,
) -> Dormant | None:  # fmt: skip
    """The view of an arm that sleeps; None for one that has begun to learn, or that was run whole.

    `together` draws what all arms of the use case share, and is to be in the same state for each of them. `taught` are
    the drawn curves of the best arm that was run whole on the same examples, None where there is none.
    """
    if metric.unlearned is None or not asleep(evidence.points, metric):
        return None
    last, top = _largest(evidence.points, metric)
    left = math.log2(1 / last) + 1
    shared = math.sqrt(TOGETHER) * together.standard_normal((2, samples))
    waking, pace = shared + math.sqrt(1 - TOGETHER) * own.standard_normal((2, samples))
    start = min(top, metric.unlearned)
    found = Dormant(last, top, start, left * ndtr(waking), PACE * np.exp(PACE_SPREAD * pace))
    if taught is None:
        return found
    common, alone = together.standard_normal(samples), own.standard_normal(samples)
    part = ndtr(math.sqrt(TOGETHER) * common + math.sqrt(1 - TOGETHER) * alone)
    bound = together.random(samples) >= FARTHER
    pace = np.where(bound, PACE_WITHIN / PACE, 1.0) * found.pace
    return replace(found, pace=pace, part=np.where(bound, part, np.inf), taught=taught)


def asleep(points: Sequence[PilotPoint], metric: Metric) -> bool:
    """Whether the largest of an arm's pilots has not begun to learn. Never where what that would be is not known."""
    last, top = _largest(points, metric)
    return metric.unlearned is not None and last < 1.0 and top >= ASLEEP * metric.unlearned


def _largest(points: Sequence[PilotPoint], metric: Metric) -> tuple[float, float]:
    """The largest scale, and the mean badness there."""
    last = max(p.scale for p in points)
    return last, float(np.mean([metric.to_badness(p.value) for p in points if p.scale == last]))
