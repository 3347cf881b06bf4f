"""Use cases of texts on a scorecard: what their items are, and what a model makes of each."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.artifacts import Json
from dono.corpus import Example
from dono.evals import generate
from dono.evals.fluency import repeated_runs, wrong_letters
from dono.evals.measures import Table
from dono.evals.scorecard import forms
from dono.evals.scores import fold
from dono.predictive import TextClassifier
from dono.stages.answers import ask_case, fitted_prompts
from dono.stages.harness_answers import harness_columns
from dono.stages.prepare import Case, limited
from dono.stages.workplace import Workplace

TIMED = 8
"""Requests that are timed alone, spread over the test."""
CONTINUED = 40
"""Tokens that a model goes on for after the first words of a text, to see whether it keeps to the language."""
OPENING = 4
"""Words of a text that it goes on from."""


def some_of(case: Case, limit: int) -> Case:
    """The case with at most `limit` items, spread evenly; a task of the harness has its own bound."""
    return case if case.use_case.kind == "harness" else replace(case, test=tuple(limited(case.test, limit)))


def asked_texts(place: Workplace, case: Case, limit: int) -> dict[str, Json]:
    """What the answers depend on beside the case and the model."""
    return {"items": len(some_of(case, limit).test)}


def texts_by_model(
    place: Workplace, case: Case, limit: int, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int
) -> Table:
    """At most `limit` items with what a language model answers."""
    some = some_of(case, limit)
    return describe(some) | answer(place, some, model, tokenizer, context)


def texts_by_words(place: Workplace, case: Case, limit: int, folder: Path) -> Table:
    """At most `limit` items with what a classifier by words, fitted in `folder`, answers."""
    some, model = some_of(case, limit), TextClassifier.load(folder)
    return describe(some) | chosen(some, list(model.classes), model.predict_proba([e.prompt for e in some.test]))


def chosen(case: Case, classes: list[str], odds: NDArray[np.float64]) -> Table:
    """What the probabilities [items, classes] of a test's labels say."""
    expected = [e.answer for e in case.test]
    right = np.array([classes.index(e) for e in expected])
    return {
        "answer": np.array([classes[i] for i in odds.argmax(1)]), "correct": (odds.argmax(1) == right).astype(float),
        "confidence": odds.max(1), "probabilities": odds, "right": right,
        "label_bits": -np.log2(np.maximum(odds[np.arange(len(right)), right], 1e-300)),
    }  # fmt: skip


def describe(case: Case) -> Table:
    """What the items of a test are, whoever answers them: language, script, form, region, what is expected."""
    texts, languages = [_text(case, e) for e in case.test], [e.language or "und" for e in case.test]
    scripts, kinds = forms(texts, languages)
    return {
        "language": np.array(languages), "script": np.array(scripts), "form": np.array(kinds),
        "region": np.array([e.region or "" for e in case.test]), "expected": np.array([e.answer for e in case.test]),
        "prompt": np.array([e.prompt for e in case.test]),
    }  # fmt: skip


def _text(case: Case, example: Example) -> str:
    return example.answer if case.use_case.kind == "language" else example.prompt


def answer(
    place: Workplace, case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int
) -> Table:
    """What one model makes of the items."""
    texts = [_text(case, e) for e in case.test]
    tokens = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
    found: Table = {
        "tokens": np.array([float(len(ids)) for ids in tokens]),
        "words": np.array([float(max(1, len(text.split()))) for text in texts]),
    }
    kind = case.use_case.kind
    if kind == "harness":
        return found | harness_columns(place, case, model, tokenizer, context)
    given = ask_case(case, model, tokenizer, context, 0)
    if kind == "language":
        assert given.bits is not None and given.sizes is not None
        return found | {"bits": given.bits, "bytes": given.sizes} | _continued(case, model, tokenizer, context)
    assert given.answers is not None and given.written is not None
    expected = [e.answer for e in case.test]
    found |= {"answer": np.array(given.answers), "milliseconds": _milliseconds(case, model, tokenizer, context)}
    if kind == "generate":
        assert given.bits is not None and given.sizes is not None
        exact = [fold(a) == fold(e) for a, e in zip(given.answers, expected, strict=True)]
        return found | _fluency(list(given.answers), case) | {
            "free": np.ones(len(expected)), "exact": np.array(exact, dtype=np.float64),
            "answer_bits": given.bits, "answer_bytes": given.sizes,
        }  # fmt: skip
    assert given.likelihoods is not None
    odds = np.exp(given.likelihoods - given.likelihoods.max(1, keepdims=True))
    odds /= odds.sum(1, keepdims=True)
    written = [fold(w) == fold(e) for w, e in zip(given.written, expected, strict=True)]
    found |= chosen(case, list(case.labels), odds)
    return found | {"written_correct": np.array(written, dtype=np.float64)}


def _fluency(texts: list[str], case: Case) -> Table:
    wrong, letters = wrong_letters(texts, [e.language or "und" for e in case.test])
    repeated, runs = repeated_runs(texts)
    columns = {"wrong_letters": wrong, "letters": letters, "repeated": repeated, "runs": runs}
    return {name: values.astype(np.float64) for name, values in columns.items()}


def _continued(case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int) -> Table:
    """How the model goes on after the first words of each text: whether in its script, whether repeating itself."""
    openings = [" ".join(e.answer.split()[:OPENING]) for e in case.test]
    prompts = [[tokenizer.eos_token_id, *tokenizer.encode(o, add_special_tokens=False)] for o in openings]
    room = min(CONTINUED, max(1, context // 2))
    written = generate(model, tokenizer, [p[: context - room] for p in prompts], max_new_tokens=room)
    return _fluency([a.text for a in written], case)


def _milliseconds(
    case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int
) -> NDArray[np.float64]:
    """Of some requests alone, from the prompt to the end of the answer; NaN for the others."""
    prompts, room = fitted_prompts(case, tokenizer, context, 0)
    found = np.full(len(prompts), np.nan)
    places = sorted({i * len(prompts) // TIMED for i in range(min(TIMED, len(prompts)))})
    generate(model, tokenizer, [prompts[places[0]]], max_new_tokens=1)  # the first starts the threads
    for i in places:
        began = time.perf_counter()
        generate(model, tokenizer, [prompts[i]], max_new_tokens=room, stop="\n" if not case.train else None)
        found[i] = 1000 * (time.perf_counter() - began)
    return found
