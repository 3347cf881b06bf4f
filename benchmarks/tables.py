"""Churn and campaign tables: our searched trees against LightGBM and CatBoost, each tuned for as long as it is given.

All meet the same rows to learn from, the same columns and the same held-out rows (three tenths at random, of each class
its share). The peers draw settings at random from their usual ranges, compare them by the same cross-validation and
fit the best on all rows. `--seconds` is each peer's time for a table: 600 in the full mode. `auc_gap` is the best
peer's AUC minus ours, of the worst table.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from sklearn.metrics import roc_auc_score

from benchmarks.real_tables import chosen_tables, offer_tables
from benchmarks.result import keep_result
from dono.evals.roc import auc_delong
from dono.predictive import Labelled, Reading, TableModel, folds, held_out, positive_class, read_table, search, take
from dono.predictive.columns import Matrix
from dono.predictive.settings import Fold
from dono.predictive.tables import take_target
from dono.project import TableChoices

TEST_SHARE, SEED, THREADS = 0.3, 0, 1
TRIALS = TableChoices().trials


@dataclass(frozen=True)
class Task:
    """A table parted: matrices [rows, features], truth [rows] (1: the positive class), which features are places."""

    train: Labelled
    test: Labelled
    train_values: Matrix
    test_values: Matrix
    train_truth: np.ndarray
    test_truth: np.ndarray
    reading: Reading
    folds: list[Fold]


Rule = Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]
"""Given rows and their truth it fits; given rows the outcome answers with probabilities."""
Draw = Callable[[Task, np.random.Generator], Rule]
"""Draws settings."""


def task_of(path: Path, target: str) -> Task:
    """Read and part a table."""
    labelled = take_target(read_table(path), target)
    split = held_out(labelled.labels, share=TEST_SHARE, seed=SEED)
    train, test = (
        Labelled(take(labelled.columns, rows), [labelled.labels[i] for i in rows], 0)
        for rows in (split.train.tolist(), split.test.tolist())
    )
    reading, values = Reading.of(train.columns, train.labels, seed=SEED)
    positive = positive_class(sorted(set(train.labels)))
    of_train, of_test = (np.array([int(label == positive) for label in part.labels]) for part in (train, test))
    unseen = reading.matrix(test.columns, len(test.labels))
    return Task(train, test, values, unseen, of_train, of_test, reading, folds(train.labels, seed=SEED))


def lightgbm(task: Task, random: np.random.Generator) -> Rule:
    """LightGBM with settings from its usual ranges; categories are its own."""
    rate = float(np.exp(random.uniform(np.log(0.01), np.log(0.15))))
    settings = {
        "learning_rate": rate, "n_estimators": int(random.uniform(3, 14) / rate),
        "num_leaves": int(np.exp(random.uniform(np.log(4), np.log(64)))), "subsample_freq": 1,
        "min_child_samples": int(np.exp(random.uniform(np.log(5), np.log(100)))),
        "subsample": random.uniform(0.6, 1), "colsample_bytree": random.uniform(0.4, 1),
        "reg_lambda": float(np.exp(random.uniform(np.log(1e-2), np.log(30)))),
    }  # fmt: skip
    places = [i for i, flag in enumerate(task.reading.categorical) if flag]

    def fit(values: np.ndarray, truth: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        model = LGBMClassifier(**settings, n_jobs=THREADS, verbose=-1, random_state=SEED)
        model.fit(values, truth, categorical_feature=places)
        return lambda rows: np.asarray(model.predict_proba(rows, validate_features=False))[:, 1]

    return fit


def catboost(task: Task, random: np.random.Generator) -> Rule:
    """CatBoost with settings from its usual ranges; categories are its own."""
    rate = float(np.exp(random.uniform(np.log(0.02), np.log(0.2))))
    settings = {
        "learning_rate": rate, "iterations": int(random.uniform(6, 25) / rate), "depth": int(random.integers(3, 9)),
        "l2_leaf_reg": float(np.exp(random.uniform(np.log(1), np.log(20)))), "rsm": random.uniform(0.4, 1),
        "random_strength": random.uniform(0, 3), "bagging_temperature": random.uniform(0, 1),
    }  # fmt: skip
    places = [i for i, flag in enumerate(task.reading.categorical) if flag]

    def own(values: np.ndarray) -> np.ndarray:
        rows = values.astype(object)
        for place in places:
            rows[:, place] = [str(cell) for cell in values[:, place]]
        return rows

    def fit(values: np.ndarray, truth: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        model = CatBoostClassifier(
            **settings, thread_count=THREADS, verbose=False, random_seed=SEED, allow_writing_files=False
        )
        model.fit(own(values), truth, cat_features=places)
        return lambda rows: np.asarray(model.predict_proba(own(rows)))[:, 1]

    return fit


PEERS: dict[str, Draw] = {"LightGBM": lightgbm, "CatBoost": catboost}


def tuned(task: Task, draw: Draw, seconds: float) -> tuple[np.ndarray, str]:
    """Held-out probabilities of the settings that were best by cross-validation within so many seconds."""
    random, began, tried = np.random.default_rng(SEED), time.monotonic(), 0
    best: tuple[float, Rule | None] = (-1.0, None)
    while tried < 1 or time.monotonic() - began < seconds:
        fit = draw(task, random)
        scores = []
        for learn, judge in task.folds:
            answer = fit(task.train_values[learn], task.train_truth[learn])
            scores.append(roc_auc_score(task.train_truth[judge], answer(task.train_values[judge])))
        tried += 1
        if (mean := float(np.mean(scores))) > best[0]:
            best = (mean, fit)
    chosen = best[1]
    assert chosen is not None
    took = f"{tried} settings, {time.monotonic() - began:.0f} s"
    return chosen(task.train_values, task.train_truth)(task.test_values), took


def ours(task: Task) -> tuple[np.ndarray, str]:
    """What `dono decide` does with a table, on these rows."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = search(
            task.train_values, task.train.labels, task.reading.categorical, task.folds, trials=TRIALS,
            folder=Path(folder), seed=SEED,
        )  # fmt: skip
    model = TableModel(found).fit(task.train.columns, task.train.labels, SEED)
    place = model.classes.index(positive_class(model.classes))
    return model.predict_proba(task.test.columns)[
        :, place
    ], f"{found.trials} settings, {time.monotonic() - began:.0f} s"


def measured(task: Task, seconds: float) -> Iterator[tuple[str, float, float, str]]:
    """Name, AUC, its standard error and effort: ours first."""
    for name, run in (("ours", None), *PEERS.items()):
        chances, took = ours(task) if run is None else tuned(task, run, seconds)
        yield name, *auc_delong(chances, task.test_truth == 1), took


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    offer_tables(parser)
    parser.add_argument("--seconds", type=float, default=600, help="for each peer and table (600)")
    asked = parser.parse_args(arguments)
    chosen = chosen_tables(parser, asked)
    gaps, found = {}, {}
    for name, (path, target) in chosen.items():
        task = task_of(path, target)
        print(f"{name}: {len(task.train_truth):,} rows to learn from, {len(task.test_truth):,} held out", flush=True)
        scores = {}
        for who, area, error, took in measured(task, asked.seconds):
            scores[who] = round(area, 5)
            print(f"  {who:10s} AUC {area:.4f} ± {error:.4f}   {took}", flush=True)
        gaps[name], found[name] = max(scores[peer] for peer in PEERS) - scores["ours"], scores
    keep_result(
        "tables",
        {
            "auc_gap": round(max(gaps.values()), 5), "mean_gap": round(float(np.mean(list(gaps.values()))), 5),
            "auc": found, "seconds": asked.seconds, "trials": TRIALS,
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
