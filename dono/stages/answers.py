"""A model asked a use case's test: the same frozen prompts for every arm, scored with the use case's metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.corpus import Example
from dono.evals import (
    Score,
    answer_log_likelihoods,
    bits_per_byte,
    generate,
    label_log_likelihoods,
    score_answers,
    score_bits,
    score_label_bits,
)
from dono.stages.prepare import Case
from dono.tokens import (
    TEMPLATES,
    answer_ids,
    cut_left,
    encode_example,
    few_shot,
    packed,
    prompt_ids,
    render_prompt,
    show_rows,
)
from dono.training.dry_run import scoring_that_fits

Sample = dict[str, str]
SAMPLES = 8
"""How many test prompts are shown with each arm's answer: spread over the test, so over its languages."""
ROOM_FOR_ANSWER = 1.25
"""A generated answer may be this much longer than the longest trained answer (assumed)."""


def template_of(case: Case) -> str:
    """The prompt template of a use case: the person's, or the plain one of its kind."""
    return case.use_case.prompt or TEMPLATES[case.use_case.kind]


def fields_of(case: Case, example: Example) -> dict[str, str]:
    """What a template may name."""
    fields = {"text": example.prompt, "prompt": example.prompt, "language": example.language or ""}
    return fields if case.use_case.target is None else fields | {"target": case.use_case.target}


def render_pairs(case: Case, tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example]) -> list[tuple[str, str]]:
    """Prompts as the model sees them, with their answers; habits are sentences already."""
    if case.use_case.kind == "habits":
        return [(e.prompt, e.answer) for e in examples]
    template = template_of(case)
    return [(render_prompt(template, fields_of(case, e), tokenizer), e.answer) for e in examples]


def shown_example(tokenizer: PreTrainedTokenizerBase, case: Case, context: int) -> str:
    """The first training example as the model sees it, on one line, what is trained between ⟦ and ⟧; a prompt or answer
    that did not fit is cut where it was.
    """
    prompt, answer = render_pairs(case, tokenizer, case.train[:1])[0]
    encoded = encode_example(tokenizer, prompt, answer, max_length=context, where=case.use_case.name)
    shown = show_rows(tokenizer, packed([encoded.document])).replace("\n", "⏎")
    if encoded.prompt_cut:
        shown = "…" + shown.lstrip(HALF_A_CHARACTER)
    return shown.replace("⟧", "…⟧") if encoded.answer_cut else shown


HALF_A_CHARACTER = "\ufffd"
"""What decoding makes of the bytes of a character whose other tokens were cut off."""
SCORED_TOKENS = 4096
"""At most so many tokens are scored in one pass; twice as many where answers are written (assumed)."""


def tokens_scored_at_once(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int, *, available: int | None = None
) -> int:
    """How many tokens one pass of `answer_case` may read, found by a dry run of full rows both ways.

    Raises `Mistake` where not even one row fits.
    """

    def score(tokens: int) -> None:
        rows = max(1, tokens // context)
        answer = [tokenizer.eos_token_id] * min(tokens, context)
        answer_log_likelihoods(
            model, tokenizer, [answer[:1]] * rows, [answer] * rows, batch_tokens=rows * (len(answer) + 1)
        )
        generate(model, tokenizer, [answer] * (2 * rows), max_new_tokens=1, batch_tokens=2 * rows * (len(answer) + 1))

    return scoring_that_fits(model, score, least=context, most=max(context, SCORED_TOKENS), available=available)


@dataclass(frozen=True)
class Given:
    """What a model answered to a test, item by item. What a kind of use case does not have is None.

    `answers`: labels chosen by likelihood, or texts written; `written`: texts written (labels too); `likelihoods` of
    labels in nats [n, labels]; `bits` and `sizes` in bytes of a text or of the right answer, [n] each.
    """

    answers: tuple[str, ...] | None = None
    written: tuple[str, ...] | None = None
    likelihoods: np.ndarray | None = None
    bits: np.ndarray | None = None
    sizes: np.ndarray | None = None


def ask_case(
    case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int, shots: int
) -> Given:  # fmt: skip
    """Ask a model the frozen test: labels by likelihood and in writing, answers in writing, texts for bits."""
    at_once = tokens_scored_at_once(model, tokenizer, context)
    if case.use_case.kind == "language":
        texts = [e.answer for e in case.test]
        bits, sizes = bits_per_byte(model, tokenizer, texts, context=context, batch_tokens=at_once)
        return Given(bits=bits, sizes=sizes)
    kept, room = fitted_prompts(case, tokenizer, context, shots)
    stop = "\n" if shots or not case.train else None
    written = generate(model, tokenizer, kept, max_new_tokens=room, stop=stop, batch_tokens=2 * at_once)
    texts = [a.text for a in written]
    if case.use_case.kind == "generate":
        bits, sizes = _answer_bits(case, model, tokenizer, kept, at_once)
        return Given(answers=tuple(texts), written=tuple(texts), bits=bits, sizes=sizes)
    label_ids = [[*answer_ids(tokenizer, ">>", label), tokenizer.eos_token_id] for label in case.labels]
    if shots:  # after solved examples an answer ends in a line break, not in EOS
        label_ids = [ids[:-1] for ids in label_ids]
    likelihoods = label_log_likelihoods(model, tokenizer, kept, label_ids, batch_tokens=at_once)
    chosen = tuple(case.labels[i] for i in likelihoods.argmax(1))
    return Given(answers=chosen, written=tuple(texts), likelihoods=likelihoods)


def fitted_prompts(
    case: Case, tokenizer: PreTrainedTokenizerBase, context: int, shots: int
) -> tuple[list[list[int]], int]:  # fmt: skip
    """The prompts of a test as ids, cut on the left to leave room for an answer, and that room in tokens."""
    longest = _longest_answer(case, tokenizer)
    room = min(int(longest * ROOM_FOR_ANSWER) + 2, max(8, context // 2))
    return [cut_left(tokenizer, p, context - room) for p in prompts_of(case, tokenizer, case.test, shots)], room


def answer_case(
    case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int, shots: int, seed: int
) -> tuple[list[Score], list[Sample]]:
    """Score a model on the frozen test of a case; also a few answers to look at.

    A classify use case is scored by label likelihood (accuracy, macro_f1) and by generation (`generated_accuracy`).
    """
    given = ask_case(case, model, tokenizer, context, shots)
    languages = [e.language or "und" for e in case.test]
    expected = [e.answer for e in case.test]
    if case.use_case.kind == "language":
        assert given.bits is not None and given.sizes is not None
        return score_bits(given.bits, given.sizes, languages, seed=seed), _continuations(case, model, tokenizer)
    assert given.answers is not None and given.written is not None
    if case.use_case.kind == "generate":
        assert given.bits is not None and given.sizes is not None
        scores = score_answers(given.answers, expected, languages, ["chrf", "chrf_plus_plus", "exact_match"], seed=seed)
        scores += score_bits(given.bits, given.sizes, languages, seed=seed, metric="answer_bits_per_byte")
        return scores, shown_answers(case, given.answers)
    assert given.likelihoods is not None
    scores = score_answers(given.answers, expected, languages, ["accuracy", "macro_f1"], seed=seed)
    scores += score_label_bits(given.likelihoods, [case.labels.index(e) for e in expected], languages)
    for s in score_answers(given.written, expected, languages, ["accuracy", "macro_f1"], seed=seed):
        scores.append(Score(f"generated_{s.metric}", s.language, s.value, s.stderr, s.n))
    return scores, shown_answers(case, given.answers)


def _answer_bits(
    case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[list[int]], at_once: int
) -> tuple[np.ndarray, np.ndarray]:
    """Bits of the expected answers, EOS included, and their bytes: [n] each."""
    answers = [[*answer_ids(tokenizer, ">>", e.answer), tokenizer.eos_token_id] for e in case.test]
    nats = answer_log_likelihoods(model, tokenizer, prompts, answers, batch_tokens=at_once)
    return -nats / np.log(2), np.array([max(1, len(e.answer.encode())) for e in case.test], dtype=np.float64)


def prompts_of(
    case: Case, tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example], shots: int
) -> list[list[int]]:
    """The prompts of some examples as ids, with `shots` solved examples before each; not cut to any context."""
    template = template_of(case)
    if not shots:
        return [prompt_ids(tokenizer, render_prompt(template, fields_of(case, e), tokenizer)) for e in examples]
    shown = [(fields_of(case, e), e.answer) for e in chosen_shots(case, shots)]
    return [prompt_ids(tokenizer, few_shot(template, shown, fields_of(case, e))) for e in examples]


def chosen_shots(case: Case, shots: int) -> list[Example]:
    """The shortest example of each of `shots` different answers, so that several fit in the context."""
    by_answer: dict[str, Example] = {}
    for example in sorted(case.train, key=lambda e: (len(e.prompt), e.prompt)):
        by_answer.setdefault(example.answer, example)
    return list(by_answer.values())[:shots]


def _longest_answer(case: Case, tokenizer: PreTrainedTokenizerBase) -> int:
    if case.use_case.kind == "classify":
        return max(len(answer_ids(tokenizer, ">>", label)) for label in case.labels)
    return max(len(answer_ids(tokenizer, ">>", e.answer)) for e in case.train[:2000])


def _spread(case: Case) -> list[int]:
    n = len(case.test)
    return sorted({i * n // SAMPLES for i in range(min(SAMPLES, n))})


def shown_answers(case: Case, answers: Sequence[str]) -> list[Sample]:
    """A few answers beside what was expected, spread over the test."""
    return [
        {"prompt": e.prompt, "answer": answers[i], "expected": e.answer, "language": e.language or "und"}
        for i, e in ((i, case.test[i]) for i in _spread(case))
    ]


def _continuations(case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[Sample]:
    """How the model goes on after the first words of held-out documents."""
    chosen = [case.test[i] for i in _spread(case)]
    openings = [" ".join(e.answer.split()[:4]) for e in chosen]
    prompts = [[tokenizer.eos_token_id, *tokenizer.encode(o, add_special_tokens=False)] for o in openings]
    answers = generate(model, tokenizer, prompts, max_new_tokens=40)
    return [
        {"prompt": o, "answer": a.text, "expected": " ".join(e.answer.split()[4:24]), "language": e.language or "und"}
        for e, o, a in zip(chosen, openings, answers, strict=True)
    ]
