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
    Document,
    Encoded,
    Rows,
    TaskBatches,
    document,
    encode_example,
    encode_examples,
    few_shot,
    fill,
    packed,
    prompt_ids,
    render_prompt,
    separate,
    show_rows,
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
    assert show_rows(tokenizer, packed([encoded.document])) == f"{PROMPT}⟦ refund<|eos|>⟧"


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


def examples(count: int, seed: int = 0) -> list[Document]:
    """Examples of random lengths; each id tells its example."""
    lengths = np.random.default_rng(seed).integers(3, 30, count)
    return [document([number] * int(length), int(length) // 2) for number, length in enumerate(lengths)]


def seen(parts: list[Rows]) -> list[int]:
    """The numbers of the examples in the parts of one step, in order; filling left out."""
    return sorted(int(d.ids[0]) for rows in parts if rows.tokens for d in separate(rows) if (d.labels >= 0).any())


@pytest.mark.parametrize("pack", [True, False])
def test_an_epoch_sees_every_example_once_within_the_batch_size(pack: bool) -> None:
    batches = TaskBatches(examples(50), batch_tokens=100, seed=1, pad=0, pack=pack)
    steps = [batches.parts_at(step) for step in range(len(batches))]
    assert sorted(number for parts in steps for number in seen(parts)) == list(range(50))
    assert all(sum(rows.tokens for rows in parts) <= 100 for parts in steps)
    assert all(rows.inputs.size <= 100 for parts in steps for rows in parts)
    filled = sum(rows.tokens for parts in steps for rows in parts) / (100 * len(steps))
    assert filled > 0.85


def test_packed_steps_hold_no_filling_at_all_unless_one_shape_is_asked_for() -> None:
    made = examples(80)
    for part_tokens in (None, 40):
        loose = TaskBatches(made, batch_tokens=200, seed=1, pad=0, part_tokens=part_tokens)
        fixed = TaskBatches(made, batch_tokens=200, seed=1, pad=0, part_tokens=part_tokens, fixed=True)
        for step in range(len(loose)):
            assert all(rows.inputs.size == rows.tokens for rows in loose.parts_at(step))
            assert {rows.inputs.size for rows in fixed.parts_at(step)} == {35 if part_tokens else 200}
            assert seen(fixed.parts_at(step)) == seen(loose.parts_at(step))


def test_one_shape_is_at_least_as_long_as_the_longest_example() -> None:
    made = [*examples(20), document([99] * 61)]
    batches = TaskBatches(made, batch_tokens=50, seed=1, pad=0, part_tokens=25, fixed=True)
    shapes = {rows.inputs.shape for step in range(len(batches)) for rows in batches.parts_at(step)}
    assert shapes == {(1, 60)}


@pytest.mark.parametrize("pack", [True, False])
@pytest.mark.parametrize("processes", [1, 3])
def test_what_a_step_learns_from_does_not_depend_on_how_it_is_cut(pack: bool, processes: int) -> None:
    made = examples(60)
    whole = TaskBatches(made, batch_tokens=200, seed=3, pad=0, epochs=2)
    cut = TaskBatches(
        made, batch_tokens=200, seed=3, pad=0, epochs=2, part_tokens=45, processes=processes, pack=pack
    )  # fmt: skip
    assert len(cut) == len(whole)
    for step in range(len(whole)):
        uncut, parts = whole.parts_at(step), cut.parts_at(step)
        assert len(uncut) == 1 and seen(parts) == seen(uncut) == sorted(whole.numbers_at(step).tolist())
        assert sum(rows.tokens for rows in parts) == uncut[0].tokens
        assert len(parts) % processes == 0 and all(rows.inputs.size <= 45 for rows in parts)


@pytest.mark.parametrize("pack", [True, False])
def test_a_process_without_an_example_gets_filling_that_trains_nothing(pack: bool) -> None:
    batches = TaskBatches(examples(2), batch_tokens=500, seed=0, pad=7, processes=4, pack=pack)
    parts = batches.parts_at(0)
    assert len(parts) == 4 and seen(parts) == [0, 1]
    empty = [rows for rows in parts if rows.tokens == 0]
    assert len(empty) == 2 and all((rows.labels == IGNORED).all() and rows.inputs.size for rows in empty)


def test_a_step_mixes_short_and_long_examples() -> None:
    made = examples(400)
    batches = TaskBatches(made, batch_tokens=300, seed=0, pad=0)
    means = [np.mean([len(made[i].ids) for i in batches.numbers_at(step)]) for step in range(len(batches))]
    assert np.std(means) < 3  # 8 where steps are of near lengths; 2 by chance for 19 examples of 3 to 29 tokens


def test_labels_mark_the_answer_and_nothing_else() -> None:
    made = [Encoded([5, 6, 7, 8], 2).document, Encoded([9, 10, 11], 2).document]
    (packed_rows,) = TaskBatches(made, batch_tokens=100, seed=0, pad=0).parts_at(0)
    (padded_rows,) = TaskBatches(made, batch_tokens=100, seed=0, pad=0, pack=False).parts_at(0)
    for rows in (packed_rows, padded_rows):
        by_example = {int(d.ids[0]): d.labels.tolist() for d in separate(rows)}
        assert by_example == {5: [IGNORED, 7, 8], 9: [IGNORED, 11]}


def test_eos_is_trained_also_where_it_is_the_padding(tokenizer: PreTrainedTokenizerBase) -> None:
    same = copy.deepcopy(tokenizer)
    same.pad_token = same.eos_token
    made, _ = encode_examples(same, [("a", "yes"), ("b", "a longer answer with words")], max_length=60)
    for pack in (True, False):
        (rows,) = task_batches(made, same, batch_tokens=1000, seed=0, pack=pack).parts_at(0)
        assert (rows.labels == same.eos_token_id).sum() == 2


@pytest.mark.parametrize("pack", [True, False])
def test_any_task_step_can_be_asked_for_directly_and_epochs_differ(pack: bool) -> None:
    def made() -> TaskBatches:
        return TaskBatches(examples(40), batch_tokens=64, seed=2, pad=0, epochs=2.5, part_tokens=32, pack=pack)

    batches, again = made(), made()
    streamed = [batches.parts_at(step) for step in range(len(batches))]
    for step in (len(batches) - 1, 0, 7, len(batches) + 3):
        for one, same in zip(again.parts_at(step), batches.parts_at(step), strict=True):
            assert one.inputs.tolist() == same.inputs.tolist() and one.labels.tolist() == same.labels.tolist()
    single = len(TaskBatches(examples(40), batch_tokens=64, seed=2, pad=0, epochs=1))
    assert 2 * single <= len(batches) <= 3 * single + 3
    assert [seen(parts) for parts in streamed[:5]] != [seen(parts) for parts in streamed[single : single + 5]]


def test_an_example_with_nothing_to_train_is_refused() -> None:
    with pytest.raises(Mistake, match="example 2: nothing of the example is trained"):
        TaskBatches([document([1, 2], 1), document([1, 2], 2)], batch_tokens=10, seed=0, pad=0)
    with pytest.raises(Mistake, match="no example"):
        TaskBatches([], batch_tokens=10, seed=0, pad=0)
