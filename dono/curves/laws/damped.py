"""Power law with a floor whose exponent is known: what is left to learn falls as x^-alpha with alpha near 0.4.

The data term of Hoffmann et al. 2022 (arXiv 2203.15556, eq. 2) with the exponent tied to what others measured: 0.366
(Besiroglu et al. 2024, arXiv 2404.10102) to about 0.5 (Luo et al. 2025, arXiv 2503.12811, at a constant rate). A floor
and an exponent that are both free are dragged along by the early part of a run.
"""

from __future__ import annotations

import numpy as np

from dono.curves.laws import power_floor
from dono.curves.laws.law import Law, even, grid, log_normal

CENTRE, SPREAD = 0.47, 0.2
"""The exponent and its spread in natural logs: midway between the published 0.37 and 0.6, which foretells the ends
of the constant-rate runs of `schedules-25` and `schedules-100` best. On `prefix-dev` 0.37 to 0.5 differ little."""
DRIFT = 0.024
"""Per doubling: twice that of other laws, since a run reports itself often (chosen on the same constant-rate runs)."""

LAW = Law(
    name="damped",
    prior=0.0,
    run_prior=0.9,
    least=3,
    drift=DRIFT,
    cells=grid(alpha=log_normal(np.geomspace(0.15, 0.9, 19), CENTRE, SPREAD), floor=even(np.linspace(0.02, 0.98, 25))),
    shape=power_floor.shape,
)
