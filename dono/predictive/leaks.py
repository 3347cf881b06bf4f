"""Columns that tell the target by themselves: mostly something that is only known afterwards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import balanced_accuracy_score
from sklearn.tree import DecisionTreeClassifier

from dono.predictive.columns import Matrix, Reading

LEAK = 0.99
"""A column that alone reaches this balanced accuracy on rows it has not seen is named as a leak (assumed)."""


def leaks(reading: Reading, values: Matrix, labels: Sequence[str], seed: int) -> list[str]:
    """A sentence for each column that alone tells the class: a tree on one half of the rows, judged on the other."""
    truth = np.asarray(labels)
    half = np.random.default_rng(seed).permutation(len(truth))
    learn, judge = half[: len(half) // 2], half[len(half) // 2 :]
    if min(len(set(truth[learn])), len(set(truth[judge]))) < 2 or not set(truth[judge]) <= set(truth[learn]):
        return []
    found: list[str] = []
    start = 0
    for column in reading.columns:
        stop = start + len(column.categorical)
        own = values[:, start:stop]
        start = stop
        tree = DecisionTreeClassifier(min_samples_leaf=max(1, len(learn) // 500), random_state=seed)
        tree.fit(own[learn], truth[learn])
        score = balanced_accuracy_score(truth[judge], tree.predict(own[judge]))
        if score >= LEAK:
            found.append(
                f"{column.name}: alone it tells the target ({score:.1%} of rows unseen); "
                "if it is only known afterwards, take it out of the table"
            )
    return found
