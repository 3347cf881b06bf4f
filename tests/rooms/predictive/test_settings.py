"""The search of settings: bounded, resumable, the same again; and what it makes of probabilities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from dono.predictive import Found, TableModel, folds, search
from dono.predictive.calibration import Calibration, calibrate
from dono.predictive.learners import Settings
from dono.predictive.settings import drawn


def noisy(rows: int = 240) -> tuple[np.ndarray, list[str]]:
    """Three numbers, the last a category of 3 places; the class hangs on the first."""
    random = np.random.default_rng(0)
    values = np.column_stack([random.normal(size=(rows, 2)), random.integers(0, 3, rows)])
    values[::9, 1] = np.nan
    return values, ["yes" if chance else "no" for chance in random.random(rows) < 1 / (1 + np.exp(-2 * values[:, 0]))]


def searched(folder: Path, trials: int = 3) -> Found:
    values, labels = noisy()
    return search(values, labels, [False, False, True], folds(labels, seed=0), trials=trials, folder=folder, seed=0)


def test_a_killed_search_goes_on_and_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    whole = searched(tmp_path)
    kept = {file: file.stat().st_mtime_ns for file in tmp_path.glob("trial-*.npy")}
    assert len(kept) == 3
    (tmp_path / "trial-0002.npy").unlink()
    assert searched(tmp_path) == whole
    again = {file: file.stat().st_mtime_ns for file in tmp_path.glob("trial-*.npy")}
    assert [file.name for file in kept if again[file] != kept[file]] == ["trial-0002.npy"]


def test_the_average_is_no_worse_than_the_best_alone(tmp_path: Path) -> None:
    found = searched(tmp_path)
    _, labels = noisy()
    truth = [label == "yes" for label in labels]
    alone = [log_loss(truth, np.load(file)[:, 1]) for file in sorted(tmp_path.glob("trial-*.npy"))]
    assert found.loss is not None and found.loss <= min(alone) + 1e-9
    assert sum(share for _, share in found.members) == pytest.approx(1) and found.trials == 3


def test_after_the_time_is_up_no_further_trial_begins(tmp_path: Path) -> None:
    values, labels = noisy()
    cut = folds(labels, seed=0)
    found = search(values, labels, [False] * 3, cut, trials=50, folder=tmp_path, seconds=0.0)
    assert found.trials == 1 and found.members[0][0] == Settings()


def test_what_a_trial_tries_hangs_on_its_number_alone() -> None:
    assert drawn(7, 0) == drawn(7, 0) != drawn(8, 0) and drawn(1, 0).kind == "linear"
    for trial in range(2, 60):
        one = drawn(trial, 5)
        assert 0.03 <= one.rate <= 0.12 and 25 <= one.trees <= 400 and 4 <= one.leaves <= 40


def test_a_calibration_of_two_classes_is_platts() -> None:
    random = np.random.default_rng(1)
    odds = random.normal(size=2000)
    truth = (random.random(2000) < 1 / (1 + np.exp(-odds))).astype(int)
    stretched = 1 / (1 + np.exp(-(3 * odds + 1)))
    found = calibrate(np.stack([1 - stretched, stretched], 1), truth)
    platt = LogisticRegression(C=np.inf, tol=1e-10).fit((3 * odds + 1)[:, None], truth)
    ours = found.of(np.stack([1 - stretched, stretched], 1))[:, 1]
    assert ours == pytest.approx(platt.predict_proba((3 * odds + 1)[:, None])[:, 1], abs=1e-3)
    assert found.slope == pytest.approx(1 / 3, abs=0.04)


def test_without_a_calibration_probabilities_stay() -> None:
    chances = np.array([[0.2, 0.8]])
    assert Calibration().of(chances) is chances


def test_rare_classes_are_answered_from_the_threshold_that_held_out_rows_gave() -> None:
    random = np.random.default_rng(0)
    spend = random.normal(size=800)
    labels = ["yes" if p else "no" for p in random.random(800) < 1 / (1 + np.exp(-(2 * spend - 3)))]
    rows = {"spend": spend.tolist()}
    plain = TableModel(Found(members=((Settings(kind="linear"), 1.0),))).fit(rows, labels)
    eager = TableModel(Found(members=((Settings(kind="linear"), 1.0),), threshold=0.2)).fit(rows, labels)
    assert 0 < plain.predict(rows).count("yes") < eager.predict(rows).count("yes")
