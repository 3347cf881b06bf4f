"""Rectified power law: y = E + B / (C + x^beta), flat before the data outweigh what was learned before.

Lin et al. 2024, "Selecting large language model to fine-tune via rectified scaling law", eq. 2.
"""

from __future__ import annotations

import numpy as np

from dono.curves.laws.law import Floats, Law, even, grid, log_normal


def shape(params: dict[str, Floats], u: Floats) -> Floats:
    """log y up to an offset: [cells, n]. `bend` is ln(C^(1/beta) / last x); u = -inf is x = 0."""
    floor, beta, bend = params["floor"][:, None], params["beta"][:, None], params["bend"][:, None]
    level = 1 + np.exp(-beta * bend)
    return np.log(floor + (1 - floor) * level / (1 + np.exp(beta * (u - bend))))


LAW = Law(
    name="rectified",
    prior=0.25,
    least=3,
    cells=grid(
        beta=log_normal(np.geomspace(0.1, 1.5, 10), 0.5, 0.6),
        floor=even(np.linspace(0.0, 0.9, 7)),
        bend=even(np.linspace(-9.0, 1.5, 15)),
    ),
    shape=shape,
    zero=True,
)
