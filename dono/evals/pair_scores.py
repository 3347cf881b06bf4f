"""How well a judge of answers agrees with people: pairs ranked right, calibration, and whether it goes by length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.stats import beta, spearmanr

Floats = npt.NDArray[np.float64]
BINS = 10


@dataclass(frozen=True)
class Share:
    """So many of `n` pairs, with the 95 % interval of Clopper and Pearson (1934)."""

    language: str
    value: float
    lo: float
    hi: float
    n: int


@dataclass(frozen=True)
class Bin:
    """Pairs for which the judge gave about the same probability: its mean, how often the judge was right, how many."""

    said: float
    true: float
    n: int


@dataclass(frozen=True)
class JudgeReport:
    """`calibration_error` is the mean gap of the bins, weighed by their pairs (ECE).

    `length_correlation`: Spearman's, of scores and lengths within a pair (difference against difference);
    `people_length_correlation`: that of people's choices. A judge that goes by length more than they do is suspect.
    """

    accuracy: tuple[Share, ...]
    bins: tuple[Bin, ...]
    calibration_error: float
    length_correlation: float | None
    people_length_correlation: float | None


def judge_report(
    chosen: Sequence[float], rejected: Sequence[float], languages: Sequence[str], longer: Sequence[float]
) -> JudgeReport:
    """Of scores [pairs] of chosen and rejected answers; `longer` [pairs]: by how much the chosen one is longer."""
    margin = np.asarray(chosen, dtype=np.float64) - np.asarray(rejected, dtype=np.float64)
    assert len(margin) == len(languages) == len(longer) > 0
    right, spoken = (margin > 0) + 0.5 * (margin == 0), np.asarray(languages)
    names = sorted(set(languages)) if len(set(languages)) > 1 else []
    shares = [_share("all", right), *(_share(name, right[spoken == name]) for name in names)]
    bins = _bins(margin)
    error = sum(b.n * abs(b.said - b.true) for b in bins) / len(margin)
    by = np.asarray(longer, dtype=np.float64)
    # Every pair counts both ways round, so that which answer is named first changes nothing.
    both = np.concatenate([margin, -margin]), np.concatenate([by, -by]), np.repeat([1.0, -1.0], len(by))
    return JudgeReport(tuple(shares), bins, float(error), _rank(both[0], both[1]), _rank(both[2], both[1]))


def _share(language: str, right: Floats) -> Share:
    k, n = float(right.sum()), len(right)
    lo = float(beta.ppf(0.025, k, n - k + 1)) if k > 0 else 0.0
    hi = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
    return Share(language, k / n, lo, hi, n)


def _bins(margin: Floats) -> tuple[Bin, ...]:
    """By the probability of the answer that the judge prefers, from one half to one; empty bins are left out."""
    said, right = expit(np.abs(margin)), (margin > 0) + 0.5 * (margin == 0)
    place = np.minimum(((said - 0.5) * 2 * BINS).astype(int), BINS - 1)
    found = [(place == b) for b in range(BINS)]
    return tuple(Bin(float(said[m].mean()), float(right[m].mean()), int(m.sum())) for m in found if m.any())


def _rank(one: Floats, other: Floats) -> float | None:
    """Spearman's correlation; None where one of them never changes."""
    if len(set(one.tolist())) < 2 or len(set(other.tolist())) < 2:
        return None
    return float(spearmanr(one, other).statistic)
