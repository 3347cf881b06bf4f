"""Points of a learning curve, checked, pooled over seeds, and thinned where a run reported itself hundreds of times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dono.errors import Mistake

Floats = NDArray[np.float64]

SEED_NOISE = 0.01
"""Relative spread of badness between seeds before any second seed was seen (assumed; Choshen et al. 2024 report up to
3.5 % for pretraining, second seeds of small fine-tunes are often nearer 1 %)."""
SEED_NOISE_WORTH = 2.0
"""How many measured differences between seeds the assumption above is worth."""
MOST_RUNGS = 12
"""A curve of more points is one run's log, and is thinned."""
NEAR, PER_DOUBLING = 3, 4
"""Of a run's log the last so many doublings are kept in so many means each, what came before in one mean each."""
MEDIAN_COSTS = 1.25
"""How much wider a median scatters than a mean (the square root of pi / 2, for the normal distribution)."""
LEAST_SD = 0.003
"""Relative error of a mean of many reports of one run (assumed: they share what the run has read)."""


@dataclass(frozen=True)
class Point:
    """One measured run: x is a size (share of the full run, tokens, examples), y badness > 0 (lower is better).

    `stderr` is y's standard error. x = 0 is what the model does without this training; no law
    goes through it, because answering in the task's format alone moves that point far off the curve.
    """

    x: float
    y: float
    stderr: float = 0.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Rungs:
    """Points pooled by x, in rising order. `x`, `log_y`, `sd` (relative error of each rung): [rungs]; all x > 0.

    `noise` is the relative spread between seeds. Two are equal only where they are one object.
    """

    x: Floats
    log_y: Floats
    sd: Floats
    noise: float

    def __len__(self) -> int:
        return len(self.x)

    def first(self, count: int) -> Rungs:
        """The smallest `count` rungs alone, as if the others had not been run: one object whenever it is asked."""
        return self if count >= len(self) else _first(self, count)


@lru_cache(maxsize=4096)
def _first(rungs: Rungs, count: int) -> Rungs:
    return Rungs(rungs.x[:count], rungs.log_y[:count], rungs.sd[:count], rungs.noise)


def in_order(rungs: Rungs) -> tuple[list[float], list[float]]:
    """A key that sorts curves, whatever order they came in."""
    return rungs.x.tolist(), rungs.log_y.tolist()


def check(points: Sequence[Point]) -> None:
    """Raise `Mistake` for points that no curve can be fitted to."""
    if not points:
        raise Mistake("no points", where="forecast", remedy="Measure at least one pilot")
    for point in points:
        where = f"point at x = {point.x:g}, seed {point.seed}"
        if not all(math.isfinite(v) for v in (point.x, point.y, point.stderr)):
            what = f"x {point.x}, y {point.y}, standard error {point.stderr}: a number is missing or infinite"
            raise Mistake(what, where=where, remedy="Drop the point, or mark the pilot as failed")
        if point.x < 0 or point.y <= 0 or point.stderr < 0:
            what = f"x {point.x}, y {point.y}, standard error {point.stderr}"
            raise Mistake(what, where=where, remedy="x and the standard error must be 0 or more, y above 0")


def pool(points: Sequence[Point]) -> Rungs:
    """Points pooled by x, whatever their order. Raises `Mistake` (see `check`, or when every x is 0)."""
    check(points)
    return _pool(tuple(sorted(points, key=lambda p: (p.x, p.seed, p.y, p.stderr))))


@lru_cache(maxsize=512)
def _pool(ordered: tuple[Point, ...]) -> Rungs:
    """Kept for a while: the arms of a task are pooled again beside each of them."""
    groups: dict[float, list[Point]] = {}
    for point in ordered:
        groups.setdefault(point.x, []).append(point)
    noise = seed_noise(list(groups.values()))
    pooled = {x: _pooled(group, noise) for x, group in groups.items()}
    pooled.pop(0.0, None)
    if not pooled:
        raise Mistake("every point lies at x = 0", where="forecast", remedy="Measure a pilot that trains")
    x = np.array(list(pooled))
    log_y = np.array([y for y, _ in pooled.values()])
    sd = np.array([s for _, s in pooled.values()])
    return _thin(Rungs(x, log_y, sd, noise))


def seed_noise(groups: Sequence[Sequence[Point]]) -> float:
    """Relative spread between runs at one x: an assumption, corrected by second seeds and by how rough the curve is.

    `groups` holds the points of one x each, in rising order of x. What the test's own standard error explains is
    taken off.
    """
    squares, worth = SEED_NOISE_WORTH * SEED_NOISE**2, SEED_NOISE_WORTH
    for group in groups:
        logs = np.log([p.y for p in group])
        explained = float(np.mean([(p.stderr / p.y) ** 2 for p in group]))
        if len(group) > 1:
            squares += (len(group) - 1) * max(0.0, float(np.var(logs, ddof=1)) - explained)
            worth += len(group) - 1
    rough = [g for g in groups if g[0].x > 0]
    for four in zip(rough, rough[1:], rough[2:], rough[3:], strict=False):
        explained = float(np.mean([(p.stderr / p.y) ** 2 for g in four for p in g]))
        squares += max(0.0, _roughness(four) - explained)
        worth += 1
    return math.sqrt(squares / worth)


def _roughness(four: Sequence[Sequence[Point]]) -> float:
    """Variance of four neighbours around the parabola in log x that fits them best (one degree of freedom)."""
    u = np.log([g[0].x for g in four])
    y = np.array([float(np.mean(np.log([p.y for p in g]))) for g in four])
    residual = np.linalg.qr(np.vander(u - u.mean(), 3), mode="complete")[0][:, 3] @ y
    return float(residual**2)


def _pooled(group: Sequence[Point], noise: float) -> tuple[float, float]:
    variance = np.array([(p.stderr / p.y) ** 2 + noise**2 for p in group])
    weight = 1 / variance
    return float(np.sum(weight * np.log([p.y for p in group])) / weight.sum()), float(weight.sum() ** -0.5)


def _thin(rungs: Rungs) -> Rungs:
    """A run that reported itself often, as means of its neighbours: close ones near the end, wide ones before.

    Neighbours in one run's log say nearly the same thing; how they scatter around each other says how sure a mean is.
    """
    if len(rungs) <= MOST_RUNGS:
        return rungs
    back = np.log2(rungs.x[-1] / rungs.x)
    near = NEAR * PER_DOUBLING + np.floor(back - NEAR)
    bins = np.where(back < NEAR, np.floor(back * PER_DOUBLING), near)
    kept = [np.flatnonzero(bins == b) for b in np.unique(bins)[::-1]]
    noise = _scatter(rungs)
    x = np.exp([float(np.mean(np.log(rungs.x[k]))) for k in kept])
    log_y = np.array([float(np.median(rungs.log_y[k]) if len(k) > 4 else np.mean(rungs.log_y[k])) for k in kept])
    sd = np.hypot(noise * MEDIAN_COSTS / np.sqrt([len(k) for k in kept]), LEAST_SD)
    return Rungs(x, log_y, sd, rungs.noise)


def _scatter(rungs: Rungs) -> float:
    """Relative noise of one report: the median distance from the line through its two predecessors, near the end."""
    x, y = np.log(rungs.x), rungs.log_y
    ahead = (x[2:] - x[1:-1]) / (x[1:-1] - x[:-2])
    distance = y[2:] - y[1:-1] - (y[1:-1] - y[:-2]) * ahead
    unit = np.abs(distance) / np.sqrt(1 + (1 + ahead) ** 2 + ahead**2)
    near = rungs.x[2:] > rungs.x[-1] / 2**NEAR
    return 1.4826 * float(np.median(unit[near] if near.sum() >= 3 else unit))
