"""A learned law: how steeply a curve will fall on average, from how steeply it has fallen over its last doublings.

For every number of doublings R ahead there is a ridge regression of the mean future slope per doubling on the slopes
seen (`features`), and, where many arms of the task were measured so far, on how far the arm lies above their mean: what
others have learned already is left to be learned. It has learned from other people's fine-tuning runs
(`learned_table`), and learns on from the other arms of the same task where they were measured far enough (pooled). What
it has learned of a set is a sum of products: a set is left out by not adding it, a feature by leaving its products out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dono.curves.laws.law import Floats
from dono.curves.points import Rungs, in_order

SEEN = 3
"""Doublings that must have been measured: three slopes."""
FARTHEST = 8
"""Doublings ahead that were learned: the public curves end there."""
FEATURES = 8
RIDGE = 1e-4
"""Pull of the slope ahead towards the mean of the last three (chosen on finetune-flan for finetune-wmt19 and the
other way round: 1e-4 and 1e-3 do equally well)."""
POOLED = 10
"""Other arms of the same task from which on the law has learned the task itself, and an arm is held to their mean (the
public sets have 29)."""
TAPER = 0.6
"""With fewer arms the law is fully trusted up to this share of the steepest slope it knows, and not at all there."""
STRETCH = 1.25
"""With so many arms, slopes up to so many times the steepest are answered (assumed, as the two above)."""
FAMILIAR = 0.3
"""An arm that lies farther above or below the others than this, in log y, catches up no faster: it is of another kind
(assumed; 0.2 to 0.5 do nearly as well on the public sets)."""
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

    def coefficients(self, ahead: int, count: int = FEATURES) -> Floats:
        """Of the first `count` features, for what the mean slope over so many doublings is beyond the last three's."""
        square = self.square[ahead - 1, :count, :count] + RIDGE * np.eye(count)
        return np.asarray(np.linalg.solve(square, self.cross[ahead - 1, :count]))

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.square + other.square, self.cross + other.cross, max(self.steepest, other.steepest))


NOTHING = Sums(np.zeros((FARTHEST, FEATURES, FEATURES)), np.zeros((FARTHEST, FEATURES)), 0.0)


@dataclass(frozen=True, eq=False)
class Past:
    """A curve at whole doublings before its last rung, the last first.

    `grid` [n] is log y, `level` [n] how far that lies above the mean of all arms that were measured so far (NaN where
    these are too few), `log_first` the value at the first rung, `doublings` from there to the last.
    """

    grid: Floats
    level: Floats
    log_first: float
    doublings: float

    def before(self, ahead: int) -> Past:
        """As it was so many doublings ago."""
        return Past(self.grid[ahead:], self.level[ahead:], self.log_first, self.doublings - ahead)


def fit_slopes(rungs: Rungs, peers: Sequence[Rungs], learned: Sums) -> SlopeFit | None:
    """The learned law for one arm; None where its rungs or its slope lie outside of what was learned.

    `peers` are the other arms of the same task, as far as they may be seen; the arm's own past counts too.
    """
    arms = tuple(sorted((rungs, *peers), key=in_order))
    past = pasts(arms)[next(i for i, arm in enumerate(arms) if arm is rungs)]
    if len(past.grid) <= SEEN:
        return None
    known = learned + sums(arms)
    count = FEATURES - 1 if math.isnan(past.level[0]) else FEATURES
    seen = features(past)[0, :count]
    pooled = len(peers) >= POOLED
    share = _trust(float(seen[0]), known.steepest if pooled else learned.steepest, pooled=pooled)
    if not share:
        return None
    drop = np.zeros(FARTHEST + 1)
    for ahead in range(1, FARTHEST + 1):
        drop[ahead] = max(drop[ahead - 1], ahead * float(seen[0] + seen @ known.coefficients(ahead, count)))
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


@lru_cache(maxsize=64)
def pasts(arms: tuple[Rungs, ...]) -> tuple[Past, ...]:
    """The arms of one task by doublings, each beside the mean of all."""
    found = []
    for arm in arms:
        grid = on_doublings(arm)
        at = math.log2(arm.x[-1]) - np.arange(len(grid), dtype=np.float64)
        theirs = np.array([_within(at, other) for other in arms])
        many = np.isfinite(theirs).sum(axis=0) > POOLED
        level = np.full(len(grid), np.nan)
        level[many] = grid[many] - np.nanmean(theirs[:, many], axis=0)
        found.append(Past(grid, level, float(arm.log_y[0]), math.log2(arm.x[-1] / arm.x[0])))
    return tuple(found)


def _within(at: Floats, rungs: Rungs) -> Floats:
    """Log y at these log2 x; NaN where nothing was measured on both sides."""
    u = np.log2(rungs.x)
    measured = (at >= u[0] - SAME) & (at <= u[-1] + SAME)
    return np.where(measured, np.interp(at, u, rungs.log_y), np.nan)


def features(past: Past) -> Floats:
    """What is seen at each doubling that has three before it: [len(grid) - SEEN, FEATURES].

    Mean of the last three slopes s, last slope − s, how much slopes rose d1 − d3, s², s · (d1 − d3), mean slope since
    the first rung, 1, level above the mean of the arms (0 where that is not known), bounded to ± `FAMILIAR`.
    """
    slopes = np.diff(past.grid)
    count = len(past.grid) - SEEN
    d1, d2, d3 = slopes[:count], slopes[1 : count + 1], slopes[2 : count + 2]
    mean = (d1 + d2 + d3) / 3
    whole = (past.log_first - past.grid[:count]) / (past.doublings - np.arange(count))
    level = FAMILIAR * np.tanh(np.nan_to_num(past.level[:count]) / FAMILIAR)
    return np.stack([mean, d1 - mean, d1 - d3, mean**2, mean * (d1 - d3), whole, np.ones(count), level], axis=1)


@lru_cache(maxsize=64)
def sums(arms: tuple[Rungs, ...]) -> Sums:
    """What the curves of one task teach: every truncation of them, with what came 1 to `FARTHEST` doublings later."""
    return sum((_sums(past) for past in pasts(arms)), NOTHING)


def _sums(past: Past) -> Sums:
    grid = past.grid
    if len(grid) <= SEEN + 1:
        return NOTHING
    rows = features(past)
    square, cross = np.zeros_like(NOTHING.square), np.zeros_like(NOTHING.cross)
    for ahead in range(1, min(FARTHEST, len(rows) - 1) + 1):
        seen = rows[ahead:]
        beyond = (grid[ahead : len(rows)] - grid[: len(rows) - ahead]) / ahead - seen[:, 0]
        square[ahead - 1], cross[ahead - 1] = seen.T @ seen, seen.T @ beyond
    return Sums(square, cross, float(rows[1:, 0].max()))


@lru_cache(maxsize=64)
def pooled_errors(arms: tuple[Rungs, ...], learned: Sums) -> tuple[tuple[float, float], ...]:
    """(doublings, error): within what 80 % of the arms' ends were foretold so many doublings before, in log y.

    The forecast tested is the mean of the learned law and the line through the last three doublings, with the other
    arms as they were then. Empty where no arm was measured far enough.
    """
    found = []
    for ahead in range(1, FARTHEST + 1):
        tested = [past for past in pasts(arms) if len(past.grid) > ahead + SEEN]
        if len(tested) < POOLED:
            break
        before = [past.before(ahead) for past in tested]
        coefficients = sum((_sums(past) for past in before), learned).coefficients(ahead)
        ends = np.array([past.grid[0] for past in tested])
        last = np.array([past.grid[:3] for past in before])
        seen = np.array([features(past)[0] for past in before])
        by_law = last[:, 0] - ahead * np.maximum(seen[:, 0] + seen @ coefficients, 0.0)
        by_line = last.mean(axis=1) - (ahead + 1) * (last[:, 2] - last[:, 0]) / 2
        found.append((float(ahead), float(np.quantile(np.abs((by_law + by_line) / 2 - ends), 0.8))))
    return tuple(found)
