"""An answer in three numbers, for laws that are no curve along one x: the expected badness and its 80 % interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dono.costs.ranges import HALF


@dataclass(frozen=True)
class Expected:
    """Badness at the target, its 80 % interval, and the laws that were asked."""

    mean: float
    lo80: float
    hi80: float
    laws: tuple[str, ...]


def expected(log_mean: float, sd: float, laws: tuple[str, ...]) -> Expected:
    """Around a mean of log y, normal with this relative standard deviation."""
    lo, mean, hi = (math.exp(log_mean + z * sd) for z in (-HALF, 0.0, HALF))
    return Expected(mean, lo, hi, laws)
