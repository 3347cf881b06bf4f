"""Badness falls by the same amount with every doubling: y = A · (1 - b ln x), as error rates often do over a decade."""

from __future__ import annotations

import numpy as np

from dono.curves.laws.law import Floats, Law, grid, log_normal

LEAST = 0.3
"""No line is followed below this share of the last rung's badness (assumed: a line must not reach zero)."""


def shape(params: dict[str, Floats], u: Floats) -> Floats:
    """log y up to an offset: [cells, n]. `b` is the share of the last rung's badness lost per e-fold."""
    return np.log(np.maximum(1 - params["b"][:, None] * u, LEAST))


LAW = Law(
    name="log-linear", prior=0.04, least=2, cells=grid(b=log_normal(np.geomspace(0.002, 0.5, 60), 0.08, 1.0)),
    shape=shape,
)  # fmt: skip
