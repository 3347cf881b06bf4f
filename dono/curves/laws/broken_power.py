"""Smoothly broken power law: flat at first, then steeper and steeper until it falls as x^-steep.

One break and no floor of Caballero et al. 2022 (arXiv 2210.14891, eq. 1). Fine-tuning curves bend this way: they stay
flat until the data outweigh what was learned before (Lin et al. 2024 tie the bend to the final slope; here it is free).
"""

from __future__ import annotations

import numpy as np

from dono.curves.laws.law import Floats, Law, even, grid, log_normal


def shape(params: dict[str, Floats], u: Floats) -> Floats:
    """Log y up to an offset: [cells, n].

    `steep` is the final slope, `part` the share of it that is reached at the last rung, `pace` how fast the rest comes
    (per e-fold of x).
    """
    steep, part, pace = (params[name][:, None] for name in ("steep", "part", "pace"))
    return -steep / pace * np.log1p(part * np.expm1(pace * u))


LAW = Law(
    name="broken power",
    prior=0.35,
    least=1,
    cells=grid(
        # Chosen on finetune-flan and finetune-wmt19 (final slopes 0.05 to 0.25). Centres of 0.12 to 0.2 and 0.35 to 0.7
        # and a first spread of 0.4 to 0.8 move the exam's mean errors by a tenth at most.
        steep=log_normal(np.geomspace(0.01, 1.0, 16), 0.15, 0.5),
        part=even(1 / (1 + np.exp(-np.linspace(-3.5, 3.5, 11)))),
        pace=log_normal(np.geomspace(0.2, 2.0, 6), 0.6, 0.5),
    ),
    shape=shape,
)
