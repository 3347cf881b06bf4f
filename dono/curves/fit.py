"""One law fitted to rungs: the posterior over its grid, robust to an outlier, with the distance from the last rung."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dono.curves.laws import Law
from dono.curves.laws.law import Floats
from dono.curves.points import Rungs
from dono.errors import Mistake

MISFIT = 0.004
"""Relative misfit of any law at the last rung itself (assumed)."""
HUBER = 1.5
"""Residuals beyond this many standard deviations count linearly (Huber 1964)."""
STEPS = 3


@dataclass(frozen=True)
class Fit:
    """A fitted law. `weight`: posterior of each cell, sums to 1; `offset`, `offset_sd`: log y of each cell at the last
    rung, and its error; all [cells].
    """

    law: Law
    last_x: float
    weight: Floats
    offset: Floats
    offset_sd: Floats

    @property
    def name(self) -> str:
        """The law's."""
        return self.law.name

    def cells_at(self, x: Floats) -> Floats:
        """Log y of every cell: [cells, n]."""
        u = np.log(x) - math.log(self.last_x)
        return self.offset[:, None] + self.law.shape(self.law.cells.params, u)

    def log_mean(self, x: float) -> float:
        """Posterior mean of log y at x."""
        return float(self.weight @ self.cells_at(np.array([x]))[:, 0])

    @property
    def params(self) -> dict[str, float]:
        """Posterior means of the parameters."""
        return {name: float(self.weight @ values) for name, values in self.law.cells.params.items()}


def fit_law(law: Law, rungs: Rungs, *, rising: bool = False) -> Fit:
    """Posterior of the law's cells given the rungs: Huber loss on log residuals, offset solved within each cell.

    Unless the data rise, shapes that rise are left out. Raises `Mistake` when there are fewer rungs than it needs.
    """
    return _fitted(law, rungs, rising)


@lru_cache(maxsize=2048)
def _fitted(law: Law, rungs: Rungs, rising: bool) -> Fit:
    """Kept for a while: back-tests of a law and of the average of laws ask for the same fits."""
    if len(rungs) < law.least:
        what = f"{len(rungs)} sizes measured, the law needs {law.least}"
        raise Mistake(what, where=law.name, remedy="Run a pilot at another size")
    last = float(rungs.x[-1])
    seen = rungs if law.window is None else _last(rungs, law.window)
    u, log_y = np.log(seen.x) - math.log(last), seen.log_y
    variance = seen.sd**2 + MISFIT**2 + (law.drift * u / math.log(2)) ** 2
    shape = law.shape(law.cells.params, u)
    residual = log_y - shape
    precision = np.broadcast_to(1 / variance, residual.shape)
    offset = np.sum(precision * residual, axis=1) / np.sum(precision, axis=1)
    robust = precision
    for _ in range(STEPS):
        far = np.abs(residual - offset[:, None]) * np.sqrt(precision)
        robust = precision * np.minimum(1.0, HUBER / np.maximum(far, 1e-12))
        offset = np.sum(robust * residual, axis=1) / np.sum(robust, axis=1)
    far = np.abs(residual - offset[:, None]) * np.sqrt(precision)
    loss = np.where(far <= HUBER, 0.5 * far**2, HUBER * (far - 0.5 * HUBER)).sum(axis=1)
    log_weight = law.cells.log_prior - loss
    if not rising:
        log_weight = np.where(_falls(law), log_weight, -np.inf)
    weight = np.exp(log_weight - log_weight.max())
    return Fit(law, last, weight / weight.sum(), offset, np.sum(robust, axis=1) ** -0.5)


def _falls(law: Law) -> NDArray[np.bool_]:
    ends = law.shape(law.cells.params, np.array([0.0, 1.0]))
    return ends[:, 1] <= ends[:, 0] + 1e-12


def _last(rungs: Rungs, count: int) -> Rungs:
    """The last `count` rungs; of closely spaced ones all within as many halvings (count - 1) of the last."""
    near = int(np.sum(rungs.x >= rungs.x[-1] / 2 ** (count - 1) * (1 - 1e-9)))
    count = max(count, near)
    return Rungs(rungs.x[-count:], rungs.log_y[-count:], rungs.sd[-count:], rungs.noise)
