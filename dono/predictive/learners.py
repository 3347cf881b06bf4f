"""What learns a table's matrix: one plain table of learners, each made from the same settings."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

from dono.errors import Mistake
from dono.predictive.columns import Matrix
from dono.project import TableLearner


@dataclass(frozen=True)
class Settings:
    """One learner: boosted trees of some kind (all fields but `strength`), or a regression of inverse strength."""

    kind: TableLearner = "trees"
    rate: float = 0.06
    trees: int = 150
    leaves: int = 12
    rows_of_leaf: int = 20
    penalty: float = 1.0
    features: float = 1.0
    strength: float = 1.0


class Learner(Protocol):
    """A classifier as scikit-learn has them, of a matrix in which NaN is missing."""

    classes_: Any

    def fit(self, values: Matrix, truth: list[str]) -> object:
        """Learn from rows [rows, features] and their classes."""

    def predict_proba(self, values: Matrix) -> Any:  # noqa: ANN401 - scikit-learn's own type
        """Probabilities [rows, classes], in the order of `classes_`."""


def _trees(settings: Settings, categorical: Sequence[bool], rows: int, seed: int) -> Learner:
    return HistGradientBoostingClassifier(
        learning_rate=settings.rate, max_iter=settings.trees, max_leaf_nodes=settings.leaves,
        min_samples_leaf=_rows_of_leaf(settings, rows), l2_regularization=settings.penalty,
        max_features=settings.features, categorical_features=list(categorical), early_stopping=False, random_state=seed,
    )  # fmt: skip


def _linear(settings: Settings, categorical: Sequence[bool], rows: int, seed: int) -> Learner:
    words = [i for i, flag in enumerate(categorical) if flag]
    numbers = [i for i, flag in enumerate(categorical) if not flag]
    scale = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        QuantileTransformer(n_quantiles=min(200, rows), output_distribution="normal", random_state=seed),
    )
    columns = ColumnTransformer([("numbers", scale, numbers), ("words", OneHotEncoder(handle_unknown="ignore"), words)])
    return make_pipeline(columns, LogisticRegression(C=settings.strength, max_iter=1000))


def _lightgbm(settings: Settings, categorical: Sequence[bool], rows: int, seed: int) -> Learner:
    """Raises `Mistake` where LightGBM is not installed."""
    if importlib.util.find_spec("lightgbm") is None:
        remedy = "pip install 'dono[lightgbm]', or leave lightgbm out"
        raise Mistake("LightGBM is not installed", where="table.learners", remedy=remedy)
    from dono.predictive.lightgbm_learner import Lightgbm  # noqa: PLC0415 - an extra

    return Lightgbm(
        np.flatnonzero(categorical).tolist(), seed, learning_rate=settings.rate, n_estimators=settings.trees,
        num_leaves=settings.leaves, min_child_samples=_rows_of_leaf(settings, rows), reg_lambda=settings.penalty,
        feature_fraction_bynode=settings.features,
    )  # fmt: skip


def _rows_of_leaf(settings: Settings, rows: int) -> int:
    return max(2, min(settings.rows_of_leaf, rows // 20))


LEARNERS: dict[TableLearner, Callable[[Settings, Sequence[bool], int, int], Learner]] = {
    "trees": _trees,
    "linear": _linear,
    "lightgbm": _lightgbm,
}
"""Given settings, which features are places in a list of categories, the number of rows and a seed: unfitted."""
