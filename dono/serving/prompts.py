"""Conversations as ids: by the tokenizer's chat template, or in the shape that Dono's plain models learned."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.serving.contract import CalledFunction, Message, Tool
from dono.serving.refusals import Refused, invalid
from dono.tokens import encode_prompt, fill


def chat_ids(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], tools: Sequence[Tool], template: str | None
) -> list[int]:
    """The ids of a conversation, up to where the assistant answers.

    `template` is that of a use case: what a user says is put into it, as in training. Raises `Refused` where the
    tokenizer has no template and the conversation needs one, and where the template refuses it.
    """
    plain = tokenizer.chat_template is None
    if plain and (tools or any(m.role == "tool" or m.tool_calls for m in messages)):
        raise invalid("this model has no chat template, so it knows no tools", "tools")
    if all(m.role in ("system", "developer", "assistant") for m in messages):
        raise invalid("nobody asks anything: there is no message of the role user", "messages")
    if messages[-1].role == "assistant":
        raise invalid("the last message is the assistant's: there is nothing to answer", "messages")
    said = [_as_mapping(m, template, plain) for m in messages]
    try:
        shown = [tool.model_dump(exclude_none=True) for tool in tools]
        return encode_prompt(tokenizer, said, tools=shown, template=template)
    except Mistake as mistake:
        raise invalid(mistake.what, "messages") from mistake


def _as_mapping(message: Message, template: str | None, plain: bool) -> dict[str, object]:
    text = message.text
    if message.role == "user" and template is not None and not plain:
        text = fill(template, fields(text)).removesuffix("\n>>")
    role = "system" if message.role == "developer" else message.role
    found: dict[str, object] = {"role": role, "content": text}
    if message.tool_call_id is not None:
        found["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        found["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.function.name, "arguments": _read(c.function)}}
            for c in message.tool_calls
        ]  # fmt: skip
    return found


def _read(called: CalledFunction) -> object:
    """Templates go through arguments as a mapping."""
    try:
        return json.loads(called.arguments or "{}")
    except json.JSONDecodeError as error:
        raise invalid(f"the arguments of a tool call are no JSON ({error})", "messages") from error


def fields(text: str) -> Mapping[str, object]:
    """What a use case's template may name."""
    return {"text": text, "prompt": text, "language": ""}


def text_ids(tokenizer: PreTrainedTokenizerBase, prompt: str | Sequence[int], vocabulary: int, param: str) -> list[int]:
    """The ids of a prompt as the tokenizer reads a text, special tokens included; ids as they are.

    Raises `Refused` where it is empty or an id is not in the vocabulary.
    """
    if isinstance(prompt, str):
        ids = list(tokenizer(prompt, verbose=False)["input_ids"])
        if not ids and tokenizer.bos_token_id is not None:
            ids = [tokenizer.bos_token_id]  # as OpenAI does: an empty prompt is the beginning of a document
    else:
        ids = list(prompt)
        beyond = [i for i in ids if i >= vocabulary]
        if beyond:
            raise invalid(f"the id {beyond[0]} is beyond the vocabulary of {vocabulary:,}", param)
    if not ids:
        raise invalid("the prompt is empty", param)
    return ids


def room(prompt: int, most: int | None, context: int) -> int:
    """Tokens that an answer may have. Raises `Refused` where prompt and answer do not fit into the context."""
    if prompt + (most or 1) > context:
        asked = f"{prompt:,} tokens" if most is None else f"{prompt:,} tokens and {most:,} for the answer"
        message = f"the context has {context:,} tokens; the prompt has {asked}. Shorten it, or ask for fewer"
        raise Refused(400, message, param="messages", code="context_length_exceeded")
    return most or context - prompt
