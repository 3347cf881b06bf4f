"""Settings of table learners, and a small search for good ones: bounded, resumable, the same by the same seed."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score, log_loss

from dono.predictive.calibration import Calibration, calibrate
from dono.predictive.columns import Matrix
from dono.predictive.learners import LEARNERS, Learner, Settings
from dono.project import USUAL_LEARNERS, TableLearner

Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

MEMBERS = 8
"""How many times the search takes a setting into the average (with repeats; assumed)."""


def drawn(trial: int, seed: int, learners: Sequence[TableLearner] = USUAL_LEARNERS) -> Settings:
    """The settings of a trial: each learner as it is, then trees at random (or the regression, where there are none).

    The same whatever came before.
    """
    if trial < len(learners):
        return Settings(kind=learners[trial])
    random = np.random.default_rng([seed, trial])

    def between(low: float, high: float) -> float:
        return float(np.exp(random.uniform(np.log(low), np.log(high))))

    boosted = [kind for kind in learners if kind != "linear"]
    if not boosted:
        return Settings(kind="linear", strength=between(0.01, 100))
    rate = between(0.03, 0.12)
    return Settings(
        kind=boosted[trial % len(boosted)], rate=rate, trees=round(between(3, 12) / rate),
        leaves=round(between(4, 40)), rows_of_leaf=round(between(5, 80)), penalty=between(0.1, 30),
        features=float(random.uniform(0.3, 1.0)),
    )  # fmt: skip


def fitted(settings: Settings, values: Matrix, truth: Sequence[str], categorical: Sequence[bool], seed: int) -> Learner:
    """The settings' learner, fitted."""
    learner = LEARNERS[settings.kind](settings, categorical, len(truth), seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # its held-out loss is what it is chosen by
        learner.fit(values, list(truth))
    return learner


@dataclass(frozen=True)
class Found:
    """What a search found: settings with their share of the average, the calibration, and the threshold for "yes".

    `trials` were tried, `loss` is the average's held-out loss in nats. Without a search: the plain trees.
    """

    members: tuple[tuple[Settings, float], ...] = ((Settings(), 1.0),)
    calibration: Calibration = field(default_factory=Calibration)
    threshold: float = 0.5
    trials: int = 0
    loss: float | None = None


def search(
    values: Matrix, labels: Sequence[str], categorical: Sequence[bool], folds: Sequence[Fold], *,
    trials: int, folder: Path, seed: int = 0, seconds: float = float("inf"),
    learners: Sequence[TableLearner] = USUAL_LEARNERS, say: Callable[[int], None] = lambda _: None,
) -> Found:  # fmt: skip
    """Try settings by cross-validation, and average those that do best together.

    The average is grown greedily by held-out loss (Caruana et al. 2004, "Ensemble selection from libraries of
    models"). Each trial is kept in `folder`: a killed search goes on with the next one, and the number of trials alone
    decides what comes out. After `seconds` no further trial begins. `say` is told the number of trials done.
    """
    classes = sorted(set(labels))
    truth = np.asarray([classes.index(label) for label in labels])
    judged = np.concatenate([judge for _, judge in folds])
    began = time.monotonic()
    tried: list[Matrix] = []
    for trial in range(trials):
        if trial and time.monotonic() - began > seconds:
            break
        kept = folder / f"trial-{trial:04d}.npy"
        if not kept.is_file():
            chances = _held_out(drawn(trial, seed, learners), values, labels, classes, categorical, folds, seed)
            begun = kept.with_suffix(".begun.npy")
            np.save(begun, chances)
            begun.replace(kept)
        tried.append(np.load(kept)[judged])
        say(trial + 1)
    return _together([drawn(trial, seed, learners) for trial in range(len(tried))], tried, truth[judged], len(classes))


def _held_out(
    settings: Settings, values: Matrix, labels: Sequence[str], classes: list[str], categorical: Sequence[bool],
    folds: Sequence[Fold], seed: int,
) -> Matrix:  # fmt: skip
    """Probabilities [rows, classes] of each row by a learner that had not seen it; 0 for rows in no fold's judging."""
    chances = np.zeros((len(labels), len(classes)))
    for learn, judge in folds:
        learner = fitted(settings, values[learn], [labels[i] for i in learn], categorical, seed)
        places = np.asarray([classes.index(name) for name in learner.classes_])
        chances[np.ix_(judge, places)] = learner.predict_proba(values[judge])
    return chances


def _together(tried: Sequence[Settings], chances: Sequence[Matrix], truth: npt.NDArray[np.int64], many: int) -> Found:
    def loss(found: Matrix) -> float:
        return float(log_loss(truth, found, labels=range(many)))

    taken: list[int] = []
    total = np.zeros_like(chances[0])
    for _ in range(MEMBERS):
        losses = [loss((total + one) / (len(taken) + 1)) for one in chances]
        taken.append(int(np.argmin(losses)))
        total = total + chances[taken[-1]]
    mean = total / len(taken)
    calibration = calibrate(mean, truth)
    right = calibration.of(mean)
    members = tuple((tried[i], taken.count(i) / len(taken)) for i in sorted(set(taken)))
    return Found(members, calibration, _threshold(right, truth), len(tried), loss(right))


def _threshold(chances: Matrix, truth: npt.NDArray[np.int64]) -> float:
    """From which probability the second of two classes is answered: that of the best macro-F1 on these unseen rows."""
    if chances.shape[1] != 2:
        return 0.5
    cuts = np.unique(np.quantile(chances[:, 1], np.linspace(0.02, 0.98, 49)))
    scores = [f1_score(truth, chances[:, 1] >= cut, average="macro", zero_division=0) for cut in cuts]
    return float(cuts[int(np.argmax(scores))])
