"""Chats of several turns as one document: what the assistant says is trained, with the token that ends its turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np
from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.tokens.rows import IGNORED, Document, document
from dono.tokens.tasks import TEMPLATES, answer_ids, cut_left, empty_answer, eos_id, fill, fitted, prompt_ids, with_bos
from dono.tokens.train import encode_plain

Message = Mapping[str, str]
"""`role` and `content`."""


class _Laid(NamedTuple):
    """A chat as ids; `spans` are the beginning and the end of each turn's answer, equal where it is not trained."""

    ids: list[int]
    spans: list[tuple[int, int]]


def encode_chat(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], *, max_length: int, where: str = "chat"
) -> Document:
    """A chat as a document of at most `max_length` ids; only what the assistant says is trained, and its end.

    With a chat template each answer begins where the template's prompt for it ends, as in generation (a token that
    reaches across is trained whole), and ends with the special token that closes the turn; where the template closes
    the last turn with none, EOS is added. Templates that write an answer otherwise once the chat has gone on (Qwen3
    drops the thinking) leave earlier answers untrained: they are never generated in that form. Without a template,
    turns have the shape of `TEMPLATES`.

    Too long: the oldest turns are dropped whole, a system message stays; a last turn that alone is too long is cut as
    `encode_example` cuts. Messages after the last answer are left out.
    Raises `Mistake`, naming `where`, when there is nothing to learn, when an answer is empty, when the template refuses
    the chat, and when its last answer is not in the template's text or does not begin where its prompt ends.
    """
    system = list(messages[:1]) if messages and messages[0]["role"] == "system" else []
    turns = _turns(messages[len(system) :], where)
    while True:
        laid = _laid(tokenizer, system, turns, where)
        excess = len(laid.ids) - max_length
        if excess <= 0 or len(turns) == 1:
            break
        turns = turns[1 + sum(end < excess for _, end in laid.spans[:-2]) :]
    if excess > 0:
        start = laid.spans[0][0]
        shown, kept = fitted(tokenizer, laid.ids[:start], laid.ids[start:], max_length)
        return document([*shown, *kept], len(shown))
    ids, following = document(laid.ids)
    labels = np.full_like(following, IGNORED)
    for start, end in laid.spans:
        labels[start - 1 : end - 1] = following[start - 1 : end - 1]
    return Document(ids, labels)


def _turns(messages: Sequence[Message], where: str) -> list[list[Message]]:
    """The messages up to each answer, and the answer; what the assistant says before it is asked is not an answer."""
    turns: list[list[Message]] = [[]]
    asked = False
    for message in messages:
        turns[-1].append(message)
        if message["role"] != "assistant":
            asked = True
        elif asked:
            if not message["content"].strip():
                raise empty_answer(where)
            turns.append([])
    if len(turns) == 1:
        remedy = 'Give at least one message of the role "assistant" after one of another'
        raise Mistake("the chat has no answer, so nothing would be learned", where=where, remedy=remedy)
    return turns[:-1]


def _laid(tokenizer: PreTrainedTokenizerBase, system: list[Message], turns: list[list[Message]], where: str) -> _Laid:
    if tokenizer.chat_template is None:
        return _plain(tokenizer, system, turns)
    return _templated(tokenizer, system, turns, where)


def _plain(
    tokenizer: PreTrainedTokenizerBase,
    system: list[Message],
    turns: list[list[Message]],
    template: str = TEMPLATES["generate"],
) -> _Laid:
    """Turns in the shape of the plain templates, which a base model without a chat template can follow."""
    ids: list[int] = []
    spans = []
    for number, turn in enumerate(turns):
        said = [message["content"] for message in ([] if number else system) + turn[:-1]]
        whole = "\n".join(said)
        prompt = fill(template, {"prompt": whole, "text": whole, "language": ""})
        ids += encode_plain(tokenizer, [prompt])[0] if number else prompt_ids(tokenizer, prompt)
        start = len(ids)
        ids += [*answer_ids(tokenizer, prompt, turn[-1]["content"]), eos_id(tokenizer)]
        spans.append((start, len(ids)))
    return _Laid(ids, spans)


def _templated(
    tokenizer: PreTrainedTokenizerBase, system: list[Message], turns: list[list[Message]], where: str
) -> _Laid:
    """The whole chat by the template; answers are found by rendering what is before them and what ends with them."""
    prompts, ends = [], []
    said = list(system)
    for turn in turns:
        said += turn[:-1]
        prompts.append(_render(tokenizer, said, where, prompt=True))
        said.append(turn[-1])
        ends.append(_render(tokenizer, said, where, prompt=False))
    whole = ends[-1]
    if not whole.startswith(prompts[-1]):
        what = "by the chat template the answer does not begin where its prompt ends"
        remedy = "Give a template that renders both alike, or answers as it expects them"
        raise Mistake(what, where=where, remedy=remedy)
    encoded = tokenizer([*prompts, *ends], add_special_tokens=False, verbose=False)["input_ids"]
    encoded = [with_bos(tokenizer, list(ids), where=where) for ids in encoded]
    ids = encoded[-1]
    closing = _closing(tokenizer)
    spans = []
    for prompt, before, upto in zip(prompts, encoded[: len(turns)], encoded[len(turns) :], strict=True):
        start = _shared(before, ids)
        end = max(start, _shared(upto, ids)) if whole.startswith(prompt) else start
        spans.append((start, start + len(_closed(tokenizer, ids[start:end], closing))))
    ids = ids[: spans[-1][1]]
    if not tokenizer.decode(ids[spans[-1][0] :], skip_special_tokens=True).strip():
        remedy = "Give a template that takes the content of a message as text"
        raise Mistake("the chat template leaves the answer out", where=where, remedy=remedy)
    if ids[-1] not in closing:
        ids.append(eos_id(tokenizer))
        spans[-1] = (spans[-1][0], len(ids))
    return _Laid(ids, spans)


def _render(
    tokenizer: PreTrainedTokenizerBase,
    messages: list[Message],
    where: str,
    *,
    prompt: bool,
    tools: Sequence[Mapping[str, object]] = (),
) -> str:
    chat = [dict(message) for message in messages]
    try:
        given = {"tools": [dict(tool) for tool in tools]} if tools else {}
        rendered = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=prompt, **given)
    except TemplateError as error:
        what = f"the chat template refuses the chat ({error})"
        raise Mistake(what, where=where, remedy="Order the roles as the template expects them") from error
    assert isinstance(rendered, str)
    return rendered


def _shared(one: list[int], other: list[int]) -> int:
    """How many ids are equal from the beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _closing(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The special tokens: one of them ends a turn."""
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    return special | {eos_id(tokenizer)}


def _closed(tokenizer: PreTrainedTokenizerBase, answer: list[int], closing: set[int]) -> list[int]:
    """An answer without the white space behind the special token that closes it."""
    for end in range(len(answer), 0, -1):
        if answer[end - 1] in closing:
            return answer[:end]
        if tokenizer.decode([answer[end - 1]]).strip():
            break
    return answer


def encode_prompt(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[Mapping[str, Any]],
    *,
    max_length: int | None = None,
    tools: Sequence[Mapping[str, object]] = (),
    template: str | None = None,
    where: str = "prompt",
) -> list[int]:
    """The ids after which the next answer of a chat is generated, as `encode_chat` trains it; the last `max_length`.

    `tools` are for chat templates that know them; `template` takes the place of the plain one where there is none.
    """
    if tokenizer.chat_template is None:
        system = list(messages[:1]) if messages and messages[0]["role"] == "system" else []
        turns = _turns([*messages[len(system) :], {"role": "assistant", "content": "?"}], where)
        laid = _plain(tokenizer, system, turns, template or TEMPLATES["generate"])
        ids = laid.ids[: laid.spans[-1][0]]
    else:
        rendered = _render(tokenizer, list(messages), where, prompt=True, tools=tools)
        encoded = tokenizer(rendered, add_special_tokens=False, verbose=False)["input_ids"]
        ids = with_bos(tokenizer, list(encoded), where=where)
    return ids if max_length is None else cut_left(tokenizer, ids, max_length)
