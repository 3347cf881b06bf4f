"""The target of made rows, drawn from what a model of it says of their other columns.

By the chain rule P(others, target) = P(others) · P(target | others): the GAN makes the others, the target is told from
them last, as in sequential synthesis (Reiter 2005, "Using CART to generate partially synthetic public use microdata").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dono.predictive.table import TableModel
from dono.predictive.tables import Cell, Columns, as_label


def draw_target(made: Columns, learned: Columns, target: str, *, seed: int) -> dict[str, Sequence[Cell]]:
    """Made rows with their `target` drawn anew; `learned` are the real rows that a model of it is fitted on.

    A class is drawn by its probability, not the likeliest one taken: the rows that could be either stay so.
    """
    labels = [as_label(cell) for cell in learned[target]]
    if len(set(labels)) < 2:
        return dict(made)
    written = dict(zip(labels, learned[target], strict=True))
    model = TableModel().fit(_others(learned, target), labels, seed)
    chances = model.predict_proba(_others(made, target))
    above = np.random.default_rng(seed).random((len(chances), 1)) * chances.sum(1, keepdims=True)
    drawn = (chances.cumsum(1) > above).argmax(1)
    return {**made, target: [written[model.classes[place]] for place in drawn]}


def _others(rows: Columns, target: str) -> Columns:
    return {name: cells for name, cells in rows.items() if name != target}
