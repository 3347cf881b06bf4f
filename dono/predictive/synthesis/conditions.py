"""The conditional vector: which category a row is asked to have, and the real rows that have it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dono.predictive.synthesis.layout import Floats, Layout, Levels

Ints = npt.NDArray[np.int64]


class Conditions:
    """Which categories are asked for: a one-hot vector over the levels of all columns of categories."""

    def __init__(self, layout: Layout, encoded: Floats) -> None:
        self.starts: list[tuple[int, int, int]] = []
        self.places: list[list[Ints]] = []
        self.counts: list[Floats] = []
        self.width = 0
        for column, start in zip(layout.columns, layout.starts, strict=True):
            if isinstance(column, Levels):
                part = encoded[:, start : start + column.width].argmax(1)
                self.starts.append((start, self.width, column.width))
                self.counts.append(np.bincount(part, minlength=column.width).astype(float))
                self.places.append([np.flatnonzero(part == level) for level in range(column.width)])
                self.width += column.width

    def draw(self, count: int, random: np.random.Generator, *, evenly: bool) -> tuple[Floats, Ints, Ints]:
        """One-hot conditions [count, width], and for each its column and level [count]; `evenly` by log counts."""
        vectors = np.zeros((count, self.width))
        if not self.width:
            return vectors, np.zeros(count, dtype=int), np.zeros(count, dtype=int)
        columns = random.integers(0, len(self.starts), count)
        levels = np.zeros(count, dtype=int)
        for column, counts in enumerate(self.counts):
            mine = np.flatnonzero(columns == column)
            shares = np.log1p(counts) if evenly else counts
            levels[mine] = random.choice(len(counts), size=len(mine), p=shares / shares.sum())
            vectors[mine, self.starts[column][1] + levels[mine]] = 1
        return vectors, columns, levels

    def rows(self, columns: Ints, levels: Ints, total: int, random: np.random.Generator) -> Ints:
        """A real row's number for each condition."""
        if not self.width:
            return random.integers(0, total, len(columns))
        chance = random.random(len(columns))
        pools = [self.places[column][level] for column, level in zip(columns, levels, strict=True)]
        return np.asarray([pool[int(share * len(pool))] for pool, share in zip(pools, chance, strict=True)])
