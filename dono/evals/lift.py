"""Regional behaviour as lift: how much likelier a category is in a region and period than in the region as a whole.

lift(r, p, c) = P(c | r, p) / P(c | r), from records (the data's own) and from probabilities (a model's).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp, polygamma
from scipy.stats import false_discovery_control, norm, rankdata

SHRINKAGE = 0.5
"""Added to observed and expected counts, so that no lift is 0 or infinite (Norén, Hopstadius and Bate 2013, Statistical
Methods in Medical Research 22(1), equation 2)."""
FEWEST_EXPECTED = 5.0
"""Cells in which fewer records are expected are left out of the comparison (the customary bound for counts)."""
FALSE_SHARE = 0.05
"""Of the lifts called significant, the expected share that is chance (Benjamini and Hochberg 1995; customary)."""
RESAMPLES = 200
"""Bootstrap resamples of customers (assumed: the error of a standard error is then about 5 %)."""
RIDGE = 1e-2
"""Holds the intercept of a category that validation has hardly any record of (assumed; its effect ends at ten)."""


@dataclass(frozen=True, eq=False)
class Records:
    """Who took what, where and when, as places in the names: each array int64 [n]."""

    regions: tuple[str, ...]
    periods: tuple[str, ...]
    categories: tuple[str, ...]
    region: np.ndarray
    period: np.ndarray
    category: np.ndarray
    customer: np.ndarray

    def counts(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Records of each region, period and category [R, P, C], each counted `weights` [n] times."""
        shape = len(self.regions), len(self.periods), len(self.categories)
        flat = np.ravel_multi_index((self.region, self.period, self.category), shape)
        return np.bincount(flat, weights, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)

    @cached_property
    def resampled(self) -> tuple[np.ndarray, ...]:
        """Counts of resamples in which each customer counts 0, 1, 2 … times (Poisson bootstrap, clustered)."""
        random = np.random.default_rng(0)
        _, who = np.unique(self.customer, return_inverse=True)
        return tuple(self.counts(random.poisson(1.0, who.max() + 1)[who]) for _ in range(RESAMPLES))

    @cached_property
    def own(self) -> Own:
        """`own_lifts`, made once."""
        return own_lifts(self)

    @cached_property
    def halves(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Counts of ten random halves of the customers, and of the other halves."""
        random = np.random.default_rng(1)
        _, who = np.unique(self.customer, return_inverse=True)
        drawn = [(random.random(who.max() + 1) < 0.5)[who].astype(np.float64) for _ in range(10)]
        return tuple((self.counts(d), self.counts(1 - d)) for d in drawn)


def expected(counts: np.ndarray) -> np.ndarray:
    """What each cell of [R, P, C] would hold if the period did not matter: n(r, p) · P(c | r)."""
    of_region = counts.sum(1, keepdims=True)
    share = of_region / np.maximum(of_region.sum(2, keepdims=True), 1e-12)
    return np.asarray(counts.sum(2, keepdims=True) * share)


def log_lifts(counts: np.ndarray) -> np.ndarray:
    """Ln of the lifts [R, P, C] of counts, shrunk towards 0 where little is expected."""
    return np.asarray(np.log((counts + SHRINKAGE) / (expected(counts) + SHRINKAGE)))


def model_log_lifts(log_p: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Ln of the lifts [R, P, C] of a model's ln P(c | r, p) [R, P, C]; P(c | r) weighs the periods as `counts` do."""
    periods = counts.sum(2)
    weights = periods / np.maximum(periods.sum(1, keepdims=True), 1e-12)
    with np.errstate(divide="ignore"):
        return np.asarray(log_p - logsumexp(log_p + np.log(weights)[:, :, None], axis=1, keepdims=True))


def calibrated(scores: np.ndarray, validation: np.ndarray) -> np.ndarray:
    """Ln P(c | r, p) [R, P, C] of a model's scores: one intercept per category, the likeliest for `validation` counts.

    `scores` are ln-likelihoods of the category's phrases; phrases of different length or frequency differ by a
    constant, which the intercept takes away. It cannot move a lift but by way of the normalisation.
    """

    def loss(intercepts: np.ndarray) -> tuple[float, np.ndarray]:
        log_p = _normalised(scores + intercepts)
        surplus = validation.sum(2, keepdims=True) * np.exp(log_p) - validation
        return (
            float(-(validation * log_p).sum() + RIDGE * (intercepts**2).sum()),
            surplus.sum((0, 1)) + 2 * RIDGE * intercepts,
        )

    start = -_normalised(scores).reshape(-1, scores.shape[2]).mean(0)
    found = minimize(loss, start - start.mean(), jac=True, method="L-BFGS-B")
    return _normalised(scores + found.x)


def _normalised(scores: np.ndarray) -> np.ndarray:
    return np.asarray(scores - logsumexp(scores, axis=2, keepdims=True))


@dataclass(frozen=True, kw_only=True)
class LiftReport:
    """A model's lifts against those of the records, over the cells in which enough is expected.

    `correlation` is Spearman's, at most `ceiling` for the best model, since the records' own lifts are noisy. `error`
    is the root mean square of the differences of ln lift. `sign_share` is the share of the significant lifts whose
    direction is right (NaN where there are none). `slope` is that of the data's ln lifts on the model's: 1 calibrated,
    below 1 the model exaggerates. Standard errors by resampling customers.
    """

    correlation: float
    correlation_stderr: float
    ceiling: float
    error: float
    error_stderr: float
    sign_share: float
    significant: int
    slope: float
    slope_stderr: float
    cells: int


@dataclass(frozen=True)
class Own:
    """The lifts of records themselves: ln lift, its standard error, which cells are compared, which are significant."""

    log_lift: np.ndarray
    stderr: np.ndarray
    compared: np.ndarray
    significant: np.ndarray


def comparable(counts: np.ndarray) -> np.ndarray:
    """Which cells [R, P, C] hold enough; with one period alone every lift of a region is 1 by definition."""
    several = ((counts.sum(2) > 0).sum(1) > 1)[:, None, None]
    return np.asarray((expected(counts) >= FEWEST_EXPECTED) & several)


def own_lifts(records: Records) -> Own:
    """The data's own lifts [R, P, C].

    Errors by resampling customers, at least those of independent counts: a resample of nothing is nothing, so where
    few or none were seen the bootstrap alone would be too sure. The variance of ln of a Gamma(n + ½) is trigamma(n + ½)
    (the posterior of a count, Norén and others 2013); the region's part, which the cell is in, is taken off.
    """
    counts = records.counts()
    lifts = log_lifts(counts)
    least = polygamma(1, counts + SHRINKAGE) - polygamma(1, counts.sum(1, keepdims=True) + SHRINKAGE)
    drawn = np.std([log_lifts(c) for c in records.resampled], axis=0, ddof=1)
    errors = np.maximum(drawn, np.sqrt(np.maximum(least, 0.0)))
    compared = comparable(counts)
    chance = 2 * norm.sf(np.abs(lifts) / np.maximum(errors, 1e-9))
    significant = np.zeros_like(compared)
    if compared.any():
        significant[compared] = false_discovery_control(chance[compared]) <= FALSE_SHARE
    return Own(lifts, errors, compared, significant)


def compare_lifts(records: Records, log_p: np.ndarray) -> LiftReport:
    """A model's ln P(c | r, p) [R, P, C] held to the records. There must be cells to compare (`own_lifts`)."""
    own, counts = records.own, records.counts()
    model = model_log_lifts(log_p, counts)
    at = own.compared
    assert at.any()
    drawn = [(log_lifts(c)[at], model_log_lifts(log_p, c)[at]) for c in records.resampled]
    right = np.sign(own.log_lift[own.significant]) == np.sign(model[own.significant])
    return LiftReport(
        correlation=spearman(own.log_lift[at], model[at]),
        correlation_stderr=float(np.std([spearman(d, m) for d, m in drawn], ddof=1)),
        ceiling=_ceiling(records, at),
        error=_rms(own.log_lift[at] - model[at]),
        error_stderr=float(np.std([_rms(d - m) for d, m in drawn], ddof=1)),
        sign_share=float(right.mean()) if right.size else float("nan"),
        significant=int(right.size),
        slope=_slope(own.log_lift[at], model[at]),
        slope_stderr=float(np.std([_slope(d, m) for d, m in drawn], ddof=1)),
        cells=int(at.sum()),
    )


def _slope(data: np.ndarray, model: np.ndarray) -> float:
    return float((data * model).sum() / max(float((model**2).sum()), 1e-12))


def _rms(differences: np.ndarray) -> float:
    return float(np.sqrt((differences**2).mean()))


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation; 0 where one of them is the same everywhere."""
    x, y = rankdata(a), rankdata(b)
    x, y = x - x.mean(), y - y.mean()
    norms = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / norms if norms > 0 else 0.0


def _ceiling(records: Records, at: np.ndarray) -> float:
    """The correlation that the true lifts would have with these records': the root of their reliability.

    Two halves of the customers correlate by r; by Spearman and Brown (1910) the whole has reliability 2 r / (1 + r).
    """
    r = float(np.mean([spearman(log_lifts(a)[at], log_lifts(b)[at]) for a, b in records.halves]))
    return float(np.sqrt(max(0.0, 2 * r / (1 + r))))


@dataclass(frozen=True)
class Miss:
    """One cell: the data's lift with its 80 % interval, and the model's."""

    region: str
    period: str
    category: str
    data: float
    lo: float
    hi: float
    model: float


Z80 = float(norm.ppf(0.9))


def cells_of(records: Records, own: Own, log_p: np.ndarray, chosen: Sequence[tuple[int, int, int]]) -> list[Miss]:
    """Some cells (region, period, category) in numbers."""
    model = model_log_lifts(log_p, records.counts())
    return [
        Miss(
            records.regions[r], records.periods[p], records.categories[c],
            float(np.exp(own.log_lift[r, p, c])),
            float(np.exp(own.log_lift[r, p, c] - Z80 * own.stderr[r, p, c])),
            float(np.exp(own.log_lift[r, p, c] + Z80 * own.stderr[r, p, c])),
            float(np.exp(model[r, p, c])),
        )
        for r, p, c in chosen
    ]  # fmt: skip


def strongest(own: Own, most: int) -> list[tuple[int, int, int]]:
    """The significant cells that lie furthest from 1, in standard errors: the same ones for every model."""
    return _ordered(np.abs(own.log_lift) / np.maximum(own.stderr, 1e-9), own.significant, most)


def largest_misses(records: Records, own: Own, log_p: np.ndarray, most: int) -> list[tuple[int, int, int]]:
    """The compared cells where model and data differ most, in the data's standard errors."""
    gap = np.abs(model_log_lifts(log_p, records.counts()) - own.log_lift)
    return _ordered(gap / np.maximum(own.stderr, 1e-9), own.compared, most)


def _ordered(size: np.ndarray, among: np.ndarray, most: int) -> list[tuple[int, int, int]]:
    order = np.argsort(-np.where(among, size, -np.inf), axis=None, kind="stable")[: min(most, int(among.sum()))]
    return [(int(r), int(p), int(c)) for r, p, c in zip(*np.unravel_index(order, size.shape), strict=True)]


def category_bits(records: Records, log_p: np.ndarray) -> np.ndarray:
    """Bits [n] by which each record's category surprises a model: a proper score, 0 for one that always knows."""
    return np.asarray(-log_p[records.region, records.period, records.category] / np.log(2))


def bits_between(records: Records, train: np.ndarray) -> tuple[float, float]:
    """Bits a record: the least that whoever knows no more than region and period can have, and those of one who knows
    neither.

    The least is the records' own entropy of the category given region and period: no distributions per cell give less
    on these records (Gibbs' inequality). The other are the train's shares of all categories.
    """
    counts = records.counts()
    share = counts / np.maximum(counts.sum(2, keepdims=True), 1)
    own = np.log(np.where(counts > 0, share, 1.0))
    everywhere = train.sum((0, 1)) + 1.0
    blind = np.broadcast_to(np.log(everywhere / everywhere.sum()), counts.shape)
    return float(category_bits(records, own).mean()), float(category_bits(records, blind).mean())


def counted(train: np.ndarray, *, prior: float = 5.0) -> np.ndarray:
    """Ln P(c | r, p) [R, P, C] from counts alone, without any model: shares of the cell, drawn to those of the region,
    those to all, as if `prior` records more had been seen (assumed).
    """
    everywhere = train.sum((0, 1)) + 1.0
    of_region = train.sum(1) + prior * everywhere / everywhere.sum()
    share = of_region / of_region.sum(1, keepdims=True)
    cell = train + prior * share[:, None, :]
    return np.asarray(np.log(cell / cell.sum(2, keepdims=True)))
