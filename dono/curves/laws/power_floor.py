"""Power law with a floor: y = E + A · x^-alpha (the data term of Hoffmann et al. 2022, arXiv 2203.15556, eq. 2)."""

from __future__ import annotations

import numpy as np

from dono.curves.laws.law import Floats, Law, even, grid, log_normal


def shape(params: dict[str, Floats], u: Floats) -> Floats:
    """Log y up to an offset: [cells, n]. `floor` is the share of the last rung's badness that never goes away."""
    floor, alpha = params["floor"][:, None], params["alpha"][:, None]
    return np.log(floor + (1 - floor) * np.exp(-alpha * u))


LAW = Law(
    name="power with floor",
    prior=0.3,
    run_prior=0.1,
    least=3,
    cells=grid(alpha=log_normal(np.geomspace(0.03, 1.5, 24), 0.3, 0.6), floor=even(np.linspace(0.02, 0.98, 17))),
    shape=shape,
)
