from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from dono.artifacts import Artifact
from dono.corpus import Example
from dono.evals import bits_per_byte
from dono.models import reader_of
from dono.objectives import next_token
from dono.project import Kind, UseCase
from dono.stages.answers import SCORED_TOKENS, answer_case, prompts_of, shown_example, tokens_scored_at_once
from dono.stages.prepare import Case
from dono.tokens import Rows, document, packed
from dono.training import LoopSpec, likelihood
from dono.training.dry_run import tokens_that_fit
from dono.training.memory import LiveBytes

ROWS = [
    Example("where is my parcel", "track", "en"),
    Example("मेरा पार्सल कहाँ है", "track", "hi"),
    Example("I return the shoe", "return", "en"),
    Example("जूता वापस करना है", "return", "hi"),
]


def case(kind: Kind, tmp_path: Path) -> Case:
    use_case = UseCase(name="desk", kind=kind, train=None if kind == "language" else "a", test="b")
    sealed = Artifact("examples", "x", "desk", tmp_path, {}, (), {}, {})
    return Case(use_case, sealed, () if kind == "language" else tuple(ROWS), tuple(ROWS))


@pytest.mark.parametrize(
    ("kind", "metrics"),
    [
        ("classify", {"accuracy", "macro_f1", "generated_accuracy", "generated_macro_f1", "label_bits"}),
        ("generate", {"chrf", "chrf_plus_plus", "exact_match", "answer_bits_per_byte"}),
        ("language", {"bits_per_byte"}),
    ],
)
def test_each_kind_is_scored_in_all_and_by_language(
    kind: Kind, metrics: set[str], tmp_path: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    scores, samples = answer_case(case(kind, tmp_path), model, tokenizer, 64, 0, seed=0)
    assert {(s.metric, s.language) for s in scores} == {(m, lang) for m in metrics for lang in ("all", "en", "hi")}
    assert {s.n for s in scores if s.language == "hi"} == {2}
    assert all(s.stderr > 0 for s in scores if s.metric in ("accuracy", "bits_per_byte"))
    assert {s["language"] for s in samples} == {"en", "hi"}


def test_solved_examples_stand_before_the_question(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    some = case("classify", tmp_path)
    plain, shown = (prompts_of(some, tokenizer, some.test[:1], shots)[0] for shots in (0, 2))
    text = tokenizer.decode(shown)
    assert text.endswith(tokenizer.decode(plain))
    assert "track" in text and "return" in text


def test_the_shown_example_marks_what_is_trained(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    shown = shown_example(tokenizer, case("classify", tmp_path), 64)
    assert shown == "where is my parcel⏎>>⟦ track<|eos|>⟧"


def test_a_shown_prompt_that_did_not_fit_begins_with_its_first_whole_letter(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    whole = case("classify", tmp_path)
    long = replace(whole, train=(Example("मेरा ऑर्डर कब आएगा? " * 20, "track", "hi"),))
    for context in range(24, 30):
        shown = shown_example(tokenizer, long, context)
        assert shown.startswith("…") and "\ufffd" not in shown


def test_where_training_fits_and_scoring_as_much_does_not_less_is_scored_at_once(
    tmp_path: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, limit, context = reader_of(model), 50_000_000, 64

    def part_of(tokens: int) -> Rows:
        return packed([document([0] * (min(context, tokens) + 1))] * max(1, tokens // context))

    learn, spec = likelihood(next_token), LoopSpec(start=0, stop=1, peak=1e-3, warmup=1, decay_from=1)
    assert tokens_that_fit(reader, learn, part_of, spec, least=context, most=512, available=limit) == 512
    scored = tokens_scored_at_once(model, tokenizer, context, available=limit)
    assert context <= scored < SCORED_TOKENS and scored % context == 0
    assert tokens_scored_at_once(model, tokenizer, context) == SCORED_TOKENS

    with torch.inference_mode(), LiveBytes(model.parameters()) as live:
        bits_per_byte(model, tokenizer, ["where is my parcel " * 400], context=context, batch_tokens=scored)
    assert live.most < limit

    some = case("language", tmp_path)
    free, _ = answer_case(some, model, tokenizer, context, 0, seed=0)
    monkeypatch.setattr("dono.training.dry_run.available_memory", lambda device: limit)
    tight, _ = answer_case(some, model, tokenizer, context, 0, seed=0)
    assert [s.value for s in tight] == pytest.approx([s.value for s in free], rel=1e-5)
