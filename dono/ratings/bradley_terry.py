"""Strengths of models from pairs: Bradley and Terry (Biometrika 39, 1952), with a prior and clustered intervals.

P(a beats b) = σ(θ_a − θ_b). A tie, and "both are bad", is half a win for each, as in Chatbot Arena. The prior is half a
win each way between models that were compared, so strengths stay finite where one always wins. Models that no chain of
comparisons connects have no common scale: each connected part is fitted, and ranked, alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import t

PSEUDO_WINS = 0.5
ELO = 400 / np.log(10)
"""Strength times this is a difference on the scale of Elo."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """`score` is 1 where the first won, 0 where the second did, 0.5 where neither.

    `item` is what it was about; empty: something of its own.
    """

    first: str
    second: str
    score: float
    rater: str
    item: str = ""


@dataclass(frozen=True)
class Interval:
    """A probability with its 95 % interval; `lo` and `hi` are None where one rater alone has compared."""

    value: float
    lo: float | None
    hi: float | None

    @property
    def half_width(self) -> float:
        """Half of the interval; infinite where there is none."""
        return float("inf") if self.lo is None or self.hi is None else (self.hi - self.lo) / 2


@dataclass(frozen=True)
class Strengths:
    """`theta` (models,), its mean zero within each connected part; `part` numbers the parts; `inverse` (models, models)
    is the inverse information; `variance` that of θ, clustered (None with fewer than two raters).
    """

    models: tuple[str, ...]
    theta: Floats
    part: tuple[int, ...]
    inverse: Floats
    variance: Floats | None
    raters: int

    def connected(self, a: str, b: str) -> bool:
        """Whether the two have a common scale."""
        known = a in self.models and b in self.models
        return known and self.part[self.models.index(a)] == self.part[self.models.index(b)]

    def wins(self, a: str, b: str) -> Interval:
        """P(a beats b). Ratings of one rater, or of one item, are no independent evidence.

        So the variance is clustered both ways (Cameron, Gelbach and Miller 2011), or the model's where that is larger;
        the quantile is Student's with as many degrees as raters less one: few clusters understate the variance.
        """
        assert self.connected(a, b), f"{a} and {b} were never compared, not even through others"
        i, j = self.models.index(a), self.models.index(b)
        d = np.zeros(len(self.models))
        d[i], d[j] = 1.0, -1.0
        difference = float(self.theta[i] - self.theta[j])
        if self.variance is None:
            return Interval(float(expit(difference)), None, None)
        spread = float(np.sqrt(max(d @ self.variance @ d, d @ self.inverse @ d)))
        reach = float(t.ppf(0.975, self.raters - 1)) * spread
        lo, value, hi = (float(expit(difference + e)) for e in (-reach, 0.0, reach))
        return Interval(value, lo, hi)

    def information(self, a: str, b: str) -> float:
        """Nats that one more comparison of a with b is expected to teach about the strengths: ½ ln(1 + p(1 − p)v).

        p is P(a beats b), v the variance of θ_a − θ_b: the growth of the log-determinant of the information, which is
        D-optimal design. Models not yet connected teach as a pair of which nothing but the prior is known.
        """
        if not self.connected(a, b):
            return float(0.5 * np.log1p(0.25 / (2 * PSEUDO_WINS * 0.25)))
        i, j = self.models.index(a), self.models.index(b)
        p = expit(self.theta[i] - self.theta[j])
        v = self.inverse[i, i] + self.inverse[j, j] - 2 * self.inverse[i, j]
        return float(0.5 * np.log1p(p * (1 - p) * v))


def fit(comparisons: Sequence[Comparison]) -> Strengths:
    """Fit by Newton's method; a comparison of a model with itself says nothing and is left out."""
    used = [c for c in comparisons if c.first != c.second]
    models = tuple(sorted({m for c in used for m in (c.first, c.second)}))
    at = {m: i for i, m in enumerate(models)}
    n = len(models)
    wins = np.zeros((n, n))
    for c in used:
        wins[at[c.first], at[c.second]] += c.score
        wins[at[c.second], at[c.first]] += 1 - c.score
    wins += PSEUDO_WINS * ((wins + wins.T) > 0)
    theta, inverse = _newton(wins)
    raters = len({c.rater for c in used})
    variance = _clustered(used, at, theta, inverse) if raters > 1 else None
    return Strengths(models, theta, _parts(wins + wins.T > 0), inverse, variance, raters)


def _newton(wins: Floats) -> tuple[Floats, Floats]:
    games = wins + wins.T
    theta: Floats = np.zeros(len(wins))
    inverse: Floats = np.zeros_like(wins)
    for _ in range(100):
        p = expit(theta[:, None] - theta[None, :])
        weight = games * p * (1 - p)
        inverse = np.linalg.pinv(np.diag(weight.sum(1)) - weight, hermitian=True)
        step = inverse @ (wins - games * p).sum(1)
        theta = np.asarray(
            theta + step / max(1.0, float(np.abs(step).max(initial=0.0)))
        )  # at most 1 a step: no overshooting
        if np.abs(step).max(initial=0.0) < 1e-12:
            break
    return theta, inverse


def _clustered(used: Sequence[Comparison], at: dict[str, int], theta: Floats, inverse: Floats) -> Floats:
    """By rater, and by item, less what both count twice: single ratings."""
    errors = np.zeros((len(used), len(theta)))
    for row, c in enumerate(used):
        i, j = at[c.first], at[c.second]
        errors[row, i] = c.score - float(expit(theta[i] - theta[j]))
        errors[row, j] = -errors[row, i]
    alone = [str(row) for row in range(len(used))]
    by_rater = _meat(errors, [c.rater for c in used])
    by_item = _meat(errors, [c.item or f"alone {row}" for row, c in enumerate(used)])
    return np.asarray(inverse @ (by_rater + by_item - _meat(errors, alone)) @ inverse)


def _meat(errors: Floats, clusters: list[str]) -> Floats:
    """Sum over clusters of the outer product of their summed scores, times G ÷ (G − 1) (Liang and Zeger 1986)."""
    names, at = np.unique(clusters, return_inverse=True)
    summed = np.zeros((len(names), errors.shape[1]))
    np.add.at(summed, at, errors)
    return np.asarray(summed.T @ summed * len(names) / max(1, len(names) - 1))


def _parts(linked: NDArray[np.bool_]) -> tuple[int, ...]:
    part = [-1] * len(linked)
    for start in range(len(linked)):
        if part[start] >= 0:
            continue
        number, waiting = max(part) + 1, [start]
        while waiting:
            one = waiting.pop()
            if part[one] < 0:
                part[one] = number
                waiting += [int(i) for i in np.flatnonzero(linked[one])]
    return tuple(part)
