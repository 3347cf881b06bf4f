"""Pretraining continued on a mixture: L(D, r) = E + B · r^η / D^β + C / (r + ε)^γ at a fixed size of model.

The law of Que et al. 2024 (D-CPT, arXiv 2406.01375, eq. 6) without its term in parameters; r is the share of the
mixture that is of the domain whose loss is asked for. The same form serves the new domain, with r, and the old one,
with the share that is replayed. A share of nothing is inside: ε keeps it finite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dono.curves.laws.law import Floats, grid, log_normal
from dono.curves.parts import Parts, solve_parts
from dono.errors import Mistake

EPSILON = 0.01
"""Share at which no data of a domain counts like some (assumed: 1 % of replay nearly ends forgetting, Bethune et al.
2025)."""
LEAST = 4
MISFIT = 0.004
"""Relative misfit (assumed)."""
CELLS = grid(
    beta=log_normal(np.linspace(0.1, 0.9, 17), 0.366, 0.3),
    gamma=log_normal(np.geomspace(0.05, 1.2, 10), 0.3, 0.6),
    eta=log_normal(np.geomspace(0.05, 1.2, 8), 0.3, 0.6),
)
"""Exponents: β is that of pretraining; γ and η lie below 1 (assumed)."""


@dataclass(frozen=True)
class MixedPoint:
    """The end of one run: tokens of the continued training, the domain's share of them (0 to 1), its loss."""

    tokens: float
    share: float
    loss: float


@dataclass(frozen=True)
class ReplayFit:
    """The fitted law; `most` are the most tokens that were seen."""

    parts: Parts
    most: float

    def log_mean(self, tokens: float, share: float) -> float:
        """Mean of log loss after so many tokens with so large a share of the domain."""
        loss = np.einsum("cni,ci->cn", _columns(np.array([tokens / self.most]), np.array([share])), self.parts.sizes)
        return float(self.parts.weight @ np.log(np.maximum(loss[:, 0], 1e-12)))

    @property
    def params(self) -> dict[str, float]:
        """Posterior means of the exponents and of the floor."""
        found = {name: float(self.parts.weight @ values) for name, values in CELLS.params.items()}
        return found | {"floor": float(self.parts.weight @ self.parts.sizes[:, 0])}


def fit_replay(points: Sequence[MixedPoint]) -> ReplayFit:
    """Posterior of the law. Raises `Mistake` for fewer than four runs, or numbers that make no sense."""
    if len(points) < LEAST:
        what = f"{len(points)} runs measured, the law needs {LEAST}"
        raise Mistake(what, where="replay", remedy="Run a pilot with another share or length")
    rows = np.array(sorted((p.tokens, p.share, p.loss) for p in points))
    tokens, share, loss = rows.T
    if not (np.isfinite(rows).all() and (tokens > 0).all() and (loss > 0).all() and (abs(share - 0.5) <= 0.5).all()):
        what = "a run's tokens or loss is not above 0, or its share not between 0 and 1"
        raise Mistake(what, where="replay", remedy="Drop that run")
    most = float(tokens.max())
    variance = np.full(len(rows), MISFIT**2)
    return ReplayFit(solve_parts(_columns(tokens / most, share), loss, variance, CELLS.log_prior), most)


def best_share(new: ReplayFit, old: ReplayFit, tokens: float, worst_old: float) -> float | None:
    """The largest share of the new domain whose old-domain loss stays at most `worst_old`; None where none does."""
    shares = np.linspace(0.0, 1.0, 101)
    kept = [s for s in shares.tolist() if old.log_mean(tokens, 1 - s) <= math.log(worst_old)]
    return min(kept, key=lambda s: (new.log_mean(tokens, s), s), default=None)


def _columns(tokens: Floats, share: Floats) -> Floats:
    """[cells, n, 3]; `tokens` are relative to the most that were seen."""
    beta, gamma, eta = (CELLS.params[name][:, None] for name in ("beta", "gamma", "eta"))
    known = np.broadcast_to(np.maximum(share, EPSILON), (len(beta), len(share)))
    return np.stack([np.ones(known.shape), known**eta * tokens**-beta, (share + EPSILON) ** -gamma], axis=2)
