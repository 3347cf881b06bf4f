"""What was learned from other people's curves: coefficients and widths, for all sets and without each of them.

The numbers are in `learned_table`, written by `python -m benchmarks.learn_forecast`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from dono.curves import learned_table as table
from dono.curves.slopes import FARTHEST, FEATURES, NOTHING, Sums

Factors = tuple[tuple[float, float], ...]
"""(doublings, factor) in rising order: how much wider draws must be that far from the data."""


@dataclass(frozen=True)
class Learned:
    """`slopes`: of the learned law; `factors`: widths of pooled pilots, runs, sizes and schedules."""

    slopes: Sums
    factors: Mapping[str, Factors]


@cache
def learned(without: str | None = None) -> Learned:
    """What all sets taught, or all but one: a set is never forecast with numbers that have seen it."""
    slopes = sum((from_numbers(s) for name, s in table.SLOPES.items() if name != without), NOTHING)
    return Learned(slopes, table.FACTORS.get(without or "", table.FACTORS[""]))


def set_of(name: str, arms: Iterable[tuple[str, str]]) -> str | None:
    """Which of the sets learned from this is, by its name or by its (task, arm) pairs; None for a new one."""
    if name in table.SIGNATURES:
        return name
    return {of: known for known, of in table.SIGNATURES.items()}.get(signature(arms))


def signature(arms: Iterable[tuple[str, str]]) -> str:
    """A digest of the (task, arm) pairs of a set, whatever their order."""
    return hashlib.sha256("\n".join("\t".join(pair) for pair in sorted(set(arms))).encode()).hexdigest()[:16]


def from_numbers(numbers: str) -> Sums:
    """The sums that `as_numbers` wrote."""
    values = np.array([float(v) for v in numbers.split()])
    upper = np.triu_indices(FEATURES)
    square = np.zeros((FARTHEST, FEATURES, FEATURES))
    many = len(upper[0])
    for ahead, row in enumerate(values[1:].reshape(FARTHEST, many + FEATURES)):
        square[ahead][upper] = row[:many]
        square[ahead] = square[ahead] + np.triu(square[ahead], 1).T
    return Sums(square, values[1:].reshape(FARTHEST, many + FEATURES)[:, many:], float(values[0]))


def as_numbers(sums: Sums) -> str:
    """The sums as text: the steepest slope, then per doubling ahead the upper triangle of products and the rest."""
    upper = np.triu_indices(FEATURES)
    rows = [np.concatenate([s[upper], c]) for s, c in zip(sums.square, sums.cross, strict=True)]
    return " ".join(f"{v:.7g}" for v in np.concatenate([[sums.steepest], *rows]))
