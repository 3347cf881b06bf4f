"""Examples as ids: what is trained, what is cut, what is refused."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from dono.errors import Mistake
from dono.tokens import (
    IGNORED,
    TEMPLATES,
    Encoded,
    TaskBatches,
    encode_example,
    encode_examples,
    few_shot,
    fill,
    prompt_ids,
    render_prompt,
    show_example,
    task_batches,
)

PROMPT = "mera recharge nahi hua\n>>"


def with_chat(tokenizer: PreTrainedTokenizerBase, template: str) -> PreTrainedTokenizerBase:
    """The same tokenizer with a chat template."""
    chat = copy.deepcopy(tokenizer)
    chat.chat_template = template
    return chat


def with_bos(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """The same tokenizer, putting BOS before every text by itself, as Llama's does."""
    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    changed = copy.deepcopy(tokenizer)
    changed.backend_tokenizer.post_processor = TemplateProcessing(single="<|bos|> $A", special_tokens=[("<|bos|>", 0)])
    return changed


def test_a_prompt_is_the_template_filled(tokenizer: PreTrainedTokenizerBase) -> None:
    assert render_prompt(TEMPLATES["classify"], {"text": "{not} a field"}, tokenizer) == "{not} a field\n>>"
    assert fill('{"json": {text}}', {"text": 3}) == '{"json": 3}'


def test_a_template_that_names_an_unknown_field_is_refused() -> None:
    with pytest.raises(Mistake, match=r"names \{txt\}.*Use one of: text"):
        fill("{txt}", {"text": "a"})


def test_a_chat_template_is_used_where_there_is_one(tokenizer: PreTrainedTokenizerBase) -> None:
    chat = with_chat(
        tokenizer, "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant]{{ '\\n' }}"
    )
    assert render_prompt(TEMPLATES["generate"], {"prompt": "hi"}, chat) == "[user] hi\n[assistant]\n"


def test_few_shots_stand_before_the_question() -> None:
    shots = [({"text": "good"}, "yes"), ({"text": "bad"}, "no")]
    assert few_shot("{text}\n>>", shots, {"text": "fine"}) == "good\n>> yes\n\nbad\n>> no\n\nfine\n>>"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(prompt=st.text(max_size=30), answer=st.text(min_size=1, max_size=20).filter(lambda a: bool(a.strip())))
def test_training_and_generation_see_the_same_prompt_ids(
    tokenizer: PreTrainedTokenizerBase, prompt: str, answer: str
) -> None:
    encoded = encode_example(tokenizer, prompt, answer, max_length=1000)
    assert encoded.ids[: encoded.answer_start] == prompt_ids(tokenizer, prompt)
    assert encoded.ids[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(encoded.ids[encoded.answer_start : -1]).endswith(answer)


def test_the_shown_example_marks_what_is_trained(tokenizer: PreTrainedTokenizerBase) -> None:
    encoded = encode_example(tokenizer, PROMPT, "refund", max_length=100)
    assert show_example(tokenizer, encoded) == f"{PROMPT}⟦ refund<|eos|>⟧"


def test_a_long_prompt_loses_its_beginning_and_is_counted(tokenizer: PreTrainedTokenizerBase) -> None:
    encoded, cuts = encode_examples(tokenizer, [("बहुत " * 50 + PROMPT, "refund"), (PROMPT, "no")], max_length=40)
    assert len(encoded[0].ids) == 40 and encoded[0].prompt_cut > 0 and encoded[0].answer_cut == 0
    assert tokenizer.decode(encoded[0].ids).endswith(f"{PROMPT} refund<|eos|>")
    assert (cuts.examples, cuts.prompts, cuts.answers) == (2, 1, 0)


def test_a_long_answer_is_cut_without_eos_and_counted(tokenizer: PreTrainedTokenizerBase) -> None:
    (encoded,), cuts = encode_examples(tokenizer, [(PROMPT, "customer refund " * 40)], max_length=32)
    assert len(encoded.ids) == 32 and encoded.answer_start == 8 and cuts.answers == 1
    assert tokenizer.eos_token_id not in encoded.ids


@pytest.mark.parametrize("answer", ["", "  \n"])
def test_an_empty_answer_is_refused_with_its_place(tokenizer: PreTrainedTokenizerBase, answer: str) -> None:
    with pytest.raises(Mistake, match=r"train\.jsonl, example 2: the answer is empty"):
        encode_examples(tokenizer, [("a", "b"), ("c", answer)], max_length=50, where="train.jsonl")


def test_a_tokenizer_that_puts_bos_gets_exactly_one_also_when_cut(tokenizer: PreTrainedTokenizerBase) -> None:
    bos = with_bos(tokenizer)
    encoded = encode_example(bos, "word " * 100, "refund", max_length=20)
    assert encoded.ids[0] == 0 and encoded.ids.count(0) == 1
    assert encode_example(tokenizer, "word", "refund", max_length=20).ids.count(0) == 0


def test_a_chat_template_that_writes_bos_does_not_get_a_second(tokenizer: PreTrainedTokenizerBase) -> None:
    chat = with_chat(with_bos(tokenizer), "{{ bos_token }}{{ messages[0].content }}")
    prompt = render_prompt("{text}", {"text": "hi"}, chat)
    assert prompt_ids(chat, prompt).count(0) == 1
    with pytest.raises(Mistake, match="two BOS"):
        prompt_ids(chat, "<|bos|>" + prompt)


def examples(count: int, seed: int = 0) -> list[Encoded]:
    """Examples of random lengths; each id tells its example."""
    lengths = np.random.default_rng(seed).integers(3, 30, count)
    return [Encoded([number] * int(length), int(length) // 2) for number, length in enumerate(lengths)]


def test_an_epoch_sees_every_example_once_within_the_batch_size() -> None:
    made = examples(50)
    batches = TaskBatches(made, batch_tokens=100, seed=1, pad=0, epochs=1)
    seen = [batches.batch_at(step) for step in range(len(batches))]
    assert sorted(int(e) for batch in seen for e in batch.examples) == list(range(50))
    assert all(batch.ids.size <= 100 for batch in seen)
    filled = sum(int(batch.attention_mask.sum()) for batch in seen) / sum(batch.ids.size for batch in seen)
    assert filled > 0.85


def test_labels_mark_the_answer_and_nothing_else() -> None:
    made = [Encoded([5, 6, 7, 8], 2), Encoded([9, 10, 11], 2)]
    batch = TaskBatches(made, batch_tokens=100, seed=0, pad=0).batch_at(0)
    by_example = dict(zip(batch.examples.tolist(), batch.labels.tolist(), strict=True))
    assert by_example == {0: [IGNORED, IGNORED, 7, 8], 1: [IGNORED, IGNORED, 11, IGNORED]}


def test_eos_is_trained_also_where_it_is_the_padding(tokenizer: PreTrainedTokenizerBase) -> None:
    same = copy.deepcopy(tokenizer)
    same.pad_token = same.eos_token
    made, _ = encode_examples(same, [("a", "yes"), ("b", "a longer answer with words")], max_length=60)
    batch = task_batches(made, same, batch_tokens=1000, seed=0).batch_at(0)
    assert (batch.labels == same.eos_token_id).sum() == 2
    assert (batch.labels[batch.attention_mask == 0] == IGNORED).all()


def test_any_task_step_can_be_asked_for_directly_and_epochs_differ() -> None:
    made = examples(40)
    batches = TaskBatches(made, batch_tokens=64, seed=2, pad=0, epochs=2.5)
    streamed = [batches.batch_at(step) for step in range(len(batches))]
    again = TaskBatches(made, batch_tokens=64, seed=2, pad=0, epochs=2.5)
    for step in (len(batches) - 1, 0, 7):
        assert (again.batch_at(step).ids == streamed[step].ids).all()
    one = len(TaskBatches(made, batch_tokens=64, seed=2, pad=0, epochs=1))
    assert 2 * one <= len(batches) <= 3 * one + 3
    assert [b.examples.tolist() for b in streamed[:5]] != [b.examples.tolist() for b in streamed[one : one + 5]]


def test_an_example_with_nothing_to_train_is_refused() -> None:
    with pytest.raises(Mistake, match="example 2: nothing of the example is trained"):
        TaskBatches([Encoded([1, 2], 1), Encoded([1, 2], 2)], batch_tokens=10, seed=0, pad=0)
    with pytest.raises(Mistake, match="no example"):
        TaskBatches([], batch_tokens=10, seed=0, pad=0)
