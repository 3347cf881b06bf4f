"""What a law is: a grid of shapes with prior weights. log y = offset + shape(cell, x); the offset is free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRIFT = 0.012
"""Relative misfit of any law per doubling of distance from the last rung (chosen on public curves; see docs of the
forecast exam): far rungs say less about what comes next."""


@dataclass(frozen=True)
class Cells:
    """All parameter values that a law tries: name -> [cells], and the log of their prior weights: [cells]."""

    params: dict[str, Floats]
    log_prior: Floats


@dataclass(frozen=True, eq=False)
class Law:
    """A family of curves. Two are equal only where they are one object.

    `prior` is its weight before any data among separate runs, `run_prior` in the log of one run (both assumed from
    published comparisons; 0: it is not asked), `scratch_prior` is added to `prior` for language models from a random
    start. `least` are the distinct x that it needs, `window` how many of the last rungs it looks at (None: all),
    `drift` how much less far rungs tell it.
    `shape(params, u)`: u = ln(x / last x): [n]; returns [cells, n], log y up to an offset.
    A grid is searched whole: there is no start to choose and no optimizer to fail.
    """

    name: str
    prior: float
    least: int
    cells: Cells
    shape: Callable[[dict[str, Floats], Floats], Floats]
    window: int | None = None
    drift: float = DRIFT
    run_prior: float = 0.0
    scratch_prior: float = 0.0


def grid(**axes: tuple[Floats, Floats]) -> Cells:
    """The product of axes, each (values, log prior weights)."""
    values = np.meshgrid(*(v for v, _ in axes.values()), indexing="ij")
    priors = np.meshgrid(*(p for _, p in axes.values()), indexing="ij")
    params = {name: v.ravel() for name, v in zip(axes, values, strict=True)}
    return Cells(params, np.sum([p.ravel() for p in priors], axis=0))


def log_normal(values: Floats, centre: float, spread: float) -> tuple[Floats, Floats]:
    """An axis, evenly spaced in log, with a log-normal prior around `centre` (`spread` in natural logs)."""
    return values, -0.5 * (np.log(values / centre) / spread) ** 2


def even(values: Floats) -> tuple[Floats, Floats]:
    """An axis with equal prior weights."""
    return values, np.zeros(len(values))
