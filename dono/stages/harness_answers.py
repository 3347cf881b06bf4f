"""A model asked the tasks of a harness use case, scored by the harness's own metrics."""

from __future__ import annotations

import importlib

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.evals import Score
from dono.stages.answers import Sample, shown_answers
from dono.stages.harness import asked_in, harness_tasks, tasks_module
from dono.stages.prepare import Case
from dono.stages.workplace import Workplace


def answer_harness(
    place: Workplace, case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int, seed: int
) -> tuple[list[Score], list[Sample], list[str]]:
    """Scores of all documents and per language, answers to look at, and the harness's own number of each task as notes.

    Raises `Mistake` where the use case's metric is none of the tasks'.
    """
    module, harness = tasks_module(), importlib.import_module("dono.evals.harness")
    rows = zip(asked_in(case.artifact), case.test, strict=True)
    asked = [module.Asked(**row | {"language": example.language}) for row, example in rows]
    lm = harness.DonoLM(model, tokenizer, max_length=context)
    outcomes = module.run_tasks(harness_tasks(place, case.use_case), asked, lm)
    scores: list[Score] = module.score_outcomes(outcomes, seed=seed)
    given = sorted({s.metric for s in scores})
    if case.use_case.judged_by not in given:
        where, remedy = f"use_cases[{case.use_case.name}].metric", f"Set metric to one of: {', '.join(given)}"
        raise Mistake(f"the task gives no {case.use_case.judged_by}", where=where, remedy=remedy)
    notes = [f"lm-eval on {task}: {metric} {value!r}" for (task, metric), value in outcomes.reported.items()]
    return scores, shown_answers(case, [o.said for o in outcomes.items]), notes
