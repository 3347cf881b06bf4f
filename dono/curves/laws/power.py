"""Pure power law: y = A · x^-alpha (Hestness et al. 2017, arXiv 1712.00409)."""

from __future__ import annotations

import numpy as np

from dono.curves.laws.law import Floats, Law, grid, log_normal


def shape(params: dict[str, Floats], u: Floats) -> Floats:
    """log y up to an offset: [cells, n]."""
    return -params["alpha"][:, None] * u


LAW = Law(
    name="power",
    prior=0.1,
    least=2,
    cells=grid(alpha=log_normal(np.geomspace(0.002, 1.5, 60), 0.12, 1.0)),
    shape=shape,
)
