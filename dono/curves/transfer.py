"""What a pretrained start is worth in data: D_T = k · D_F^α · N^β (Hernandez et al. 2021, arXiv 2102.01293, eq. 1).

D_F is the data of the task, D_T what more of it a model from scratch would have needed, both in characters; N counts
parameters. It holds in the low-data regime only: D_F at most a tenth of what a model of N parameters can use. Beyond,
a pretrained start may even hurt ("ossification"): nothing is said there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dono.errors import Mistake

LOW_DATA = 0.1
"""Share of the data that a model from scratch can use up to which the law was measured (Hernandez et al., sec. 2)."""
SPREAD = (2.0, 0.1, 0.1)
"""Of ln k, α and β around the published ones, as standard deviations (assumed)."""
NOISE = 0.2
"""Of one measured ln D_T (assumed: it is read off where two curves cross)."""


@dataclass(frozen=True)
class Transfer:
    """The law with its three numbers."""

    k: float
    alpha: float
    beta: float

    def transferred(self, data: float, params: float, *, usable: float) -> float:
        """D_T in characters for `data` characters of the task.

        `usable`: characters that a model from scratch of this size can use. Raises `Mistake` outside of the low-data
        regime.
        """
        if not all(0 < v < math.inf for v in (data, params, usable)):
            what = f"{data} characters, {params} parameters, {usable} usable"
            raise Mistake(what, where="transfer", remedy="All must be above 0")
        if data > LOW_DATA * usable:
            what = f"{data:.3g} characters are {data / usable:.0%} of what the model can use"
            remedy = f"The law of transfer holds up to {LOW_DATA:.0%}: measure both starts instead"
            raise Mistake(what, where="transfer", remedy=remedy)
        return float(self.k * data**self.alpha * params**self.beta)

    def multiplier(self, data: float, params: float, *, usable: float) -> float:
        """By what the pretrained start multiplies the task's data: (D_F + D_T) / D_F."""
        return 1 + self.transferred(data, params, usable=usable) / data


TEXT_TO_CODE = Transfer(1.9e4, 0.18, 0.38)
"""From English text to Python (Hernandez et al. 2021, figure 1)."""
MIXED_TO_CODE = Transfer(2.1e5, 0.096, 0.38)
"""From text and code to Python (same place)."""


@dataclass(frozen=True)
class Transferred:
    """One measurement: data of the task and what was transferred, in characters, with a model of so many parameters."""

    data: float
    params: float
    transferred: float


def fit_transfer(points: Sequence[Transferred], prior: Transfer = TEXT_TO_CODE) -> Transfer:
    """Least squares in logs around published numbers: the authors' recipe, at 1 % and 10 % of the data.

    Raises `Mistake` for fewer than two points, or for numbers that are not above 0.
    """
    if len(points) < 2:
        what = f"{len(points)} points measured, the law needs 2"
        raise Mistake(what, where="transfer", remedy="Measure at 1 % and at 10 % of the data")
    rows = np.array(sorted((p.data, p.params, p.transferred) for p in points))
    if not (np.isfinite(rows).all() and (rows > 0).all()):
        raise Mistake("a point's data, parameters or transfer is not above 0", where="transfer", remedy="Drop it")
    logs = np.log(rows)
    centre = np.array([math.log(prior.k), prior.alpha, prior.beta])
    design = np.column_stack([np.ones(len(logs)), logs[:, 0], logs[:, 1]])
    square = design.T @ design / NOISE**2 + np.diag(np.array(SPREAD) ** -2.0)
    found = centre + np.linalg.solve(square, design.T @ (logs[:, 2] - design @ centre) / NOISE**2)
    return Transfer(float(np.exp(found[0])), float(found[1]), float(found[2]))
