"""Chats as documents: what is trained by the chat templates of the field's families, and what is refused."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import trl
from tokenizers import AddedToken
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from dono.errors import Mistake
from dono.tokens import IGNORED, Document, check_rows, encode_chat, encode_prompt, packed, prompt_ids, show_rows

TEMPLATES = Path(trl.__file__).parent / "chat_templates"
"""The templates that models of these families are published with."""
ENDS = ("<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "<|END_OF_TURN_TOKEN|>")
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CHAT = [
    {"role": "user", "content": "mera recharge nahi hua"},
    {"role": "assistant", "content": "please check"},
    {"role": "user", "content": "refund?"},
    {"role": "assistant", "content": "ठीक है।"},
]


def with_template(tokenizer: PreTrainedTokenizerBase, template: str) -> PreTrainedTokenizerBase:
    """The same tokenizer with a chat template and the tokens that end turns in it."""
    chat = copy.deepcopy(tokenizer)
    assert isinstance(chat, PreTrainedTokenizerFast)
    chat.add_tokens([AddedToken(end, special=True, normalized=False) for end in ENDS], special_tokens=True)
    chat.chat_template = template
    return chat


def shown(tokenizer: PreTrainedTokenizerBase, chat: Document) -> str:
    return show_rows(tokenizer, packed([chat]))


def spans(tokenizer: PreTrainedTokenizerBase, chat: Document) -> list[str]:
    return [part.split("⟧")[0] for part in shown(tokenizer, chat).split("⟦")[1:]]


@pytest.mark.parametrize(
    ("family", "end"),
    [
        ("qwen2_5", "<|im_end|>"),
        ("llama3", "<|eot_id|>"),
        ("llama3_2", "<|eot_id|>"),
        ("gemma", "<end_of_turn>"),
        ("gemma3", "<end_of_turn>"),
        ("phi3", "<|end|>"),
        ("cohere", "<|END_OF_TURN_TOKEN|>"),
    ],
)
def test_each_answer_is_trained_with_the_token_that_ends_its_turn(
    tokenizer: PreTrainedTokenizerBase, family: str, end: str
) -> None:
    chat = with_template(tokenizer, (TEMPLATES / f"{family}.jinja").read_text(encoding="utf8"))
    made = encode_chat(chat, CHAT, max_length=2000)
    first, second = spans(chat, made)
    assert first.strip().startswith("please check") and first.strip().endswith(end)
    assert second.strip().startswith(f"ठीक है।{end}")
    assert made.labels[-1] != IGNORED
    check_rows([packed([made])], bos=chat.bos_token_id, eos=chat.eos_token_id, where=family, vocabulary=len(chat))


def test_what_is_given_before_the_first_answer_is_the_prompt_of_generation(tokenizer: PreTrainedTokenizerBase) -> None:
    chat = with_template(tokenizer, CHATML)
    made = encode_chat(chat, CHAT, max_length=2000)
    rendered = chat.apply_chat_template(CHAT[:1], tokenize=False, add_generation_prompt=True)
    prompt = prompt_ids(chat, rendered)
    assert made.ids[: len(prompt)].tolist() == prompt
    assert (made.labels[: len(prompt) - 1] == IGNORED).all() and made.labels[len(prompt) - 1] != IGNORED


def test_line_breaks_behind_a_closed_turn_are_not_trained_and_the_last_is_left_out(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    chat = with_template(tokenizer, CHATML)
    assert shown(chat, encode_chat(chat, CHAT, max_length=2000)) == (
        "<|im_start|>user\nmera recharge nahi hua<|im_end|>\n<|im_start|>assistant\n⟦please check<|im_end|>⟧\n"
        "<|im_start|>user\nrefund?<|im_end|>\n<|im_start|>assistant\n⟦ठीक है।<|im_end|>⟧"
    )


def test_qwen3_trains_the_last_answer_with_its_thinking_and_history_as_context_only(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    chat = with_template(tokenizer, (TEMPLATES / "qwen3.jinja").read_text(encoding="utf8"))
    assert spans(chat, encode_chat(chat, CHAT, max_length=2000)) == ["<think>\n\n</think>\n\nठीक है।<|im_end|>"]


def test_a_template_whose_prompt_the_answer_does_not_continue_is_refused(tokenizer: PreTrainedTokenizerBase) -> None:
    chat = with_template(tokenizer, (TEMPLATES / "deepseek_r1_distill.jinja").read_text(encoding="utf8"))
    with pytest.raises(Mistake, match="row 7: by the chat template the answer does not begin where its prompt ends"):
        encode_chat(chat, CHAT, max_length=2000, where="row 7")


def test_a_chat_that_the_template_refuses_is_a_mistake_with_its_words(tokenizer: PreTrainedTokenizerBase) -> None:
    chat = with_template(tokenizer, (TEMPLATES / "gemma.jinja").read_text(encoding="utf8"))
    with pytest.raises(Mistake, match=r"row 7: the chat template refuses the chat \(.*alternate"):
        encode_chat(chat, [CHAT[0], *CHAT], max_length=2000, where="row 7")


def test_a_template_that_closes_no_turn_gets_eos_at_the_end(tokenizer: PreTrainedTokenizerBase) -> None:
    bare = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"
    chat = with_template(tokenizer, bare + "{% if add_generation_prompt %}[assistant]{% endif %}")
    made = encode_chat(chat, CHAT, max_length=2000)
    assert spans(chat, made) == [" please check\n", " ठीक है।\n<|eos|>"]


def test_a_token_that_reaches_across_the_end_of_the_prompt_is_trained_whole(tokenizer: PreTrainedTokenizerBase) -> None:
    spaced = "{% for m in messages %}[{{ m.role }}] {{ m.content }}<|im_end|>{% endfor %}"
    chat = with_template(tokenizer, spaced + "{% if add_generation_prompt %}[assistant] {% endif %}")
    made = encode_chat(chat, CHAT, max_length=2000)
    assert spans(chat, made) == [" please check<|im_end|>", " ठीक है।<|im_end|>"]


def test_a_template_that_leaves_the_answer_out_is_refused(tokenizer: PreTrainedTokenizerBase) -> None:
    chat = with_template(tokenizer, CHATML.replace("m.content", "m.text"))
    with pytest.raises(Mistake, match="row 7: the chat template leaves the answer out"):
        encode_chat(chat, CHAT, max_length=2000, where="row 7")


def test_a_template_that_writes_bos_does_not_get_a_second_and_two_are_refused(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    for template in (CHATML, "{{ bos_token }}" + CHATML):
        chat = with_template(tokenizer, template)
        chat.backend_tokenizer.post_processor = TemplateProcessing(single="<|bos|> $A", special_tokens=[("<|bos|>", 0)])
        made = encode_chat(chat, CHAT, max_length=2000)
        assert made.ids[0] == 0 and made.ids.tolist().count(0) == 1
        assert spans(chat, made) == ["please check<|im_end|>", "ठीक है।<|im_end|>"]
    chat = with_template(tokenizer, "{{ bos_token }}{{ bos_token }}" + CHATML)
    with pytest.raises(Mistake, match="row 7: the prompt begins with two BOS"):
        encode_chat(chat, CHAT, max_length=2000, where="row 7")


def test_without_a_template_turns_have_the_plain_shape(tokenizer: PreTrainedTokenizerBase) -> None:
    system = {"role": "system", "content": "Be short."}
    made = encode_chat(tokenizer, [system, *CHAT, CHAT[0]], max_length=2000)
    assert shown(tokenizer, made) == (
        "Be short.\nmera recharge nahi hua\n>>⟦ please check<|eos|>⟧refund?\n>>⟦ ठीक है।<|eos|>⟧"
    )


@pytest.mark.parametrize("template", [None, CHATML])
def test_eos_is_trained_also_where_it_is_the_padding_in_every_turn(
    tokenizer: PreTrainedTokenizerBase, template: str | None
) -> None:
    same = copy.deepcopy(tokenizer) if template is None else with_template(tokenizer, template)
    if template is not None:
        same.eos_token = "<|im_end|>"
    same.pad_token = same.eos_token
    made = encode_chat(same, CHAT, max_length=2000)
    assert (made.labels == same.eos_token_id).sum() == 2


@pytest.mark.parametrize("template", [None, CHATML])
def test_too_long_a_chat_loses_its_oldest_turns_whole_and_keeps_the_system_message(
    tokenizer: PreTrainedTokenizerBase, template: str | None
) -> None:
    chat = tokenizer if template is None else with_template(tokenizer, template)
    system = {"role": "system", "content": "Be short."}
    many = [
        {"role": role, "content": f"{word} {number}"}
        for number in range(12)
        for role, word in (("user", "question"), ("assistant", "answer"))
    ]
    whole = encode_chat(chat, [system, *many], max_length=10_000)
    made = encode_chat(chat, [system, *many], max_length=len(whole.ids) // 2)
    text = shown(chat, made)
    kept = spans(chat, made)
    assert len(made.ids) < len(whole.ids) // 2
    assert len(made.ids) > len(whole.ids) // 2 - 2 * len(whole.ids) // 12
    assert "Be short." in text and kept == spans(chat, whole)[-len(kept) :]
    assert text.count("question") == text.count("answer") == len(kept)


@pytest.mark.parametrize("template", [None, CHATML])
def test_a_last_turn_that_alone_is_too_long_loses_the_beginning_of_its_prompt(
    tokenizer: PreTrainedTokenizerBase, template: str | None
) -> None:
    chat = tokenizer if template is None else with_template(tokenizer, template)
    long = [*CHAT[:2], {"role": "user", "content": "order late " * 100}, CHAT[3]]
    made = encode_chat(chat, long, max_length=60)
    (span,) = spans(chat, made)
    assert len(made.ids) == 59 and span.strip().startswith("ठीक है।") and span.endswith(("<|eos|>", "<|im_end|>"))
    made = encode_chat(chat, [CHAT[0], {"role": "assistant", "content": "order late " * 100}], max_length=60)
    assert len(made.ids) == 59 and made.labels[-1] != IGNORED and shown(chat, made).split("⟦")[0].strip()
    assert not spans(chat, made)[0].endswith(("<|eos|>", "<|im_end|>"))


def test_what_the_assistant_says_before_it_is_asked_is_not_trained(tokenizer: PreTrainedTokenizerBase) -> None:
    chat = with_template(tokenizer, CHATML)
    made = encode_chat(chat, [{"role": "assistant", "content": "Namaste!"}, *CHAT[:2]], max_length=2000)
    assert spans(chat, made) == ["please check<|im_end|>"] and "Namaste!" in shown(chat, made)


def test_a_chat_without_an_answer_or_with_an_empty_one_is_refused(tokenizer: PreTrainedTokenizerBase) -> None:
    for without in ([], CHAT[:1], [{"role": "system", "content": "s"}, CHAT[1]]):
        with pytest.raises(Mistake, match="row 7: the chat has no answer"):
            encode_chat(tokenizer, without, max_length=100, where="row 7")
    with pytest.raises(Mistake, match="row 7: the answer is empty"):
        encode_chat(tokenizer, [CHAT[0], {"role": "assistant", "content": " \n"}], max_length=100, where="row 7")


@pytest.mark.parametrize("template", [None, CHATML])
def test_an_answer_is_generated_where_it_was_trained(tokenizer: PreTrainedTokenizerBase, template: str | None) -> None:
    chat = tokenizer if template is None else with_template(tokenizer, template)
    for messages in (CHAT, CHAT[:2], [{"role": "system", "content": "short"}, *CHAT]):
        whole = encode_chat(chat, messages, max_length=400)
        prompt = encode_prompt(chat, messages[:-1], max_length=400)
        last = [i for i in range(len(whole.labels)) if whole.labels[i] != IGNORED]
        begins = next(i for i in reversed(last) if i - 1 not in last)
        assert whole.ids[: begins + 1].tolist() == prompt
    assert encode_prompt(chat, CHAT[:1], max_length=3) == encode_prompt(chat, CHAT[:1], max_length=400)[-3:]
