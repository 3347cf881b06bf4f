"""Krippendorff's alpha: agreement beyond chance, any number of raters, missing ratings, nominal, ordinal or interval.

Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011). α = 1 − D_o ÷ D_e, from the matrix of coincidences:
within a unit of m ≥ 2 ratings each ordered pair counts 1 ÷ (m − 1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dono.ratings.tasks import Level

RESAMPLES = 500
Value = TypeVar("Value", bound=Hashable)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Alpha:
    """`value` is None where alpha is undefined; `why` then says so. The interval (95 %) is from resampled units."""

    value: float | None
    why: str
    units: int
    ratings: int
    lo: float | None = None
    hi: float | None = None


def alpha(units: Iterable[Iterable[Value]], level: Level, *, seed: int = 0) -> Alpha:
    """Alpha of units, each the ratings that it got (missing ones left out). Ordinal values are ranked by sorting;
    interval values are numbers.
    """
    pairable = [values for values in map(list, units) if len(values) > 1]
    ratings = sum(map(len, pairable))
    if not pairable:
        return Alpha(None, "undefined: no item has two ratings yet", 0, 0)
    seen = sorted({v for values in pairable for v in values}, key=lambda v: (str(type(v)), v))
    if len(seen) == 1:
        why = f"undefined: all {ratings} ratings are the same, so chance agreement cannot be told from real"
        return Alpha(None, why, len(pairable), ratings)
    of_unit = np.stack([_coincidences(values, {v: i for i, v in enumerate(seen)}) for values in pairable])
    numbers = np.array([float(v) for v in seen]) if level == "interval" else None  # type: ignore[arg-type]
    value = _alpha(of_unit.sum(0), level, numbers)
    random = np.random.default_rng(seed)
    again = []
    for _ in range(RESAMPLES if len(pairable) > 1 else 0):
        weights = random.multinomial(len(pairable), np.full(len(pairable), 1 / len(pairable)))
        drawn = np.tensordot(weights, of_unit, axes=1)
        if np.count_nonzero(drawn.sum(0)) > 1:
            again.append(_alpha(drawn, level, numbers))
    lo, hi = (float(q) for q in np.quantile(again, [0.025, 0.975])) if again else (None, None)
    return Alpha(value, "", len(pairable), ratings, lo, hi)


def _coincidences(values: list[Value], at: dict[Value, int]) -> Floats:
    counts = np.zeros(len(at))
    for value, number in Counter(values).items():
        counts[at[value]] = number
    return np.asarray((np.outer(counts, counts) - np.diag(counts)) / (len(values) - 1))


def _alpha(coincidences: Floats, level: Level, numbers: Floats | None) -> float:
    n = coincidences.sum(0)
    expected = (np.outer(n, n) - np.diag(n)) / (n.sum() - 1)
    distance = _distances(level, n, numbers)
    return float(1 - (coincidences * distance).sum() / (expected * distance).sum())


def _distances(level: Level, n: Floats, numbers: Floats | None) -> Floats:
    """Squared differences δ² between values, by level."""
    if level == "nominal":
        return 1 - np.eye(len(n))
    if level == "interval":
        assert numbers is not None
        return np.asarray((numbers[:, None] - numbers[None, :]) ** 2)
    upto = np.cumsum(n)
    between = np.abs(upto[:, None] - upto[None, :])  # ratings above the lower value, up to the higher one
    lower = np.where(np.arange(len(n))[:, None] < np.arange(len(n))[None, :], n[:, None], n[None, :])
    higher = np.where(np.arange(len(n))[:, None] < np.arange(len(n))[None, :], n[None, :], n[:, None])
    return np.asarray(np.where(np.eye(len(n)) > 0, 0.0, between + lower - (lower + higher) / 2) ** 2)
