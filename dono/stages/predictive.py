"""The routes without a language model, run whole: they cost seconds, so nothing needs extrapolating."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dono.artifacts import Artifact, Json, Measurement, write_atomically, write_measurements
from dono.decisions.routes import ROUTES
from dono.errors import Mistake
from dono.evals import Score, score_answers, score_probabilities
from dono.predictive import Labelled, TableModel, TextClassifier, positive_class, read_table, take, take_target
from dono.stages.answers import Sample, shown_answers
from dono.stages.lift import answer_by_counts
from dono.stages.prepare import Case
from dono.stages.runs import shuffled, subset
from dono.stages.workplace import Workplace

SCALES = (0.125, 0.25, 0.5, 1.0)
TEST_SHARE = 0.3
"""Held out of a table that comes without a test file."""


@dataclass(frozen=True)
class Predictive:
    """One finished run of a route without a language model."""

    arm: str
    case: Case
    scale: float
    run: Artifact

    @property
    def seconds(self) -> float:
        """Seconds it took, training and scoring."""
        return float(str(self.run.result["own_seconds"]))


def predictive_pilots(place: Workplace, cases: Sequence[Case]) -> list[Predictive]:
    """All scales of all predictive arms."""
    if not place.project.wants("predictive"):
        return []
    return [
        Predictive(arm.name, case, scale, predictive_run(place, arm.name, case, scale))
        for arm in ROUTES["predictive"]
        for case in cases
        if case.use_case.kind in arm.kinds
        for scale in SCALES
    ]


def predictive_run(place: Workplace, arm: str, case: Case, scale: float) -> Artifact:
    """Fit and score one arm at one scale; the artifact holds the model too. A run that cannot be done says why."""
    seed = place.project.training.seed
    spec: dict[str, Json] = {
        "arm": arm, "use_case": case.use_case.name, "examples_from": case.artifact.id, "scale": scale, "seed": seed,
        "target": case.use_case.target, "test_limit": case.use_case.test_limit,
    }  # fmt: skip

    def make(folder: Path) -> dict[str, Json]:
        began = time.monotonic()
        failed, used = None, 0
        scores: list[Score] = []
        samples: list[Sample] = []
        notes: list[str] = []
        try:
            if arm == "predictive/counts":
                used, scores, samples, notes = answer_by_counts(case, scale, folder)
            else:
                fit = _fit_table if arm == "predictive/boosting" else _fit_text
                used, scores, samples = fit(place, case, scale, seed, folder)
        except Mistake as mistake:
            failed = str(mistake)
        own = time.monotonic() - began
        rows = [
            Measurement(
                run=folder.name, use_case=case.use_case.name, arm=arm, metric=s.metric, split="test", n=s.n,
                language=s.language, value=s.value, stderr=s.stderr, scale=scale, tokens=0, examples=used, flops=0,
                seconds=own, money=place.money(own), seed=seed, full=scale == 1.0,
            )
            for s in scores
        ]  # fmt: skip
        write_measurements(folder / "measurements.jsonl", rows)
        write_atomically(folder / "samples.json", json.dumps(samples, ensure_ascii=False, indent=1))
        return {
            "tokens": 0,
            "flops": 0,
            "seconds": own,
            "own_seconds": own,
            "failed": failed,
            "examples": used,
            "notes": list[Json](notes),
        }

    name = f"{arm} · {case.use_case.name} × {scale:g}"
    return place.store.make("run", spec, make, made_from=[case.artifact.reference], name=name)


Fitted = tuple[int, list[Score], list[Sample]]


def _fit_text(place: Workplace, case: Case, scale: float, seed: int, folder: Path) -> Fitted:
    chosen = shuffled(len(case.train), seed)[: subset(len(case.train), scale)]
    model = TextClassifier().fit([case.train[i].prompt for i in chosen], [case.train[i].answer for i in chosen], seed)
    answers = model.predict([e.prompt for e in case.test])
    languages = [e.language or "und" for e in case.test]
    scores = score_answers(answers, [e.answer for e in case.test], languages, ["accuracy", "macro_f1"], seed=seed)
    model.save(folder)
    return len(chosen), scores, shown_answers(case, answers)


def _tables(place: Workplace, case: Case, seed: int) -> tuple[Labelled, Labelled]:
    """Train and test of a predict use case; without a test file a part of the table is held out by seed."""
    use_case = case.use_case
    assert use_case.train is not None and use_case.target is not None
    where = f"use_cases[{use_case.name}].target"
    train = take_target(read_table(place.project.path(use_case.train)), use_case.target, where=where)
    if use_case.test is not None:
        return train, take_target(read_table(place.project.path(use_case.test)), use_case.target, where=where)
    order = shuffled(len(train.labels), seed)
    cut = max(1, round(len(order) * TEST_SHARE))
    parts = [
        Labelled(take(train.columns, rows), [train.labels[i] for i in rows], 0) for rows in (order[cut:], order[:cut])
    ]
    return parts[0], parts[1]


def _fit_table(place: Workplace, case: Case, scale: float, seed: int, folder: Path) -> Fitted:
    train, test = _tables(place, case, seed)
    classes = sorted(set(train.labels))
    if len(classes) < 2:
        remedy = "Give rows of at least two classes"
        raise Mistake(f"every row is {classes[0]!r}", where=f"use_cases[{case.use_case.name}].train", remedy=remedy)
    chosen = shuffled(len(train.labels), seed)[: subset(len(train.labels), scale)]
    model = TableModel().fit(take(train.columns, chosen), [train.labels[i] for i in chosen], seed)
    order = list(model.classes)
    if len(order) == 2 and positive_class(order) != order[1]:
        order.reverse()
    known = [i for i, label in enumerate(test.labels) if label in order]
    probabilities = model.predict_proba(take(test.columns, known))
    probabilities = probabilities[:, [list(model.classes).index(c) for c in order]]
    metrics = ["auc", "accuracy", "macro_f1"]
    scores = score_probabilities(probabilities, order, [test.labels[i] for i in known], metrics, seed=seed)
    model.save(folder)
    return len(chosen), scores, []
