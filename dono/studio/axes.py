"""Axes of a chart: where a value lies, and ticks that a person can read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

DECADE_STEPS = (1.0, 2.0, 5.0)
LEAST_SHARE = 1e-6
"""A share of the full run below this is drawn at it."""


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high` onto pixels from `start` to `end`; what lies outside is put at the edge."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The pixel of a value, always between the ends of the axis."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, self.low))
        share = min(max((value - low) / (high - low), 0.0), 1.0)
        return round(self.start + share * (self.end - self.start), 2)

    def holds(self, value: float) -> bool:
        """Whether the value lies within the axis."""
        return self.low <= value <= self.high


def log_axis(values: Sequence[float], start: float, end: float) -> Axis:
    """A logarithmic axis of shares that ends at the full run (1) or beyond, and shows at least one decade."""
    inside = [max(v, LEAST_SHARE) for v in values]
    high = max([1.0, *inside])
    low = min([high / 10, *inside])
    return Axis(low / 1.15, high, start, end, log=True)


def log_ticks(axis: Axis, most: int) -> list[float]:
    """Round values (1, 2, 5 or 1, 3 or only 1 in each decade) within a logarithmic axis, at most about `most`."""
    first, last = math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high))
    decades = range(first, last + 1)
    for steps in (DECADE_STEPS, (1.0, 3.0), (1.0,)):
        ticks = [s * 10.0**d for d in decades for s in steps if axis.holds(s * 10.0**d * (1 - 1e-12))]
        if len(ticks) <= most:
            return ticks
    return ticks[:: math.ceil(len(ticks) / most)]


def value_axis(values: Sequence[float], start: float, end: float, least: float) -> Axis:
    """A linear axis around the values with a little air; at least `least` wide, so that equal values are level."""
    low, high = min(values), max(values)
    width = max(high - low, least, 1e-9 * max(abs(low), abs(high)))
    middle = low / 2 + high / 2
    return Axis(middle - 0.56 * width, middle + 0.56 * width, start, end)


def value_ticks(axis: Axis, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten within the axis, at most `most`."""
    rough = (axis.high - axis.low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1.0, 2.0, 5.0, 10.0) if s * power >= rough * (1 - 1e-9))
    first = math.ceil(axis.low / step)
    return [i * step for i in range(first, first + most + 1) if axis.holds(i * step)]


def tick_decimals(ticks: Sequence[float]) -> int:
    """How many decimals tell neighbouring ticks apart."""
    if len(ticks) < 2:
        return 3
    return max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))


def apart(wanted: Sequence[float], room: float, low: float, high: float) -> list[float]:
    """Places near the wanted ones, in the same order, at least `room` from one another where low to high allows it."""
    if not wanted:
        return []
    room = min(room, (high - low) / max(1, len(wanted) - 1))
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed: list[float] = []
    for i in order:
        placed.append(max(wanted[i], low, placed[-1] + room if placed else low))
    ceiling = high
    for k in range(len(placed) - 1, -1, -1):
        placed[k] = min(placed[k], ceiling)
        ceiling = placed[k] - room
    result = [0.0] * len(wanted)
    for k, i in enumerate(order):
        result[i] = round(placed[k], 2)
    return result
