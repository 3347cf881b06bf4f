"""A sum of positive parts whose shapes lie on a grid: solved in closed form in every cell, robustly, in relative error.

The engine of the laws that are no curve along one x: there is no start to choose, and no optimizer that fails.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dono.curves.laws.law import Floats

HUBER = 1.5
"""Residuals beyond this many standard deviations count linearly (Huber 1964)."""
STEPS = 4
RIDGE = 1e-6
NEGATIVE = 1e3
"""Log weight that a cell with a negative part loses: it is believed only where all have one."""


@dataclass(frozen=True)
class Parts:
    """`weight`: [cells], sums to 1; `sizes`: [cells, parts]; `log_evidence` compares whole grids on the same rows."""

    weight: Floats
    sizes: Floats
    log_evidence: float


def solve_parts(columns: Floats, y: Floats, variance: Floats, log_prior: Floats) -> Parts:
    """Fit y = Σ sizes · columns. `columns`: [cells, n, parts], about 1 in size; `y`, `variance` (relative): [n]."""
    design = columns / y[None, :, None]
    precision = np.broadcast_to(1 / variance, design.shape[:2])
    robust = precision
    for _ in range(STEPS):
        square = np.einsum("cni,cn,cnj->cij", design, robust, design) + RIDGE * np.eye(design.shape[2])
        sizes = np.linalg.solve(square, np.einsum("cni,cn->ci", design, robust)[..., None])[..., 0]
        far = np.abs(np.einsum("cni,ci->cn", design, sizes) - 1) * np.sqrt(precision)
        robust = precision * np.minimum(1.0, HUBER / np.maximum(far, 1e-12))
    loss = np.where(far <= HUBER, 0.5 * far**2, HUBER * (far - 0.5 * HUBER)).sum(axis=1)
    log_weight = log_prior - loss - NEGATIVE * (sizes < -1e-9).any(axis=1)
    weight = np.exp(log_weight - log_weight.max())
    return Parts(weight / weight.sum(), sizes, float(log_weight.max() + np.log(weight.sum())))
