"""What is measured of synthetic tables: how columns hang together, and how near rows come to real ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from sklearn.neighbors import NearestNeighbors

from dono.predictive.synthesis.layout import Layout, Levels, numbers_of
from dono.predictive.tables import Columns

Floats = npt.NDArray[np.float64]


class Records:
    """Rows as points: distance 1 for each category that differs, a number's by its rank among the real ones.

    Gower's (1971) distance times the number of columns, ranks instead of ranges so that no extreme shrinks the rest.
    A blank is a point of its own, half a column away from every number.
    """

    def __init__(self, layout: Layout, real: Columns) -> None:
        self.layout = layout
        self.sorted = {
            column.name: np.sort(numbers_of(column, real[column.name]))
            for column in layout.columns
            if not isinstance(column, Levels)
        }

    def points(self, rows: Columns) -> Floats:
        """[rows, width]; their Manhattan distances are those of the records."""
        parts = []
        for column in self.layout.columns:
            if isinstance(column, Levels):
                parts.append(0.5 * column.encode(rows[column.name]))
                continue
            values = numbers_of(column, rows[column.name])
            known = self.sorted[column.name]
            known = known[~np.isnan(known)]
            rank = (np.searchsorted(known, values) + np.searchsorted(known, values, side="right")) / (2 * len(known))
            missing = np.isnan(values)
            parts.append(np.stack([np.where(missing, 0.5, rank), 0.5 * missing], axis=1))
        return np.concatenate(parts, axis=1)


def closest(points: Floats, others: Floats) -> Floats:
    """The distance [points] of each point to the closest of `others`."""
    near = NearestNeighbors(n_neighbors=1, metric="manhattan", algorithm="brute").fit(others.astype(np.float32))
    return np.asarray(near.kneighbors(points.astype(np.float32))[0][:, 0], dtype=np.float64)


def associations(layout: Layout, rows: Columns) -> Floats:
    """How each pair of columns hangs together, 0 to 1 [columns, columns].

    Two numbers: Spearman's rank correlation, unsigned. Two categories: Cramér's V. One of each: the correlation ratio
    of the number's ranks. A blank number has the mean rank.
    """
    columns = layout.columns
    codes: dict[str, npt.NDArray[np.int64]] = {}
    ranks: dict[str, Floats] = {}
    for column in columns:
        if isinstance(column, Levels):
            codes[column.name] = column.places(rows[column.name])
        else:
            values = numbers_of(column, rows[column.name])
            known = ~np.isnan(values)
            rank = np.full(len(values), (known.sum() + 1) / 2)
            rank[known] = rankdata(values[known])
            ranks[column.name] = rank
    found = np.eye(len(columns))
    for i, one in enumerate(columns):
        for j, other in enumerate(columns[:i]):
            if one.name in codes and other.name in codes:
                strength = _cramer(codes[one.name], codes[other.name])
            elif one.name in ranks and other.name in ranks:
                strength = _spearman(ranks[one.name], ranks[other.name])
            else:
                named, counted = (one, other) if one.name in codes else (other, one)
                strength = _ratio(codes[named.name], ranks[counted.name])
            found[i, j] = found[j, i] = strength
    return found


def association_distance(layout: Layout, real: Columns, made: Columns) -> float:
    """The mean difference of the associations over all pairs of columns: 0 where they hang together alike."""
    pairs = np.tril_indices(len(layout.columns), -1)
    if not len(pairs[0]):
        return 0.0
    return float(np.abs(associations(layout, real)[pairs] - associations(layout, made)[pairs]).mean())


def _cramer(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> float:
    counts = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(counts, (one, other), 1)
    counts = counts[counts.any(1)][:, counts.any(0)]
    smaller = min(counts.shape) - 1
    if not smaller:
        return 0.0
    expected = counts.sum(1, keepdims=True) * counts.sum(0) / counts.sum()
    return float(np.sqrt(((counts - expected) ** 2 / expected).sum() / counts.sum() / smaller))


def _spearman(one: Floats, other: Floats) -> float:
    if not one.std() or not other.std():
        return 0.0
    return float(abs(np.corrcoef(one, other)[0, 1]))


def _ratio(codes: npt.NDArray[np.int64], ranks: Floats) -> float:
    total = float(((ranks - ranks.mean()) ** 2).sum())
    counts = np.bincount(codes)
    sums = np.bincount(codes, weights=ranks)
    used = counts > 0
    between = float((counts[used] * (sums[used] / counts[used] - ranks.mean()) ** 2).sum())
    return float(np.sqrt(between / total)) if total else 0.0


def copies(points: Floats, others: Floats) -> npt.NDArray[np.bool_]:
    """Whether each point is the very same as one of `others`."""
    known = {row.tobytes() for row in np.ascontiguousarray(others)}
    return np.asarray([row.tobytes() in known for row in np.ascontiguousarray(points)])
