"""What a row says, recognised by its fields: chats, instructions, preferences, questions, labelled and plain text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dono.corpus.rows import Fields, Malformed

TEXT_FIELDS = ("text", "content", "body", "sentence", "utterance", "document", "article")
LABEL_FIELDS = ("label", "intent", "category", "class")
ANSWER_FIELDS = ("completion", "response", "answer", "output")
ROLES = {
    "user": "User", "human": "User", "assistant": "Assistant", "gpt": "Assistant", "bot": "Assistant",
    "model": "Assistant", "system": "System", "tool": "Tool", "function": "Tool", "observation": "Tool",
}  # fmt: skip
"""Names of roles in the wild, and how a turn is headed when a chat is written out."""


Turns = tuple[tuple[str, str], ...]
"""A chat: role (`User`, `Assistant`, `System`, `Tool`, …) and text of each turn."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A row understood: as a document, and, where it has an answer to learn, as prompt and answer.

    `turns` is the same as a chat that ends with the answer.
    """

    format: str
    document: str
    prompt: str = ""
    answer: str | None = None
    turns: Turns = ()


def recognise(fields: Fields) -> Reading:
    """Read a row by the first format of `FORMATS` that knows it. Raises `Malformed` with the reason."""
    for read in FORMATS.values():
        reading = read(fields)
        if reading is not None:
            return reading
    raise Malformed(f"no text among the fields {', '.join(fields)[:120]}")


def text_of(fields: Fields, name: str) -> str:
    """A field as text; numbers and truth values as they are written. Raises `Malformed`."""
    value = fields.get(name)
    if value is None:
        raise Malformed(f"no field {name!r}" if name not in fields else f"{name!r} is empty")
    if isinstance(value, str | int | float):
        return str(value)
    raise Malformed(f"{name!r} is a {type(value).__name__}, not text")


def _first(fields: Fields, names: tuple[str, ...]) -> str | None:
    for name in names:  # a generator takes four times as long, and this is asked several times of every row
        if name in fields:
            return name
    return None


def _pair(name: str, prompt: str, answer: str) -> Reading:
    return Reading(name, f"{prompt}\n{answer}", prompt, answer, asked_and_answered(prompt, answer))


def asked_and_answered(prompt: str, answer: str) -> Turns:
    """A chat of one question and its answer."""
    return (("User", prompt), ("Assistant", answer))


def read_messages(fields: Fields) -> Reading | None:
    """Chats as OpenAI and the chat templates have them: `messages` with `role` and `content`."""
    return _chat("messages", fields["messages"], "role", "content") if "messages" in fields else None


def read_conversations(fields: Fields) -> Reading | None:
    """Chats as ShareGPT has them: `conversations` with `from` and `value` (or `role` and `content`)."""
    if "conversations" not in fields:
        return None
    turns = fields["conversations"]
    plain = isinstance(turns, list) and turns and isinstance(turns[0], dict) and "role" in turns[0]
    keys = ("role", "content") if plain else ("from", "value")
    return _chat("conversations", turns, *keys)


def turns_of(messages: object, role: str, content: str) -> list[tuple[str, str]]:
    """Role and text of each turn. Raises `Malformed`."""
    if not isinstance(messages, list) or not messages:
        raise Malformed("the chat has no turn")
    turns = []
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get(role), str):
            raise Malformed(f"a turn of the chat has no {role!r}")
        text = message.get(content)
        if isinstance(text, list):  # parts, as multimodal chats have them: the text ones are read
            text = "\n".join(p["text"] for p in text if isinstance(p, dict) and isinstance(p.get("text"), str))
        if not isinstance(text, str):
            raise Malformed(f"a turn of the chat has no {content!r}")
        name = message[role]
        turns.append((ROLES.get(name.lower(), name.capitalize()), text.strip()))
    return turns


def _chat(name: str, messages: object, role: str, content: str) -> Reading:
    turns = turns_of(messages, role, content)
    last = max((i for i, (who, _) in enumerate(turns) if who == "Assistant"), default=None)
    if last is None:
        return Reading(name, written_out(turns))
    return _answered(name, written_out(turns), turns[: last + 1])


def _answered(name: str, document: str, turns: list[tuple[str, str]]) -> Reading:
    """A chat that ends with its answer."""
    return Reading(name, document, prompt_of(turns[:-1]), turns[-1][1], tuple(turns))


def written_out(turns: list[tuple[str, str]]) -> str:
    """A chat as plain text: `User: …`, a turn a line."""
    return "\n".join(f"{who}: {text}" for who, text in turns)


def prompt_of(turns: list[tuple[str, str]]) -> str:
    """What comes before an answer: one user turn as it is, several with their roles."""
    return turns[0][1] if len(turns) == 1 and turns[0][0] == "User" else written_out(turns)


def read_alpaca(fields: Fields) -> Reading | None:
    """Instructions as Alpaca has them: `instruction`, perhaps `input`, `output`."""
    if "instruction" not in fields or _first(fields, ANSWER_FIELDS) is None:
        return None
    given = text_of(fields, "input") if fields.get("input") else ""
    prompt = text_of(fields, "instruction") + (f"\n\n{given}" if given else "")
    return _pair("instruction", prompt, text_of(fields, _first(fields, ANSWER_FIELDS) or ""))


def read_preference(fields: Fields) -> Reading | None:
    """Preferences as TRL has them: `prompt`, `chosen`, `rejected`, as texts or as chats; `chosen` is the answer."""
    if "chosen" not in fields:
        return None
    chosen, prompt = fields["chosen"], fields.get("prompt")
    if not isinstance(chosen, list):
        return _pair("preference", text_of(fields, "prompt"), text_of(fields, "chosen"))
    before = turns_of(prompt, "role", "content") if isinstance(prompt, list) else []
    if isinstance(prompt, str) and len(chosen) == 1:
        before = [("User", prompt)]
    turns = before + turns_of(chosen, "role", "content")
    if len(turns) < 2:
        raise Malformed("the chosen chat has no prompt")
    return _answered("preference", written_out(turns), turns)


def read_question(fields: Fields) -> Reading | None:
    """Question answering as SQuAD has it: `question`, perhaps `context`, `answer` or `answers` (the first is taken)."""
    if "question" not in fields:
        return None
    answers: object = fields.get("answers", fields.get("answer"))
    if isinstance(answers, dict):
        answers = answers.get("text")
    answer = answers[0] if isinstance(answers, list) and answers else answers
    if not isinstance(answer, str | int | float):
        raise Malformed("the question has no answer")
    context = f"{text_of(fields, 'context')}\n" if fields.get("context") else ""
    return _pair("question", context + text_of(fields, "question"), str(answer))


def read_prompt(fields: Fields) -> Reading | None:
    """Pairs: `prompt` and `completion`, `response`, `answer` or `output`."""
    answer = _first(fields, ANSWER_FIELDS)
    if "prompt" not in fields or answer is None:
        return None
    if not isinstance(fields["prompt"], list):
        return _pair("prompt", text_of(fields, "prompt"), text_of(fields, answer))
    reply = fields[answer]
    turns = turns_of(fields["prompt"], "role", "content")
    turns += turns_of(reply, "role", "content") if isinstance(reply, list) else [("Assistant", text_of(fields, answer))]
    return _answered("prompt", written_out(turns), turns)


def read_label(fields: Fields) -> Reading | None:
    """Labelled text: `text` (or a name like it) and `label`, `intent`, `category` or `class`."""
    text, label = _first(fields, TEXT_FIELDS), _first(fields, LABEL_FIELDS)
    if text is None or label is None:
        return None
    value = fields[label]
    answer = str(value) if isinstance(value, str | int | float) and value != "" else None
    prompt = text_of(fields, text)
    return Reading("label", prompt, prompt, answer, () if answer is None else asked_and_answered(prompt, answer))


def read_plain(fields: Fields) -> Reading | None:
    """Plain text: `text`, or a name like it."""
    text = _first(fields, TEXT_FIELDS)
    return None if text is None else Reading("text", text_of(fields, text))


FORMATS: dict[str, Callable[[Fields], Reading | None]] = {
    "messages": read_messages,
    "conversations": read_conversations,
    "preference": read_preference,
    "question": read_question,
    "instruction": read_alpaca,
    "prompt": read_prompt,
    "label": read_label,
    "text": read_plain,
}
"""In the order in which they are tried; the names stand in the survey."""
