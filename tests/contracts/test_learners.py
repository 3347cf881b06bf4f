"""What every learner of tables must do, whatever it is."""

from __future__ import annotations

import importlib.util
import pickle
from typing import get_args

import numpy as np
import pytest

from dono.errors import Mistake
from dono.predictive.learners import LEARNERS, Settings
from dono.predictive.settings import drawn, fitted
from dono.project import USUAL_LEARNERS, TableLearner

FLAGS = [False, False, True]


def noisy(rows: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Two numbers with holes and a category of three places, which tell the class together; one of three is rare."""
    random = np.random.default_rng(seed)
    values = np.column_stack([random.normal(size=(rows, 2)), random.integers(0, 3, rows)])
    odds = 2 * values[:, 0] + np.where(values[:, 2] == 1, 2.0, -1.0)
    labels = np.where(odds > 1.5, "yes", np.where(odds < -3, "gone", "no"))
    values[::9, 1] = np.nan
    values[::11, 2] = np.nan
    return values, labels.tolist()


def test_every_learner_of_the_project_file_has_its_row() -> None:
    assert set(LEARNERS) == set(get_args(TableLearner)) and set(USUAL_LEARNERS) < set(LEARNERS)


@pytest.mark.parametrize("kind", LEARNERS)
def test_it_tells_classes_of_unseen_rows_and_the_same_again(kind: TableLearner) -> None:
    values, labels = noisy(400, 0)
    learner = fitted(Settings(kind=kind, trees=40), values, labels, FLAGS, seed=3)
    unseen, truth = noisy(300, 1)
    chances = np.asarray(learner.predict_proba(unseen))
    classes = [str(name) for name in learner.classes_]
    assert classes == ["gone", "no", "yes"] and chances.shape == (300, 3)
    assert chances.sum(1) == pytest.approx(1.0) and chances.min() >= 0
    assert np.mean([classes[best] == right for best, right in zip(chances.argmax(1), truth, strict=True)]) > 0.75
    again = fitted(Settings(kind=kind, trees=40), values, labels, FLAGS, seed=3)
    assert np.asarray(again.predict_proba(unseen)).tolist() == chances.tolist()
    assert np.asarray(pickle.loads(pickle.dumps(learner)).predict_proba(unseen)).tolist() == chances.tolist()


@pytest.mark.parametrize("kind", LEARNERS)
def test_a_place_that_is_new_is_missing(kind: TableLearner) -> None:
    values, labels = noisy(400, 0)
    learner = fitted(Settings(kind=kind, trees=20), values, labels, FLAGS, seed=0)
    rows = values[:5].copy()
    rows[:, 2] = np.nan
    assert np.isfinite(np.asarray(learner.predict_proba(rows))).all()


def test_each_learner_is_tried_as_it_is_before_any_is_drawn() -> None:
    learners: tuple[TableLearner, ...] = ("linear", "lightgbm", "trees")
    assert [drawn(trial, 0, learners) for trial in range(3)] == [Settings(kind=kind) for kind in learners]
    assert {drawn(trial, 0, learners).kind for trial in range(3, 20)} == {"lightgbm", "trees"}
    alone = [drawn(trial, 0, ("linear",)) for trial in range(1, 20)]
    assert {one.kind for one in alone} == {"linear"} and len({one.strength for one in alone}) == 19


def test_without_lightgbm_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Mistake, match=r"LightGBM is not installed. pip install 'dono\[lightgbm\]'"):
        fitted(Settings(kind="lightgbm"), *noisy(50, 0), FLAGS, seed=0)
