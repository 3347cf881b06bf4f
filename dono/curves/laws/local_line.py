"""Straight line in log-log through the last three rungs: the strongest simple baseline (Lin et al. 2024, section 5)."""

from __future__ import annotations

import numpy as np

from dono.curves.laws.law import Floats, Law, grid


def shape(params: dict[str, Floats], u: Floats) -> Floats:
    """Log y up to an offset: [cells, n]. A negative alpha is a curve that rises."""
    return -params["alpha"][:, None] * u


ALPHAS = np.linspace(-0.6, 1.5, 211)

LAW = Law(
    name="local line",
    prior=0.35,
    least=2,
    cells=grid(alpha=(ALPHAS, -0.5 * ((ALPHAS - 0.12) / 0.3) ** 2)),
    shape=shape,
    window=3,
)
