"""LightGBM as a table learner (Ke et al. 2017)."""

from __future__ import annotations

from typing import Any

import numpy as np
from lightgbm import LGBMClassifier

from dono.predictive.columns import Matrix
from dono.predictive.learners import Settings


class Lightgbm:
    """LightGBM's classifier, told which features are places in a list; the same on every machine by the same seed."""

    def __init__(self, settings: Settings, places: list[int], rows_of_leaf: int, seed: int) -> None:
        self.places = places
        self.classes_: Any = np.zeros(0)
        self._model = LGBMClassifier(
            learning_rate=settings.rate, n_estimators=settings.trees, num_leaves=settings.leaves,
            min_child_samples=rows_of_leaf, reg_lambda=settings.penalty, feature_fraction_bynode=settings.features,
            deterministic=True, force_row_wise=True, n_jobs=1, verbose=-1, random_state=seed,
        )  # fmt: skip

    def fit(self, values: Matrix, truth: list[str]) -> Lightgbm:
        """Learn from rows [rows, features] and their classes."""
        self._model.fit(values, truth, categorical_feature=self.places)
        self.classes_ = self._model.classes_
        return self

    def predict_proba(self, values: Matrix) -> Matrix:
        """Probabilities [rows, classes], in the order of `classes_`."""
        return np.asarray(self._model.predict_proba(values, validate_features=False), dtype=np.float64)
