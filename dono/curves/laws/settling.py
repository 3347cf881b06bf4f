"""Line in log-log through the last rungs whose slope settles towards the usual one: steep starts flatten, flat starts
(a base that already knows the task) fall faster later on. Our own; a shrinkage of the local line."""

from __future__ import annotations

import numpy as np

from dono.curves.laws.law import Floats, Law, grid, log_normal

ALPHAS = np.geomspace(0.002, 1.5, 60)
USUAL = 0.1
"""The slope between far-apart sizes that public fine-tuning and pretraining curves have in common (borrowed: 0.07 to
0.2 on the forecast exam's public sets)."""


def shape(params: dict[str, Floats], u: Floats) -> Floats:
    """log y up to an offset: [cells, n]. `reach`: e-folds of x over which the slope `alpha` turns into `usual`."""
    alpha, usual, reach = (params[n][:, None] for n in ("alpha", "usual", "reach"))
    ahead = np.maximum(u, 0.0)
    settled = -usual * ahead - (alpha - usual) * reach * (1 - np.exp(-ahead / reach))
    return np.where(u <= 0, -alpha * u, settled)


LAW = Law(
    name="settling line",
    prior=0.3,
    least=2,
    cells=grid(
        alpha=log_normal(ALPHAS, 0.12, 1.0),
        usual=log_normal(np.geomspace(0.04, 0.25, 5), USUAL, 0.5),
        reach=log_normal(np.geomspace(0.7, 4.0, 3), 1.7, 0.7),
    ),
    shape=shape,
    window=3,
)
