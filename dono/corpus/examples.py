"""Examples of a use case: what is asked, and the answer to learn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from dono.corpus.contamination import words
from dono.corpus.formats import Reading, read_label, recognise
from dono.corpus.languages import guess_language, stated_language
from dono.corpus.neighbours import UNSURE
from dono.corpus.normalise import usable
from dono.corpus.rows import Fields, Malformed, Reject
from dono.corpus.sources import rows_of_file
from dono.errors import Mistake

NEARLY_ALL = 0.9
"""Share of a file's rows of known language that settles the language of the unsure ones (assumed)."""


@dataclass(frozen=True)
class Example:
    """One row of a use case, normalised. `language` is a code, "und" when unsure, None when it does not matter.

    `region` is what the row states in `region` or `state`.
    """

    prompt: str
    answer: str
    language: str | None
    region: str | None = None


class Loaded(NamedTuple):
    """The examples of a file, the rows set aside, and how many rows were recognised as which format."""

    examples: list[Example]
    rejects: list[Reject]
    formats: dict[str, int]


def load_examples(path: Path, kind: Literal["classify", "generate"]) -> Loaded:
    """Read a jsonl, csv or parquet file (gzip or zstd too) as examples.

    A row of a classify use case that has a text and a label is read as such; else rows are read as `recognise` does.
    The language is what the row states, else guessed; where no guess is sure (a text of two words), it is the one that
    nearly all other rows of the file have.
    Raises `Mistake` for a file that cannot be read as a whole, or in which no row is usable.
    """
    examples: list[Example] = []
    rejects: list[Reject] = []
    formats: Counter[str] = Counter()
    for found in rows_of_file(path, lambda fields: _example(fields, kind)):
        if isinstance(found, Reject):
            rejects.append(found)
        else:
            form, example = found
            examples.append(example)
            formats[form] += 1
    if not examples:
        raise _none_usable(path, rejects)
    return Loaded(_settled(examples), rejects, dict(formats.most_common()))


def _settled(examples: list[Example]) -> list[Example]:
    known = Counter(e.language for e in examples if e.language != UNSURE)
    if not known:
        return examples
    language, rows = known.most_common(1)[0]
    if rows < NEARLY_ALL * known.total():
        return examples
    return [replace(e, language=language) if e.language == UNSURE else e for e in examples]


def _example(fields: Fields, kind: str) -> tuple[str, Example]:
    reading: Reading | None = read_label(fields) if kind == "classify" else None
    reading = reading or recognise(fields)
    if reading.answer is None:
        raise Malformed(NO_ANSWER[reading.format])
    prompt, answer = usable(reading.prompt), usable(reading.answer)
    stated = next((v.strip() for n in ("region", "state") if isinstance(v := fields.get(n), str) and v.strip()), None)
    return reading.format, Example(prompt, answer, stated_language(fields) or guess_language(prompt), stated)


NO_ANSWER = {
    "messages": "the chat has no assistant turn",
    "conversations": "the chat has no assistant turn",
    "label": "no label",
    "text": "a text without an answer or a label",
}


def _none_usable(path: Path, rejects: Sequence[Reject]) -> Mistake:
    if not rejects:
        return Mistake("there is no row", where=str(path), remedy="Give at least one example")
    reason, times = Counter(r.reason for r in rejects).most_common(1)[0]
    what = f"none of {len(rejects):,} rows is usable; most often ({times:,} times): {reason}"
    remedy = 'Write rows like {"text": …, "label": …}, {"prompt": …, "answer": …} or {"messages": […]}'
    return Mistake(what, where=str(path), remedy=remedy)


def overlap(train: Sequence[Example], test: Sequence[Example]) -> list[int]:
    """Indices of train whose prompt is also one of test's, case and punctuation aside, however short it is."""
    asked = {_mark(e.prompt) for e in test}
    return [i for i, e in enumerate(train) if _mark(e.prompt) in asked]


def _mark(prompt: str) -> tuple[str, ...]:
    """A prompt without any word (an emoji) stands for itself."""
    return tuple(words(prompt)) or tuple(prompt.split())
