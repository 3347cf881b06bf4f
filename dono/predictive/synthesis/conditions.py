"""The conditional vector: which categories a row is asked to have, and the real rows that have them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dono.predictive.synthesis.layout import Floats, Layout, Levels

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """What some rows are asked to have: one-hot `vectors` [rows, width], and a real row's number [rows] that has it."""

    vectors: Floats
    rows: Ints


class Conditions:
    """Draws which category is asked for, one of any column; and always the target's, where one is named.

    The second is what a model will be trained to tell: the critic then compares rows of one class. Both are those of
    one real row, so that what is asked for together does occur together.
    `places` [width] are the places of the vector in an encoded row; `target` is where the target's categories begin in
    it and how many they are, `classes` [real rows] which of them each row has.
    """

    def __init__(self, layout: Layout, encoded: Floats, target: str | None = None) -> None:
        """`encoded` [rows, layout width]; a `target` that is no column of categories is none."""
        self.total = len(encoded)
        spans = [(c, s) for c, s in zip(layout.columns, layout.starts, strict=True) if isinstance(c, Levels)]
        levels = [encoded[:, start : start + column.width].argmax(1) for column, start in spans]
        none = np.zeros(0, dtype=np.int64)
        self.places = np.concatenate([none, *(np.arange(s, s + c.width) for c, s in spans)])
        self.width = len(self.places)
        self.target: tuple[int, int] | None = None
        self.classes = np.zeros(self.total, dtype=np.int64)
        offset = 0
        for (column, start), of in zip(spans, levels, strict=True):
            if column.name == target:
                self.target, self.classes, self._target_at = (start, column.width), of, offset
            offset += column.width
        many = 1 if self.target is None else self.target[1]
        # A pool is the rows of one category and one class of the target.
        pools = [of * many + self.classes for of in levels]
        counts = [np.bincount(p, minlength=c.width * many) for p, (c, _) in zip(pools, spans, strict=True)]
        self._many, self._counts = many, np.concatenate([none, *counts])
        self._sorted = np.concatenate([none, *(np.argsort(of, kind="stable") for of in pools)])
        self._first = np.cumsum(self._counts) - self._counts
        self._evenly, self._truly = _chances([np.log1p(c) for c in counts]), _chances([c.astype(float) for c in counts])

    def draw(self, count: int, random: np.random.Generator, *, evenly: bool) -> Asked:
        """Ask `count` rows: any column, `evenly` a category and class by the logarithm of their count, else by it."""
        vectors = np.zeros((count, self.width))
        if not self.width:
            return Asked(vectors, random.integers(0, self.total, count))
        pools = np.searchsorted(self._evenly if evenly else self._truly, random.random(count), side="right")
        within = (random.random(count) * self._counts[pools]).astype(np.int64)
        rows = self._sorted[self._first[pools] + within]
        vectors[np.arange(count), pools // self._many] = 1
        if self.target is not None:
            vectors[np.arange(count), self._target_at + self.classes[rows]] = 1
        return Asked(vectors, rows)


def _chances(weights: list[Floats]) -> Floats:
    """Running sums of the chances of all pools, each column's the same in sum; the last is beyond 1."""
    if not weights:
        return np.zeros(0)
    found = np.cumsum(np.concatenate([of / of.sum() / len(weights) for of in weights]))
    found[found >= found[-1]] = 2.0  # so that rounding leaves no number without a category
    return found
