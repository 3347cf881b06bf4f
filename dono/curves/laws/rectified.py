"""Rectified law of fine-tuning: y = E + B / (D_l + x^β) (Lin et al. 2024, arXiv 2402.02314, eq. 4).

D_l is what was learned before ("pre-learned data size"): until the data outweigh it the curve stays flat. Its weight
over the grid is the Bayesian average of the forecast exam.
"""

from __future__ import annotations

import numpy as np

from dono.curves.laws.law import Floats, Law, even, grid, log_normal


def shape(params: dict[str, Floats], u: Floats) -> Floats:
    """Log y up to an offset: [cells, n].

    `known` is D_l as a share of D_l + x^β at the last rung, `floor` the share of y there that never goes away.
    """
    beta, known, floor = (params[name][:, None] for name in ("beta", "known", "floor"))
    return np.log(floor + (1 - floor) / (known + (1 - known) * np.exp(beta * u)))


LAW = Law(
    name="rectified",
    prior=0.0,
    least=3,
    cells=grid(
        beta=log_normal(np.geomspace(0.05, 1.5, 14), 0.4, 0.6),
        known=even(1 / (1 + np.exp(-np.linspace(-3.5, 3.5, 9)))),
        floor=even(np.linspace(0.02, 0.9, 9)),
    ),
    shape=shape,
)
