"""Use cases of tables on a scorecard: rows held out, by place, language and segment, and what a model says of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.artifacts import Json
from dono.corpus.tags import language_tag
from dono.errors import Mistake
from dono.evals.measures import Table
from dono.evals.scorecard import ALL, CLUSTER, SEGMENT
from dono.predictive import Cell, TableModel, take
from dono.predictive.tables import as_label
from dono.project import UseCase
from dono.stages.prepare import Case
from dono.stages.row_answers import ordered_classes, row_likelihoods
from dono.stages.row_texts import examples_of, limited_rows, told_columns
from dono.stages.tables import Parts, chosen_of, parts_of
from dono.stages.workplace import Workplace

MOST_VALUES = 60
"""A column of more different values gives no rows of a scorecard that anybody reads (assumed)."""


def asked_rows(place: Workplace, case: Case, limit: int) -> dict[str, Json]:
    """What the answers depend on beside the case and the model."""
    choices = case.use_case.table
    return {
        "items": limit, "target": case.use_case.target, "table": choices.model_dump(mode="json"),
        "seed": place.project.training.seed,
    }  # fmt: skip


def rows_by_trees(place: Workplace, case: Case, limit: int, folder: Path) -> Table:
    """At most `limit` rows held out, with what the model of a table, fitted in `folder`, says of them."""
    parts, model = parts_of(place, case.use_case), TableModel.load(folder)
    rows = _asked(parts, model.classes, limit)
    chances = model.predict_proba(take(parts.test.columns, rows))
    classes = ordered_classes(model.classes)
    found = chances[:, [model.classes.index(name) for name in classes]]
    return described(parts, case.use_case, rows) | told(parts, rows, classes, found, model.answers(chances))


def rows_by_model(
    place: Workplace, case: Case, limit: int, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int
) -> Table:
    """The same of a language model that is asked about the rows in words: likelihoods of classes, not calibrated."""
    parts = parts_of(place, case.use_case)
    classes = ordered_classes(sorted(set(parts.train.labels)))
    rows = _asked(parts, classes, limit)
    texts = examples_of(parts.test, told_columns(parts, case.use_case), rows)
    likelihoods, _ = row_likelihoods(case, classes, texts, model, tokenizer, context, 0)
    chances = softmax(likelihoods, axis=1)
    answers = [classes[i] for i in chances.argmax(1)]
    return described(parts, case.use_case, rows) | told(parts, rows, classes, chances, answers)


def _asked(parts: Parts, classes: Sequence[str], limit: int) -> list[int]:
    """Some of the rows held out, the same for every model; those of a class that was not learned are left out."""
    return [row for row in limited_rows(len(parts.test.labels), limit) if parts.test.labels[row] in classes]


def described(parts: Parts, use_case: UseCase, rows: Sequence[int]) -> Table:
    """What the rows are, whoever is asked: class, place, language, segments, and whose they are.

    Raises `Mistake` for a column of too many values, and for a language that is none.
    """
    choices, where = use_case.table, f"use_cases[{use_case.name}].table"
    blank = np.array([""] * len(rows))

    def values(name: str | None, key: str) -> NDArray[np.str_]:
        cells = parts.test.columns[name] if name is not None else ()
        return blank if name is None else _values([cells[row] for row in rows], name, f"{where}.{key}")

    found: Table = {
        "language": _languages(values(choices.language, "language"), f"{where}.language"),
        "script": np.array([ALL] * len(rows)), "form": np.array([ALL] * len(rows)),
        "region": values(choices.region, "region"), "expected": np.array([parts.test.labels[row] for row in rows]),
    }  # fmt: skip
    for name in choices.segments:
        found[SEGMENT + name] = values(name, "segments")
    if parts.test_groups is not None:
        found[CLUSTER] = np.array(chosen_of(parts.test_groups, rows))
    return found


def _values(cells: Sequence[Cell], name: str, where: str) -> NDArray[np.str_]:
    found = [as_label(cell) for cell in cells]
    if len(set(found)) > MOST_VALUES:
        remedy = f"Name a column of at most {MOST_VALUES}, such as bands of it"
        raise Mistake(f"{name!r} has {len(set(found)):,} different values", where=where, remedy=remedy)
    return np.array(found)


def _languages(stated: NDArray[np.str_], where: str) -> NDArray[np.str_]:
    tags = {name: language_tag(name) if name else "" for name in sorted(set(stated.tolist()))}
    unknown = next((name for name, tag in tags.items() if tag is None), None)
    if unknown is not None:
        remedy = "Write names (Hindi) or codes (hi, hi-Latn), or name the column in `segments`"
        raise Mistake(f"{unknown!r} is no language that is known", where=where, remedy=remedy)
    return np.array([tags[name] or "" for name in stated.tolist()])


def told(
    parts: Parts, rows: Sequence[int], classes: Sequence[str], chances: NDArray[np.float64], answers: Sequence[str]
) -> Table:
    """What probabilities [rows, classes] say, of two classes the positive one last; `answers` are the model's own."""
    right = np.array([classes.index(parts.test.labels[row]) for row in rows])
    found: Table = {
        "answer": np.array(answers), "probabilities": chances, "right": right, "confidence": chances.max(1),
        "correct": (chances.argmax(1) == right).astype(np.float64),
        "label_bits": -np.log2(np.maximum(chances[np.arange(len(rows)), right], 1e-300)),
    }  # fmt: skip
    return found if len(classes) != 2 else found | {"chance": chances[:, 1], "happened": right == 1}
