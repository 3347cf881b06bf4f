"""Whole learning curves, drawn together: per sample one law, one of its cells, and how far off it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from dono.costs.ranges import HALF
from dono.curves.laws.law import Floats
from dono.curves.points import Rungs

Order = NDArray[np.int64]

LEAST_BADNESS = 1e-6
POOLED_SHARE = 0.7
"""Exponent of what all arms of a task say of an interval's width, against its own arm (chosen so that the factors left
to learn are nearly the same on finetune-flan and finetune-wmt19: 0.89 and 0.91; at 0.5 they are 0.79 and 0.85)."""
SAME = 1e-4
LARGEST = 700.0
"""Beyond e^700 lie no floating-point numbers."""


class Fitted(Protocol):
    """What a fitted law must tell: its name, parameters, the weight of each of its cells, and log y of every cell."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def params(self) -> dict[str, float]: ...  # noqa: D102
    @property
    def weight(self) -> Floats: ...  # noqa: D102
    def cells_at(self, x: Floats) -> Floats: ...  # noqa: D102
    def log_mean(self, x: float) -> float: ...  # noqa: D102


@dataclass(frozen=True)
class Spread:
    """How wrong the average of laws may be, as a relative standard deviation, so many doublings away from the data.

    `factors` are (doublings, factor): how much wider the whole spread of draws must be to hold as often as it says
    (learned from other sets; between two entries a straight line). `pooled` are (doublings, error): within what 80 % of
    all arms of the task were foretold; where there are such, most of the width is theirs.
    """

    per_doubling: float
    floor: float
    noise: float
    factors: tuple[tuple[float, float], ...] = ((1.0, 1.0),)
    pooled: tuple[tuple[float, float], ...] = ()

    def at(self, doublings: float) -> float:
        """Standard deviation of log y."""
        return math.hypot(self.floor, self.per_doubling) * doublings

    def factor(self, doublings: float, sd: float) -> float:
        """By how much draws, which have this standard deviation so far, are moved away from their middle."""
        factor = float(np.interp(doublings, *np.array(self.factors).T))
        if not self.pooled or sd <= 0 or doublings <= 0:
            return factor
        ahead, errors = np.array(self.pooled).T
        pooled = doublings * float(np.interp(doublings, ahead, errors / ahead)) / HALF
        return factor * (max(pooled, SAME) / sd) ** POOLED_SHARE


@dataclass(frozen=True)
class Drawn:
    """Whole curves drawn together: per sample one fitted law, one of its cells, and how far off it is.

    `fit`, `cell`, `miss`, `wobble`: [samples]; `miss` is a standard normal that scales with distance from the data,
    `wobble` the noise of one run.
    """

    fits: tuple[Fitted, ...]
    fit: np.ndarray[tuple[int], np.dtype[np.int64]]
    cell: np.ndarray[tuple[int], np.dtype[np.int64]]
    miss: Floats
    wobble: Floats
    first_x: float
    last_x: float
    log_last: float
    spread: Spread
    rising: bool
    ceiling: float | None
    constant: Floats | None = None

    def paths(self, x: Floats) -> Floats:
        """Badness along every drawn curve: [samples, n]."""
        if self.constant is not None:
            return np.repeat(self.constant[:, None], len(x), axis=1)
        centre = np.empty((len(self.fit), len(x)))
        for number, one in enumerate(self.fits):
            mine = self.fit == number
            centre[mine] = one.cells_at(x)[self.cell[mine]]
        centre = self._capped(centre, x)
        away = [_doublings(v, self.first_x, self.last_x) for v in x]
        middle = np.mean(centre, axis=0)
        sd = np.array([self.spread.at(d) for d in away])
        whole = np.hypot(np.std(centre, axis=0), sd)
        factor = np.array([self.spread.factor(d, float(s)) for d, s in zip(away, whole, strict=True)])
        log_y = middle + factor * (centre - middle + self.miss[:, None] * sd)
        log_y += (self.wobble * self.spread.noise)[:, None]
        return self.bounded(np.exp(np.clip(log_y, -LARGEST, LARGEST)))

    def _capped(self, centre: Floats, x: Floats) -> Floats:
        """Beyond the last rung no drawn law lies above it, unless the data rise."""
        if self.rising:
            return centre
        return np.where(x > self.last_x, np.minimum(centre, self.log_last), centre)

    def bounded(self, values: Floats) -> Floats:
        """Values between (nearly) nothing and the worst possible badness."""
        return np.clip(values, LEAST_BADNESS, self.ceiling)

    def centre(self, x: float) -> float:
        """Mean of log y over laws and cells at x, before any miss."""
        weights = np.bincount(self.fit, minlength=len(self.fits)) / len(self.fit)
        at = np.array([x])
        means = [
            float(w * (one.weight @ self._capped(one.cells_at(at), at)[:, 0]))
            for one, w in zip(self.fits, weights, strict=True)
        ]
        return float(np.clip(np.sum(means), -LARGEST, LARGEST))

    def reordered(self, order: Order) -> Drawn:
        """The same curves, the one at `order[i]` [samples] as the i-th."""
        constant = None if self.constant is None else self.constant[order]
        return replace(
            self, fit=self.fit[order], cell=self.cell[order], miss=self.miss[order], wobble=self.wobble[order],
            constant=constant,
        )  # fmt: skip

    def always(self, there: Rungs, random: np.random.Generator) -> Drawn:
        """The last measured value with its own error, whatever x."""
        normal = random.permutation(_quantiles(len(self.fit)))
        values = np.exp(there.log_y[-1] + normal * there.sd[-1])
        return replace(self, constant=self.bounded(values))


def draw(
    rungs: Rungs, fits: Sequence[tuple[Fitted, float]], spread: Spread, *, rising: bool, ceiling: float | None,
    samples: int, random: np.random.Generator,
) -> Drawn:  # fmt: skip
    """Laws and cells by systematic sampling (every weight gets its share), errors as evenly spaced normal quantiles."""
    share = np.concatenate([w * f.weight for f, w in fits])
    owner = np.concatenate([np.full(len(f.weight), i) for i, (f, _) in enumerate(fits)])
    within = np.concatenate([np.arange(len(f.weight)) for f, _ in fits])
    cumulative = np.cumsum(share)
    even = (np.arange(samples) + 0.5) / samples
    picked = np.searchsorted(cumulative / cumulative[-1], even)
    normal = _quantiles(samples)
    return Drawn(
        fits=tuple(f for f, _ in fits), fit=owner[picked], cell=within[picked], miss=random.permutation(normal),
        wobble=random.permutation(normal), first_x=float(rungs.x[0]), last_x=float(rungs.x[-1]),
        log_last=float(rungs.log_y[-1]), spread=spread, rising=rising, ceiling=ceiling,
    )  # fmt: skip


def _quantiles(samples: int) -> Floats:
    return np.asarray(ndtri((np.arange(samples) + 0.5) / samples))


def _doublings(x: float, first: float, last: float) -> float:
    return max(0.0, math.log2(x / last), math.log2(first / x))
