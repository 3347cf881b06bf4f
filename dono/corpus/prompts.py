"""What a model is asked: rows of files as chats that wait for an answer, with the expected one where a row has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dono.corpus.formats import ANSWER_FIELDS, Turns, recognise, text_of, turns_of
from dono.corpus.normalise import usable
from dono.corpus.rows import Fields, Malformed, Reject
from dono.corpus.sources import rows_of_file


@dataclass(frozen=True)
class Prompt:
    """A chat that ends before an answer. `expected` is the row's own answer, `fields` the whole row."""

    turns: Turns
    language: str = "und"
    expected: str | None = None
    fields: Fields = field(default_factory=dict, compare=False)

    @property
    def key(self) -> str:
        """The whole chat as one text: what decides whether it is held out."""
        return "\n".join(f"{who}: {text}" for who, text in self.turns)


def read_prompts(files: Sequence[Path]) -> Iterator[Prompt | Reject]:
    """The rows of jsonl, csv or parquet files, streaming; see `as_prompt`.

    Raises `Mistake` for a file that cannot be read as a whole.
    """
    for path in files:
        yield from rows_of_file(path, as_prompt)


def as_prompt(fields: Fields) -> Prompt:
    """A row with a `prompt` (text or chat), with `messages`, or with any text. Raises `Malformed`."""
    turns, expected = _asked(fields)
    if not turns or turns[-1][0] == "Assistant":
        raise Malformed("the chat asks nothing")
    said = tuple((who, usable(text)) for who, text in turns)
    return Prompt(said, str(fields.get("language") or fields.get("lang") or "und"), expected, fields)


def _asked(fields: Fields) -> tuple[list[tuple[str, str]], str | None]:
    if "messages" in fields:
        turns = turns_of(fields["messages"], "role", "content")
        return (turns[:-1], turns[-1][1]) if turns[-1][0] == "Assistant" else (turns, None)
    if "prompt" in fields:
        answer = next((str(fields[n]) for n in ANSWER_FIELDS if isinstance(fields.get(n), str)), None)
        if isinstance(fields["prompt"], list):
            return turns_of(fields["prompt"], "role", "content"), answer
        return [("User", text_of(fields, "prompt"))], answer
    reading = recognise(fields)
    if reading.turns:
        return list(reading.turns[:-1]), reading.turns[-1][1]
    return [("User", reading.document)], None
