"""A learned law: how steeply a curve will fall on average, from how steeply it has fallen over its last doublings.

For every number of doublings R ahead there is a ridge regression of the mean future slope per doubling on the slopes
seen (`features`). It has learned from other people's fine-tuning runs (`learned_table`), and learns on from the other
arms of the same task where they were measured far enough (pooled). What it has learned of a set is a sum of products,
so a set is left out by not adding it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dono.curves.laws.law import Floats
from dono.curves.points import Rungs

SEEN = 3
"""Doublings that must have been measured: three slopes."""
FARTHEST = 8
"""Doublings ahead that were learned: the public curves end there."""
FEATURES = 7
RIDGE = 1e-4
"""Pull of the slope ahead towards the mean of the last three (chosen on finetune-flan for finetune-wmt19 and the
other way round: 1e-4 and 1e-3 do equally well)."""
POOLED = 10
"""Other arms of the same task from which on the law has learned the task itself (the public sets have 29)."""
TAPER = 0.6
"""With fewer arms the law is fully trusted up to this share of the steepest slope it knows, and not at all there."""
STRETCH = 1.25
"""With so many arms, slopes up to so many times the steepest are answered (assumed, as the two above)."""
SAME = 1e-9


@dataclass(frozen=True)
class SlopeFit:
    """A fitted curve: `drop` [FARTHEST + 1] is how far log y falls in 0, 1, 2 … doublings.

    `share` is how far it is trusted, 0 to 1: slopes as steep as the steepest known ones are at the edge of what was
    learned. It is used like a fitted law with one cell.
    """

    last_x: float
    log_last: float
    drop: Floats
    share: float
    name: str = "learned slopes"

    @property
    def weight(self) -> Floats:
        """Of its one cell."""
        return np.ones(1)

    @property
    def params(self) -> dict[str, float]:
        """The mean slope over the first and over all doublings ahead."""
        return {"next": float(self.drop[1]), "mean": float(self.drop[-1] / FARTHEST)}

    def cells_at(self, x: Floats) -> Floats:
        """Log y: [1, n]. Before the last rung it is flat; beyond the farthest doubling it goes on as it came there."""
        ahead = np.maximum(np.log2(x / self.last_x), 0.0)
        within = np.interp(ahead, np.arange(FARTHEST + 1), self.drop)
        beyond = np.maximum(ahead - FARTHEST, 0.0) * (self.drop[-1] - self.drop[-2])
        return (self.log_last - within - beyond)[None]

    def log_mean(self, x: float) -> float:
        """Log y at x."""
        return float(self.cells_at(np.array([x]))[0, 0])


@dataclass(frozen=True, eq=False)
class Sums:
    """What regressions have learned, by doublings ahead (1 to `FARTHEST`).

    `square`: [FARTHEST, FEATURES, FEATURES], the features' products; `cross`: [FARTHEST, FEATURES], their products
    with what the future slope was beyond the mean of the last three. `steepest`: the largest such mean that was seen.
    """

    square: Floats
    cross: Floats
    steepest: float

    def coefficients(self, ahead: int) -> Floats:
        """Of the features, for what the mean slope over so many doublings is beyond that of the last three."""
        square = self.square[ahead - 1] + RIDGE * np.eye(FEATURES)
        return np.asarray(np.linalg.solve(square, self.cross[ahead - 1]))

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.square + other.square, self.cross + other.cross, max(self.steepest, other.steepest))


NOTHING = Sums(np.zeros((FARTHEST, FEATURES, FEATURES)), np.zeros((FARTHEST, FEATURES)), 0.0)


def fit_slopes(rungs: Rungs, peers: Sequence[Rungs], learned: Sums) -> SlopeFit | None:
    """The learned law for one arm; None where its rungs or its slope lie outside of what was learned.

    `peers` are the other arms of the same task, as far as they may be seen; the arm's own past counts too.
    """
    grid = on_doublings(rungs)
    if len(grid) <= SEEN:
        return None
    known = learned
    for arm in (rungs, *peers):
        known = known + sums(arm)
    seen = features(grid, float(rungs.log_y[0]), math.log2(rungs.x[-1] / rungs.x[0]))[0]
    pooled = len(peers) >= POOLED
    share = _trust(float(seen[0]), known.steepest if pooled else learned.steepest, pooled=pooled)
    if not share:
        return None
    drop = np.zeros(FARTHEST + 1)
    for ahead in range(1, FARTHEST + 1):
        drop[ahead] = max(drop[ahead - 1], ahead * float(seen[0] + seen @ known.coefficients(ahead)))
    return SlopeFit(float(rungs.x[-1]), float(rungs.log_y[-1]), drop, share)


def _trust(slope: float, steepest: float, *, pooled: bool) -> float:
    """How far the law may be trusted with a slope, 0 to 1."""
    if pooled or not steepest:
        return float(0.0 <= slope <= STRETCH * steepest)
    return min(1.0, max(0.0, (1.0 - slope / steepest) / (1.0 - TAPER))) if slope >= 0.0 else 0.0


def on_doublings(rungs: Rungs) -> Floats:
    """Log y at the last rung and so many whole doublings before it, the last first: straight lines between rungs."""
    back = np.log2(rungs.x[-1] / rungs.x)
    whole = np.arange(math.floor(back[0] + SAME) + 1)
    return np.interp(whole, back[::-1], rungs.log_y[::-1])


def features(grid: Floats, log_first: float, doublings: float) -> Floats:
    """What is seen at each doubling that has three before it: [len(grid) - SEEN, FEATURES].

    `grid` is of `on_doublings`, `log_first` the value so many `doublings` before its first entry. Features: mean of the
    last three slopes s, last slope − s, how much slopes rose d1 − d3, s², s · (d1 − d3), mean slope since the first
    rung, 1.
    """
    slopes = np.diff(grid)
    count = len(grid) - SEEN
    d1, d2, d3 = slopes[:count], slopes[1 : count + 1], slopes[2 : count + 2]
    mean = (d1 + d2 + d3) / 3
    whole = (log_first - grid[:count]) / (doublings - np.arange(count))
    return np.stack([mean, d1 - mean, d1 - d3, mean**2, mean * (d1 - d3), whole, np.ones(count)], axis=1)


@lru_cache(maxsize=4096)
def sums(rungs: Rungs) -> Sums:
    """What one curve teaches: every truncation of it, with what came 1 to `FARTHEST` doublings later."""
    return _sums(on_doublings(rungs), float(rungs.log_y[0]), math.log2(rungs.x[-1] / rungs.x[0]))


def _sums(grid: Floats, log_first: float, doublings: float) -> Sums:
    if len(grid) <= SEEN + 1:
        return NOTHING
    rows = features(grid, log_first, doublings)
    square, cross = np.zeros_like(NOTHING.square), np.zeros_like(NOTHING.cross)
    for ahead in range(1, min(FARTHEST, len(rows) - 1) + 1):
        past = rows[ahead:]
        beyond = (grid[ahead : len(rows)] - grid[: len(rows) - ahead]) / ahead - past[:, 0]
        square[ahead - 1], cross[ahead - 1] = past.T @ past, past.T @ beyond
    return Sums(square, cross, float(rows[1:, 0].max()))


@lru_cache(maxsize=64)
def pooled_errors(arms: tuple[Rungs, ...], learned: Sums) -> tuple[tuple[float, float], ...]:
    """(doublings, error): within what 80 % of the arms' ends were foretold so many doublings before, in log y.

    The forecast tested is the mean of the learned law and the line through the last three doublings, with the other
    arms as they were then. Empty where no arm was measured far enough.
    """
    known = [(on_doublings(a), float(a.log_y[0]), math.log2(a.x[-1] / a.x[0])) for a in arms]
    found = []
    for ahead in range(1, FARTHEST + 1):
        past = [(grid[ahead:], first, far - ahead) for grid, first, far in known if len(grid) > ahead + SEEN]
        if len(past) < POOLED:
            break
        coefficients = sum((_sums(*one) for one in past), learned).coefficients(ahead)
        ends = np.array([grid[0] for grid, _, _ in known if len(grid) > ahead + SEEN])
        last = np.array([grid[:3] for grid, _, _ in past])
        seen = np.array([features(*one)[0] for one in past])
        by_law = last[:, 0] - ahead * np.maximum(seen[:, 0] + seen @ coefficients, 0.0)
        by_line = last.mean(axis=1) - (ahead + 1) * (last[:, 2] - last[:, 0]) / 2
        found.append((float(ahead), float(np.quantile(np.abs((by_law + by_line) / 2 - ends), 0.8))))
    return tuple(found)
