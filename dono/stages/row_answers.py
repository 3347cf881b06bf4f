"""A language model asked about the rows of a table: how likely it finds each class after the row's text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import softmax
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.corpus import Example
from dono.errors import Mistake
from dono.evals import Score, label_log_likelihoods, score_label_bits, score_probabilities
from dono.predictive import positive_class
from dono.project import METRIC_OF_KIND
from dono.stages.answers import Sample, prompts_of, shown_answers, tokens_scored_at_once
from dono.stages.prepare import Case
from dono.tokens import answer_ids, cut_left


def answer_rows(
    case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int, shots: int, seed: int
) -> tuple[list[Score], list[Sample], list[str]]:
    """Scores of a model on the rows of a case, some answers, and what a person should know.

    The probability of a class is its likelihood after the row's text among those of all classes; it is not calibrated.
    Raises `Mistake` where no row that is asked has one of the classes.
    """
    classes, expected = ordered_classes(case.labels), [e.answer for e in case.test]
    if absent := [name for name in classes if name not in expected]:
        what = f"of the {len(expected):,} rows held out that are asked, none is {absent[0]!r}"
        raise Mistake(what, where=f"use_cases[{case.use_case.name}].test_limit", remedy="Raise it")
    likelihoods, cut = row_likelihoods(case, classes, case.test, model, tokenizer, context, shots)
    scores = score_probabilities(softmax(likelihoods, axis=1), classes, expected, METRIC_OF_KIND["predict"], seed=seed)
    scores += score_label_bits(likelihoods, [classes.index(e) for e in expected], ["und"] * len(expected))
    notes = [f"asked {len(expected):,} of the rows held out, in words"]
    if cut:
        notes.append(f"{cut:,} of them are longer than its {context:,} tokens: their first columns are not read")
    return scores, shown_answers(case, [classes[i] for i in likelihoods.argmax(1)]), notes


def row_likelihoods(
    case: Case, classes: Sequence[str], rows: Sequence[Example], model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase, context: int, shots: int,
) -> tuple[np.ndarray, int]:  # fmt: skip
    """Ln-likelihoods [rows, classes] of each class after each row's text, and how many rows were cut to the context."""
    labels = [[*answer_ids(tokenizer, ":", label), tokenizer.eos_token_id] for label in classes]
    room = context - max(len(ids) for ids in labels)
    prompts = prompts_of(case, tokenizer, rows, shots)
    at_once = tokens_scored_at_once(model, tokenizer, context)
    read = [cut_left(tokenizer, prompt, room) for prompt in prompts]
    found = label_log_likelihoods(model, tokenizer, read, labels, batch_tokens=at_once)
    return found, int(np.sum([len(prompt) > room for prompt in prompts]))


def ordered_classes(labels: Sequence[str]) -> list[str]:
    """The classes; of two the positive one last."""
    if len(labels) != 2:
        return list(labels)
    return sorted(labels, key=lambda label: label == positive_class(labels))
