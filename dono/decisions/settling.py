"""Catching up is not getting ahead: how fast an arm falls below what any arm has reached on the same text.

Bits per byte have no worst value, and an arm that starts with a poor vocabulary falls steeply while it makes up for it.
Once it is where the others are, it learns from the same text as they do, and their curves fall at the slow pace of
language models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dono.curves import Forecast
from dono.curves.laws.usual_pace import SPREAD, USUAL
from dono.curves.points import Floats
from dono.decisions.evidence import MOST_SCALE, ArmEvidence
from dono.decisions.metrics import Metric

CLOSE = 1.02
"""An arm this near the best pilot of all has caught up: its own curve is believed (assumed)."""
STEPS = 96


@dataclass(frozen=True)
class Settling:
    """From the scale `reached` [samples] on (infinite: never) no drawn curve lies below `level` falling by `slope`."""

    level: float
    reached: Floats
    slope: Floats

    def held(self, drawn: Floats, scales: Sequence[float]) -> Floats:
        """The drawn curves [samples, scales], none of them below what settling allows."""
        beyond = np.log(np.maximum(np.asarray(scales)[None] / self.reached[:, None], 1.0))
        least = self.level * np.exp(-self.slope[:, None] * beyond)
        return np.where(beyond > 0, np.maximum(drawn, least), drawn)


def level_of(evidence: Sequence[ArmEvidence], metric: Metric) -> float | None:
    """The least badness that any pilot has shown; None where it is known what learning nothing gives, and thereby the
    whole way: such curves are not held.
    """
    if metric.unlearned is not None:
        return None
    return min((metric.to_badness(p.value) for e in evidence if e.measured for p in e.points), default=None)


def settling(
    evidence: ArmEvidence, metric: Metric, found: Forecast, level: float | None, random: np.random.Generator
) -> Settling | None:
    """How this arm settles; None where its own pilots are already at the level, or there is none."""
    if level is None or min(metric.to_badness(p.value) for p in evidence.points) <= CLOSE * level:
        return None
    scales = np.geomspace(max(p.scale for p in evidence.points), MOST_SCALE, STEPS)
    below = found.paths(scales.tolist()) <= level
    reached = np.where(below.any(axis=1), scales[below.argmax(axis=1)], np.inf)
    return Settling(level, reached, USUAL * np.exp(SPREAD * random.standard_normal(len(reached))))
