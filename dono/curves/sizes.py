"""Loss over parameters and tokens: L = E + A / N^α + B / D^β, fitted to many runs, averaged over how much is tied.

The form of Hoffmann et al. 2022 (arXiv 2203.15556, eq. 2). Besiroglu et al. 2024 (arXiv 2404.10102) found α 0.348 and
β 0.366; both are priors here, since what is free is dragged along by the smallest runs. With tied exponents (α = β) it
is the law of over-training of Gadre et al. 2024 (arXiv 2403.08540, eq. 4), E + (a M^η + b M^-η) C^-η with M = D / N
and C = 6 N D. Every cell of a grid of exponents is solved for E, A and B (`parts`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dono.curves.expected import Expected, expected
from dono.curves.laws.law import Cells, Floats, grid, log_normal
from dono.curves.learned import Learned, learned
from dono.curves.parts import solve_parts
from dono.errors import Mistake

EXPONENTS = np.linspace(0.1, 0.9, 33)
PARAMS_EXPONENT, TOKENS_EXPONENT = 0.348, 0.366
"""Besiroglu et al. 2024, table 1."""
SPREAD = 0.2
"""Of an exponent around its prior, in natural logs (assumed: published fits lie between 0.25 and 0.5)."""
MISFIT = 0.004
"""Relative misfit of any law at the runs nearest to the target (assumed)."""
DRIFT = 0.003
"""What is added to it per doubling of distance, in parameters and in tokens (assumed)."""
LEAST_SPREAD = 0.003
"""Relative standard deviation per doubling of compute below which no forecast goes (assumed)."""


@dataclass(frozen=True)
class SizePoint:
    """The end of one run: parameters, tokens, loss; all above 0."""

    params: float
    tokens: float
    loss: float


@dataclass(frozen=True)
class SizeLaw:
    """A way to tie the exponents `alpha` (of parameters) and `beta` (of tokens); `least`: runs that it needs."""

    name: str
    cells: Cells
    least: int


@dataclass(frozen=True)
class SizeFit:
    """A fitted law. `weight`: [cells], sums to 1; `parts`: [cells, 3], E, A and B at the largest params and tokens;
    `log_evidence` compares fits to the same runs.
    """

    law: SizeLaw
    weight: Floats
    parts: Floats
    largest: tuple[float, float]
    log_evidence: float

    def cells_at(self, params: float, tokens: float) -> Floats:
        """Log loss of every cell: [cells]."""
        alpha, beta = self.law.cells.params["alpha"], self.law.cells.params["beta"]
        n, d = math.log(params / self.largest[0]), math.log(tokens / self.largest[1])
        loss = self.parts[:, 0] + self.parts[:, 1] * np.exp(-alpha * n) + self.parts[:, 2] * np.exp(-beta * d)
        return np.asarray(np.log(np.maximum(loss, 1e-3 * self.parts.sum(axis=1).clip(1e-12))))

    def log_mean(self, params: float, tokens: float) -> float:
        """Posterior mean of log loss."""
        return float(self.weight @ self.cells_at(params, tokens))

    @property
    def params(self) -> dict[str, float]:
        """Posterior means of the exponents and the floor."""
        cells = self.law.cells.params
        return {
            "alpha": float(self.weight @ cells["alpha"]),
            "beta": float(self.weight @ cells["beta"]),
            "floor": float(self.weight @ self.parts[:, 0]),
        }


def _tied() -> Cells:
    one = grid(alpha=log_normal(EXPONENTS, math.sqrt(PARAMS_EXPONENT * TOKENS_EXPONENT), SPREAD))
    return Cells({"alpha": one.params["alpha"], "beta": one.params["alpha"]}, one.log_prior)


SIZE_LAWS: dict[str, SizeLaw] = {
    law.name: law
    for law in (
        SizeLaw("tied exponents", _tied(), 3),
        SizeLaw(
            "chinchilla",
            grid(
                alpha=log_normal(EXPONENTS, PARAMS_EXPONENT, SPREAD),
                beta=log_normal(EXPONENTS, TOKENS_EXPONENT, SPREAD),
            ),
            4,
        ),
    )
}


def fit_sizes(law: SizeLaw, points: Sequence[SizePoint], params: float, tokens: float) -> SizeFit:
    """Posterior of the law's cells; runs far from the target (params, tokens) count for less.

    Raises `Mistake` for fewer runs than it needs, or for numbers that are not above 0.
    """
    rows = _rows(points, law)
    n, d, y = rows.T
    largest = (float(n.max()), float(d.max()))
    alpha, beta = law.cells.params["alpha"][:, None], law.cells.params["beta"][:, None]
    columns = [np.ones((len(alpha), len(n))), (n / largest[0]) ** -alpha, (d / largest[1]) ** -beta]
    away = np.abs(np.log2(params / n)) + np.abs(np.log2(tokens / d))
    variance = MISFIT**2 + (DRIFT * (away - away.min())) ** 2
    found = solve_parts(np.stack(columns, axis=2), y, variance, law.cells.log_prior)
    return SizeFit(law, found.weight, found.sizes, largest, found.log_evidence)


def forecast_sizes(
    points: Sequence[SizePoint], params: float, tokens: float, *, known: Learned | None = None
) -> Expected:
    """Loss of a model of so many parameters after so many tokens, averaged over `SIZE_LAWS` that have enough runs.

    With fewer runs than any law needs, or runs of one size alone, tokens of one length alone, the exponents are their
    priors. Raises `Mistake` where there is no run, or a number is not above 0.
    """
    if not (0 < params < math.inf and 0 < tokens < math.inf):
        raise Mistake(f"{params} parameters, {tokens} tokens", where="forecast", remedy="Both must be above 0")
    laws = [law for law in SIZE_LAWS.values() if len(points) >= law.least]
    biggest = max(points, key=lambda p: p.params * p.tokens, default=None)
    if biggest is None:
        raise Mistake("no runs", where="forecast", remedy="Give the end of at least one run")
    doublings = max(1.0, math.log2(params * tokens / (biggest.params * biggest.tokens)))
    if not laws:
        return expected(math.log(biggest.loss) - UNKNOWN * doublings, UNKNOWN * doublings, ())
    fits = [fit_sizes(law, points, params, tokens) for law in laws]
    means = np.array([f.log_mean(params, tokens) for f in fits])
    within = [float(f.weight @ (f.cells_at(params, tokens) - m) ** 2) for f, m in zip(fits, means, strict=True)]
    sd = math.sqrt(float(np.mean(within)) + float(np.var(means)) + (LEAST_SPREAD * doublings) ** 2)
    factor = (known or learned()).factors["sizes"][0][1]
    return expected(float(means.mean()), factor * sd, tuple(f.law.name for f in fits))


UNKNOWN = 0.03
"""What loss falls per doubling of compute, and how unsure that is, with too few runs for any law (assumed)."""


def _rows(points: Sequence[SizePoint], law: SizeLaw) -> Floats:
    """[runs, 3] in an order of their own, whatever order they came in."""
    if len(points) < law.least:
        what = f"{len(points)} runs measured, the law needs {law.least}"
        raise Mistake(what, where=law.name, remedy="Run a pilot of another size")
    rows = np.array(sorted((p.params, p.tokens, p.loss) for p in points))
    if not (np.isfinite(rows).all() and (rows > 0).all()):
        raise Mistake("a run's parameters, tokens or loss is not above 0", where=law.name, remedy="Drop that run")
    return rows


def chinchilla(params: float, tokens: float) -> float:
    """Loss in nats by the constants of Besiroglu et al. 2024: 1.8172 + 482.01 / N^0.3478 + 2085.43 / D^0.3658."""
    return float(1.8172 + 482.01 / params**0.3478 + 2085.43 / tokens**0.3658)
