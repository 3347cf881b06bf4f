"""LightGBM as a table learner (Ke et al. 2017)."""

from __future__ import annotations

from typing import Any

import numpy as np
from lightgbm import LGBMClassifier

from dono.predictive.columns import Matrix


class Lightgbm:
    """LightGBM's classifier, told which features are places in a list; the same on every machine by the same seed."""

    def __init__(self, places: list[int], seed: int, **settings: float) -> None:
        self.places = places
        self.classes_: Any = np.zeros(0)
        self._model = LGBMClassifier(
            **settings, deterministic=True, force_row_wise=True, n_jobs=1, verbose=-1, random_state=seed
        )

    def fit(self, values: Matrix, truth: list[str]) -> Lightgbm:
        """Learn from rows [rows, features] and their classes."""
        self._model.fit(values, truth, categorical_feature=self.places)
        self.classes_ = self._model.classes_
        return self

    def predict_proba(self, values: Matrix) -> Matrix:
        """Probabilities [rows, classes], in the order of `classes_`."""
        return np.asarray(self._model.predict_proba(values, validate_features=False), dtype=np.float64)
