"""Scores of ranked rows: the area under the ROC curve with DeLong's error, average precision, lift, Brier score."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

TENTH = 0.1
"""The share of rows, those scored highest, that the lift is about: what a campaign calls."""


def auc_delong(scores: Floats, positive: Flags) -> tuple[float, float]:
    """Area under the ROC curve and its standard error. `scores` [n], `positive` [n]; both classes must be there.

    DeLong, DeLong and Clarke-Pearson (1988), by ranks as Sun and Xu (2014, "Fast implementation of DeLong's
    algorithm"). With one row of a class its part of the variance is unknown: the upper bound of Birnbaum and Klose
    (1957) stands in.
    """
    above, below = scores[positive], scores[~positive]
    m, n = len(above), len(below)
    assert m and n, "both classes must be there"
    ranks = rankdata(np.concatenate([above, below]))
    of_above = (ranks[:m] - rankdata(above)) / n
    of_below = 1 - (ranks[m:] - rankdata(below)) / m
    area = float(of_above.mean())
    if min(m, n) < 2:
        return area, float(np.sqrt(max(area * (1 - area), 0.25 / max(m, n)) / min(m, n)))
    return area, float(np.sqrt(of_above.var(ddof=1) / m + of_below.var(ddof=1) / n))


def average_precision(scores: Floats, positive: Flags) -> float:
    """Precision averaged over the recall gained at each threshold, as scikit-learn has it."""
    return float(average_precision_score(positive, scores))


def brier(scores: Floats, positive: Flags) -> float:
    """Mean squared distance of the probability from what happened (Brier 1950): 0 is perfect."""
    return float(np.mean((scores - positive) ** 2))


def lift(scores: Floats, positive: Flags) -> float:
    """Positives among the tenth scored highest, against their share in all; ties share what they hold."""
    wanted = TENTH * len(scores)
    values, place, counts = np.unique(-scores, return_inverse=True, return_counts=True)
    hits = np.bincount(place, weights=positive, minlength=len(values))
    before = np.cumsum(counts) - counts
    share = np.clip((wanted - before) / counts, 0, 1)
    return float((hits * share).sum() / wanted / positive.mean())


def most_lift(share: float) -> float:
    """The lift of a perfect order of rows of which this share are positive; that of rows in any order is 1."""
    return min(1 / TENTH, 1 / share)


RANKED: dict[str, Callable[[Floats, Flags], float]] = {
    "average_precision": average_precision,
    "brier": brier,
    "lift": lift,
}
"""Scores of two classes beside the AUC; their standard errors are by bootstrap."""
