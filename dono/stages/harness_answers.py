"""A model asked the tasks of a harness use case, scored by the harness's own metrics."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.evals import Score
from dono.stages.answers import Sample, shown_answers
from dono.stages.harness import asked_in, harness_tasks, tasks_module
from dono.stages.prepare import Case
from dono.stages.workplace import Workplace


def _outcomes(
    place: Workplace, case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int
) -> Any:  # noqa: ANN401 - Outcomes, of a module that is loaded where it is needed
    """What comes of the documents of a case, in their order."""
    module, harness = tasks_module(), importlib.import_module("dono.evals.harness")
    rows = zip(asked_in(case.artifact), case.test, strict=True)
    asked = [module.Asked(**row | {"language": example.language}) for row, example in rows]
    lm = harness.DonoLM(model, tokenizer, max_length=context)
    return module.run_tasks(harness_tasks(place, case.use_case), asked, lm)


def answer_harness(
    place: Workplace, case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int, seed: int
) -> tuple[list[Score], list[Sample], list[str]]:
    """Scores of all documents and per language, answers to look at, and the harness's own number of each task as notes.

    Raises `Mistake` where the use case's metric is none of the tasks'.
    """
    outcomes = _outcomes(place, case, model, tokenizer, context)
    scores: list[Score] = tasks_module().score_outcomes(outcomes, seed=seed)
    given = sorted({s.metric for s in scores})
    if case.use_case.judged_by not in given:
        where, remedy = f"use_cases[{case.use_case.name}].metric", f"Set metric to one of: {', '.join(given)}"
        raise Mistake(f"the task gives no {case.use_case.judged_by}", where=where, remedy=remedy)
    notes = [f"lm-eval on {task}: {metric} {value!r}" for (task, metric), value in outcomes.reported.items()]
    return scores, shown_answers(case, [o.said for o in outcomes.items]), notes


def harness_columns(
    place: Workplace, case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int
) -> dict[str, NDArray[Any]]:
    """The same, item by item, for a scorecard: what each said, and what the harness's metrics are counted from."""
    found = _outcomes(place, case, model, tokenizer, context)
    items = found.items
    columns: dict[str, NDArray[Any]] = {"answer": np.array([o.said for o in items])}

    def each(metric: str) -> list[Any]:
        return [o.values.get(metric, float("nan")) for o in items]

    for metric, column in (("acc", "correct"), ("exact_match", "exact")):
        if any(metric in o.values for o in items):
            columns[column] = np.array([float(v) for v in each(metric)])
    if any("chrf" in o.values or "chrf++" in o.values for o in items):
        columns["free"] = np.ones(len(items))
    if any("bits_per_byte" in o.values for o in items):  # log-likelihood in nats, and bytes
        pairs = np.array([(np.nan, np.nan) if isinstance(v, float) else v for v in each("bits_per_byte")], dtype=float)
        columns |= {"bits": -pairs[:, 0] / np.log(2), "bytes": pairs[:, 1]}
    return columns
