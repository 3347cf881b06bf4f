"""Tokens read again teach less: D' = U + U R* (1 − e^(−R / R*)), with R repeats of U unique tokens.

Muennighoff et al. 2023 (arXiv 2305.16264, eq. 5; R* 15.39 for tokens, 5.31 for parameters beyond what the unique tokens
deserve, eq. 6). The loss is then that of L(N, D') (`sizes`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dono.curves.laws.law import Floats
from dono.curves.sizes import SIZE_LAWS, SizeFit, SizePoint, fit_sizes
from dono.errors import Mistake

TOKEN_WORTH, PARAMS_WORTH = 15.387756, 5.309743
"""R* of repeated tokens and of excess parameters (Muennighoff et al. 2023, the constants of their released code)."""
A, B, FLOOR, EXPONENT = math.exp(6.255414), math.exp(7.3049974), math.exp(0.6254804), 0.3526596
"""Of L(N, D) on C4, same source."""
WORTHS = np.geomspace(1.0, 100.0, 21)
SPREAD = 0.7
"""Of R* around the published one, in natural logs (assumed: it was measured on web text alone)."""


@dataclass(frozen=True)
class RepeatedPoint:
    """The end of one run that read `tokens` in all, `unique` of them for the first time; all above 0."""

    params: float
    tokens: float
    unique: float
    loss: float


@dataclass(frozen=True)
class RepeatFit:
    """Fits of L(N, D') for every R* (`worths`: [n]) and how far each is believed (`weight`: [n], sums to 1)."""

    worths: Floats
    weight: Floats
    fits: tuple[SizeFit, ...]

    @property
    def worth(self) -> float:
        """R*, averaged in log space."""
        return float(np.exp(self.weight @ np.log(self.worths)))

    def log_mean(self, params: float, tokens: float, unique: float) -> float:
        """Mean of log loss."""
        said = [f.log_mean(params, effective(tokens, unique, w)) for f, w in zip(self.fits, self.worths, strict=True)]
        return float(self.weight @ said)


def effective(seen: float, unique: float, worth: float = TOKEN_WORTH) -> float:
    """So many unique tokens would have taught the same. Raises `Mistake` for numbers that are not above 0."""
    if not (0 < unique < math.inf and 0 < seen < math.inf):
        raise Mistake(f"{seen} tokens of {unique} unique ones", where="repeats", remedy="Both must be above 0")
    if seen <= unique:
        return seen
    return unique + unique * worth * -math.expm1(-(seen / unique - 1) / worth)


def published_loss(params: float, tokens: float, unique: float) -> float:
    """Loss in nats on C4 by the constants of Muennighoff et al. 2023 (E, A, B, α = β, and both R*).

    Parameters beyond the compute-optimal number for the unique tokens count for less, like tokens that are repeated.
    """
    optimal = unique * (A / B) ** (1 / EXPONENT)
    worth = effective(params, min(params, optimal), PARAMS_WORTH)
    return FLOOR + A / worth**EXPONENT + B / effective(tokens, unique) ** EXPONENT


def fit_repeats(points: Sequence[RepeatedPoint], params: float, tokens: float, unique: float) -> RepeatFit:
    """Posterior over R*, with the law of tied exponents, for a target of so many params, tokens and unique tokens.

    Raises `Mistake` for fewer runs than that law needs, or where no run repeats anything.
    """
    if not any(p.tokens > p.unique for p in points):
        raise Mistake("no run reads a token twice", where="repeats", remedy="Measure a pilot of several epochs")
    fits = []
    for worth in WORTHS.tolist():
        rows = [SizePoint(p.params, effective(p.tokens, p.unique, worth), p.loss) for p in points]
        fits.append(fit_sizes(SIZE_LAWS["tied exponents"], rows, params, effective(tokens, unique, worth)))
    log_weight = np.array([f.log_evidence for f in fits]) - 0.5 * (np.log(WORTHS / TOKEN_WORTH) / SPREAD) ** 2
    weight = np.exp(log_weight - log_weight.max())
    return RepeatFit(WORTHS, weight / weight.sum(), tuple(fits))
