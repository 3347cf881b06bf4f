"""Independent marginals: each column drawn by itself, so that nothing hangs together; the ones to beat."""

from __future__ import annotations

import numpy as np

from dono.predictive.synthesis.layout import Layout, Levels
from dono.predictive.tables import Cell, Columns


def independent(layout: Layout, rows: Columns, count: int, *, seed: int = 0) -> dict[str, list[Cell]]:
    """`count` rows whose columns are drawn one by one with the shares that they have in `rows`."""
    random = np.random.default_rng(seed)
    encoded = layout.encode(rows, random)
    drawn = np.zeros((count, layout.width))
    for column, start in zip(layout.columns, layout.starts, strict=True):
        part = slice(start, start + column.width)
        drawn[:, part] = encoded[random.integers(0, len(encoded), count), part]
        if not isinstance(column, Levels):  # a value of the same mode, so that none is a person's own
            drawn[:, start] = np.where(drawn[:, start] == 0, 0, np.clip(random.normal(0, 0.25, count), -0.99, 0.99))
    return layout.decode(drawn, list(rows), random)
