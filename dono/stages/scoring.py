"""One model on one test, item by item: asked once, kept as a table, whatever is read off it later."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.artifacts import Artifact, Json, Reference, fingerprint, identity
from dono.corpus import Example
from dono.evals import generate
from dono.evals.fluency import repeated_runs, wrong_letters
from dono.evals.scorecard import forms
from dono.evals.scores import fold
from dono.models import load_model, shape_of
from dono.stages.answers import ask_case, fitted_prompts
from dono.stages.harness_answers import harness_columns
from dono.stages.prepare import Case, limited
from dono.stages.workplace import Workplace
from dono.tokens import load_tokenizer

Table = dict[str, NDArray[Any]]
ITEMS = "items.parquet"
TIMED = 8
"""Requests that are timed alone, spread over the test."""
CONTINUED = 40
"""Tokens that a model goes on for after the first words of a text, to see whether it keeps to the language."""
OPENING = 4
"""Words of a text that it goes on from."""


def score_items(place: Workplace, folder: str, case: Case, limit: int, context: int) -> Artifact:
    """What a model directory answers to at most `limit` items of a test, as `items.parquet`; asked once.

    `context` in tokens: the same for all models that are compared.
    """
    some = case if case.use_case.kind == "harness" else replace(case, test=tuple(limited(case.test, limit)))
    local = Path(folder)
    model_id = model_print(local) if local.is_dir() else folder
    use_case = case.use_case
    spec: dict[str, Json] = {
        "model": model_id, "use_case": use_case.name, "kind": use_case.kind, "prompt": use_case.prompt,
        "examples_from": case.artifact.id, "items": len(some.test), "context": context,
    }  # fmt: skip

    def make(out: Path) -> dict[str, Json]:
        model, tokenizer = load_model(folder), load_tokenizer(folder)
        table = describe(some) | answer(place, some, model, tokenizer, min(context, shape_of(model).context))
        pq.write_table(pa.table({name: _column(values) for name, values in table.items()}), out / ITEMS)
        return {"items": len(some.test)}

    made_from = [Reference("model", model_id, local.name), case.artifact.reference]
    return place.store.make("evaluation", spec, make, made_from=made_from, name=f"{local.name} · {use_case.name}")


MODEL_FILES = ("config.json", "generation_config.json", "*.safetensors", "*.bin", "tokenizer*", "chat_template*")


def model_print(folder: Path) -> str:
    """What stands for the model in a directory, whatever lies beside it: cards, logs, measurements."""
    files = sorted({f for pattern in MODEL_FILES for f in folder.glob(pattern)})
    return identity({f.name: fingerprint(f) for f in files})


def _column(values: NDArray[Any]) -> pa.Array:
    return pa.array(values.tolist() if values.ndim > 1 or values.dtype == object else values)


def read_items(artifact: Artifact) -> Table:
    """The table of a scored test."""
    table = pq.read_table(artifact.path / ITEMS)
    return {name: np.array(table[name].to_pylist()) for name in table.column_names}


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
    right = np.array([case.labels.index(e) for e in expected])
    written = [fold(w) == fold(e) for w, e in zip(given.written, expected, strict=True)]
    return found | {
        "correct": (odds.argmax(1) == right).astype(np.float64), "confidence": odds.max(1), "probabilities": odds,
        "right": right, "label_bits": -np.log2(np.maximum(odds[np.arange(len(right)), right], 1e-300)),
        "written_correct": np.array(written, dtype=np.float64),
    }  # fmt: skip


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
