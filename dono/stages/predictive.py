"""The routes without a language model, run whole: they cost seconds, so nothing needs extrapolating."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dono.artifacts import Artifact, Json, Measurement, write_atomically, write_measurements
from dono.decisions.metrics import METRICS
from dono.decisions.routes import ROUTES
from dono.errors import Mistake
from dono.evals import Score, score_answers, score_probabilities
from dono.predictive import TableModel, TextClassifier, positive_class, take
from dono.predictive.columns import Matrix
from dono.project import METRIC_OF_KIND
from dono.stages.answers import Sample, shown_answers
from dono.stages.lift import answer_by_counts
from dono.stages.prepare import Case
from dono.stages.row_texts import limited_rows
from dono.stages.runs import shuffled, subset
from dono.stages.table_settings import SCALES, embedded_by, embedder_of, found_in, settings_of
from dono.stages.tables import parts_of
from dono.stages.uplift import uplift_or_why_not
from dono.stages.workplace import Workplace


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

    @property
    def leaks(self) -> list[str]:
        """Columns that tell the target by themselves."""
        return strings(self.run.result["leaks"])

    @property
    def said(self) -> list[str]:
        """What a person should know of the data and the split, leaks first."""
        return [*self.leaks, *strings(self.run.result["notes"])]


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
        "table": case.use_case.table.learning(), "embedded_by": embedded_by(place, case.use_case),
    }  # fmt: skip

    def make(folder: Path) -> dict[str, Json]:
        began = time.monotonic()
        failed, fitted = None, Fitted()
        try:
            fitted = FITS[arm](place, case, scale, seed, folder)
        except Mistake as mistake:
            failed = str(mistake)
        own = time.monotonic() - began + fitted.searching
        rows = [
            Measurement(
                run=folder.name, use_case=case.use_case.name, arm=arm, metric=s.metric, split="test", n=s.n,
                language=s.language, value=s.value, stderr=s.stderr, scale=scale, tokens=0, examples=fitted.used,
                flops=0, seconds=own, money=place.money(own), seed=seed, full=scale == 1.0,
            )
            for s in fitted.scores
        ]  # fmt: skip
        write_measurements(folder / "measurements.jsonl", rows)
        write_atomically(folder / "samples.json", json.dumps(list(fitted.samples), ensure_ascii=False, indent=1))
        return {
            "tokens": 0, "flops": 0, "seconds": own, "own_seconds": own, "failed": failed, "examples": fitted.used,
            "notes": list[Json](fitted.notes), "leaks": list[Json](fitted.leaks),
        }  # fmt: skip

    name = f"{arm} · {case.use_case.name} × {scale:g}"
    return place.store.make("run", spec, make, made_from=[case.artifact.reference], name=name)


@dataclass(frozen=True)
class Fitted:
    """What came of fitting: examples used, scores, answers to read, what is odd about the data, which columns leak.

    `searching` are seconds spent on finding settings, perhaps earlier.
    """

    used: int = 0
    scores: Sequence[Score] = ()
    samples: Sequence[Sample] = ()
    notes: Sequence[str] = ()
    leaks: Sequence[str] = ()
    searching: float = 0.0


def strings(value: Json) -> list[str]:
    """A list of sentences from the record of an artifact."""
    return [str(item) for item in value] if isinstance(value, list) else []


def _fit_text(place: Workplace, case: Case, scale: float, seed: int, folder: Path) -> Fitted:
    chosen = shuffled(len(case.train), seed)[: subset(len(case.train), scale)]
    model = TextClassifier().fit([case.train[i].prompt for i in chosen], [case.train[i].answer for i in chosen], seed)
    answers = model.predict([e.prompt for e in case.test])
    languages = [e.language or "und" for e in case.test]
    scores = score_answers(answers, [e.answer for e in case.test], languages, ["accuracy", "macro_f1"], seed=seed)
    model.save(folder)
    return Fitted(len(chosen), scores, shown_answers(case, answers), model.notes)


def _fit_table(place: Workplace, case: Case, scale: float, seed: int, folder: Path) -> Fitted:
    parts = parts_of(place, case.use_case)
    train, test, began = parts.train, parts.test, time.monotonic()
    settings = settings_of(place, case, parts)
    searching = float(str(settings.result["own_seconds"])) if scale == 1.0 else 0.0
    searching -= time.monotonic() - began  # the search counts once, with the full run, whichever run did it
    chosen = shuffled(len(train.labels), seed)[: subset(len(train.labels), scale)]
    embedder = embedder_of(place, case.use_case)
    model = TableModel(found_in(settings), dates=case.use_case.table.dates, embedder=embedder)
    model.fit(take(train.columns, chosen), [train.labels[i] for i in chosen], seed)
    order = list(model.classes)
    if len(order) < 2:
        remedy = "Give more rows"
        raise Mistake(
            f"the {len(chosen):,} rows of a pilot are all {order[0]!r}", where=case.use_case.name, remedy=remedy
        )
    if len(order) == 2 and positive_class(order) != order[1]:
        order.reverse()
    known = [i for i, label in enumerate(test.labels) if label in order]
    notes = [*parts.notes, *strings(settings.result["notes"]), *model.notes]
    if len(known) < len(test.labels):
        notes.append(f"{len(test.labels) - len(known):,} rows held out are of a class that was not learned, left out")
    chances = model.predict_proba(take(test.columns, known))
    answers = model.answers(chances)
    chances = chances[:, [list(model.classes).index(c) for c in order]]
    truth = [test.labels[i] for i in known]
    scores = score_probabilities(chances, order, truth, METRIC_OF_KIND["predict"], answers=answers, seed=seed)
    if scale == 1.0 and 0 < len(case.test) < len(known):
        asked = set(limited_rows(len(test.labels), case.use_case.test_limit))
        rows = [place for place, i in enumerate(known) if i in asked]
        notes += _on_rows_asked(case, chances[rows], order, [truth[i] for i in rows], [answers[i] for i in rows])
    model.save(folder)
    if scale == 1.0 and case.use_case.table.treated is not None:
        uplift = uplift_or_why_not(case.use_case, parts, seed, folder)
        scores, notes = [*scores, *uplift.scores], [*uplift.notes, *notes]
    return Fitted(len(chosen), scores, [], notes, model.leaks, searching)


def _on_rows_asked(
    case: Case, chances: Matrix, order: Sequence[str], truth: Sequence[str], answers: Sequence[str]
) -> list[str]:
    """What the trees reach on the held-out rows that language models were asked."""
    metric = case.use_case.judged_by
    return [
        f"on the {s.n:,} rows that language models were asked: {METRICS[metric].show(s.value)} ± {s.stderr:.3f}"
        for s in score_probabilities(chances, order, truth, [metric], answers=answers)
        if s.language == "all" and s.metric == metric
    ]


def _fit_counts(place: Workplace, case: Case, scale: float, seed: int, folder: Path) -> Fitted:
    used, scores, samples, notes = answer_by_counts(case, scale, folder)
    return Fitted(used, scores, samples, notes)


FITS: dict[str, Callable[[Workplace, Case, float, int, Path], Fitted]] = {
    "predictive/tfidf": _fit_text,
    "predictive/boosting": _fit_table,
    "predictive/counts": _fit_counts,
}
"""How each arm learns at a scale, by a seed, and leaves its model in a folder."""
