"""Straight line in log-log whose slope is nearly known: how language models from a random start learn from text.

L(D) = (D_c / D)^α with α = 0.095 (Kaplan et al. 2020, arXiv 2001.08361, eq. 1.2). The first pilots of such a model lie
on the plateau where it learns how often each token occurs: only the last doubling is asked for its slope.
"""

from __future__ import annotations

import numpy as np

from dono.curves.laws import local_line
from dono.curves.laws.law import Law, grid, log_normal

USUAL, SPREAD = 0.095, 0.4
"""The exponent (borrowed: Kaplan et al. 2020) and its spread in natural logs (assumed: 80 % between 0.057 and 0.16)."""

LAW = Law(
    name="usual pace",
    prior=0.0,
    scratch_prior=1.5,  # three fifths of all (assumed)
    least=1,
    cells=grid(alpha=log_normal(np.geomspace(0.01, 0.6, 60), USUAL, SPREAD)),
    shape=local_line.shape,
    window=2,
)
