"""Is the confidence worth something? Decisions made only where it is high, held against how they came out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from dono.costs.ranges import HALF

Floats = NDArray[np.float64]

DRAWS = 1000
AT_ONCE = 1000
"""Threes whose draws are compared together: 24 MB."""
LEAST_SD = 1e-9
SHARES = (1.0, 0.8, 0.5)
THRESHOLDS = (0.0, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Candidate:
    """One of several that a decision is between, lower is better: forecast, 80 % interval, and how it came out."""

    mean: float
    lo80: float
    hi80: float
    truth: float


@dataclass(frozen=True)
class Decided:
    """Decisions: `p` [n] is the probability given to the one taken, `right` [n] whether it was the best, `regret` [n]
    how much worse than the best it was, relative to that.
    """

    p: Floats
    right: Floats
    regret: Floats

    def __len__(self) -> int:
        return len(self.p)

    def surest(self, share: float) -> Decided:
        """The share of them that were given the highest probability, at least one."""
        order = np.argsort(-self.p, kind="stable")[: max(1, round(share * len(self)))]
        return Decided(self.p[order], self.right[order], self.regret[order])

    def at_least(self, p: float) -> Decided:
        """Those that were given at least this probability."""
        sure = self.p >= p
        return Decided(self.p[sure], self.right[sure], self.regret[sure])

    def accuracy_at_share(self) -> dict[str, float]:
        """Share of right ones among the surest, by the share decided."""
        return {f"{share}": round(float(self.surest(share).right.mean()), 4) for share in SHARES}


def pairs(groups: Iterable[Sequence[Candidate]]) -> Decided:
    """Which of two is better, for every pair of a group: forecasts are taken as log-normal and independent."""
    rows = [row for group in groups for row in _pairs(group)]
    return Decided(*np.array(rows, dtype=np.float64).reshape(len(rows), 3).T)


def best_of_three(groups: Iterable[Sequence[Candidate]]) -> Decided:
    """Which of three is the best, for every three of a group: the one with the lowest forecast is taken.

    Its probability is counted in draws, the same for all threes of a group.
    """
    found = [np.empty((0, 3)), *(_threes(group) for group in groups if len(group) >= 3)]
    return Decided(*np.concatenate(found).T)


def _pairs(group: Sequence[Candidate]) -> Iterator[tuple[float, float, float]]:
    for a, b in combinations(group, 2):
        if a.truth != b.truth:
            taken, other = (a, b) if a.mean <= b.mean else (b, a)
            sd = max(float(np.hypot(_sd(a), _sd(b))), LEAST_SD)
            p = float(ndtr(np.log(other.mean / taken.mean) / sd))
            low = min(a.truth, b.truth)
            yield p, float(taken.truth == low), (taken.truth - low) / abs(low)


def _threes(group: Sequence[Candidate]) -> Floats:
    """(p, right, regret) [threes, 3]."""
    random = np.random.default_rng(0)
    even = ndtri((np.arange(DRAWS) + 0.5) / DRAWS)
    drawn = np.array([np.log(c.mean) + _sd(c) * random.permutation(even) for c in group])
    mean, truth = np.array([c.mean for c in group]), np.array([c.truth for c in group])
    threes = np.array(list(combinations(range(len(group)), 3)))
    taken = np.argmin(mean[threes], axis=1)
    p = np.concatenate(
        [
            (np.argmin(drawn[some], axis=1) == k[:, None]).mean(axis=1)
            for some, k in ((threes[i : i + AT_ONCE], taken[i : i + AT_ONCE]) for i in range(0, len(threes), AT_ONCE))
        ]
    )
    low = truth[threes].min(axis=1)
    came = truth[threes[np.arange(len(threes)), taken]]
    return np.column_stack([p, came == low, (came - low) / np.abs(low)])


def _sd(one: Candidate) -> float:
    """Of log y, from the interval's width."""
    return float(np.log(max(one.hi80, one.mean) / max(min(one.lo80, one.mean), 1e-12))) / (2 * HALF)
