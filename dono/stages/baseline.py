"""What a constant answer scores on a use case of labels: the level of a model that has learned nothing of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from dono.decisions import METRICS
from dono.evals import score_probabilities
from dono.evals.roc import most_lift
from dono.predictive import positive_class
from dono.stages.prepare import Case
from dono.stages.row_answers import ordered_classes

OF_LABELS = ("classify", "predict")
BY_LABELS = ("accuracy", "macro_f1", "average_precision", "brier")
"""Metrics whose level depends on the labels. That of AUC is always 0.5 (`METRICS`), that of a lift 1 (`lifts_between`).
"""


def unlearned_of(case: Case) -> float | None:
    """The use case's own metric, in its unit, for who gives every test item the training labels' shares as
    probabilities, and so the most frequent label as the answer (of equally frequent ones the first by name).

    The majority-class baseline (scikit-learn's `DummyClassifier(strategy="prior")`). None where the metric has no such
    level, where no model is asked about the rows, and where the constant answer is always right: nothing is left to
    learn there, as far as these test items show.
    """
    metric = case.use_case.judged_by
    if case.use_case.kind not in OF_LABELS or metric not in BY_LABELS or not (case.train and case.test):
        return None
    classes, count = ordered_classes(case.labels), Counter(e.answer for e in case.train)
    shares = np.array([count[name] for name in classes]) / len(case.train)
    expected = [e.answer for e in case.test]
    if set(expected) == {classes[int(shares.argmax())]}:
        return None
    scores = score_probabilities(np.tile(shares, (len(expected), 1)), classes, expected, [metric])
    return next((s.value for s in scores if s.language == "all"), None)


def lifts_between(scored: Sequence[Sequence[str]]) -> tuple[float | None, float | None]:
    """The most lift that any order of the rows can have, where that is not the metric's own, and that of rows in any
    order; None for both where the rows have not two classes.

    `scored` are the labels of the rows that some arms are scored on: where others are scored on fewer of them, the
    most that any of these allow. Of half the rows being positive, the tenth scored highest holds twice their share at
    most, and an arm can have learned much without a lift above 2.
    """
    classes = sorted({label for labels in scored for label in labels})
    if len(classes) != 2:
        return None, None
    shares = [Counter(labels)[positive_class(classes)] / len(labels) for labels in scored if labels]
    most = max(most_lift(share) for share in shares if share > 0)
    return (most if most < METRICS["lift"].best else None), 1.0
