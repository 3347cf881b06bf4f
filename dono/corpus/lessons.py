"""What one run learns from: rows of files as texts, as chats with answers, or as preferences."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dono.corpus.documents import SCHEMA
from dono.corpus.formats import Turns, recognise
from dono.corpus.normalise import usable
from dono.corpus.rows import Fields, Malformed, Reject
from dono.corpus.sources import rows_of_file
from dono.errors import Mistake

LessonKind = Literal["texts", "answers", "preferences", "thumbs"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One row, normalised. `text` is the whole row written out.

    `turns` is a chat that ends with the answer to learn (empty: there is none); `rejected` a worse answer to the same;
    `desirable` a verdict on the answer (None: nobody gave one).
    """

    format: str
    text: str
    turns: Turns = ()
    rejected: str | None = None
    desirable: bool | None = None

    @property
    def kind(self) -> LessonKind:
        """What can be learned from it at most."""
        if self.rejected is not None:
            return "preferences"
        if self.desirable is not None:
            return "thumbs"
        return "answers" if self.turns else "texts"


def lesson_files(patterns: Sequence[str], folder: Path) -> list[Path]:
    """The files that paths or patterns name, relative to `folder`, each once. Raises `Mistake` where there is none."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        whole = folder / pattern
        files = [whole] if whole.is_file() else sorted(Path(f) for f in glob.glob(str(whole), recursive=True))
        files = [f for f in files if f.is_file()]
        if not files:
            raise Mistake(f"no file matches {pattern!r}", where="data", remedy="Correct the path or the pattern")
        found |= dict.fromkeys(files)
    return list(found)


def read_lessons(files: Sequence[Path]) -> Iterator[Lesson | Reject]:
    """The rows of jsonl, csv, parquet or text files (gzip or zstd too), recognised by their fields; streaming.

    Of a gathered corpus (its `documents.parquet`) only the documents to learn from: not those held out or tested on.
    Raises `Mistake` for a file that cannot be read as a whole.
    """
    for path in files:
        yield from rows_of_file(path, lambda fields: None if _kept_back(fields) else _lesson(fields))


def _kept_back(fields: Fields) -> bool:
    """Whether it is a document of a gathered corpus that nothing may learn from."""
    return fields.keys() >= set(SCHEMA.names) and fields["split"] != "train"


def _lesson(fields: Fields) -> Lesson:
    reading = recognise(fields)
    turns = tuple((role, usable(text)) for role, text in reading.turns)
    if reading.format != "preference":
        label = fields.get("label") if reading.format == "prompt" else None
        return Lesson(
            reading.format, usable(reading.document), turns, desirable=label if isinstance(label, bool) else None
        )
    if "rejected" not in fields:
        raise Malformed("no field 'rejected'")
    worse = recognise({**fields, "chosen": fields["rejected"]})
    if worse.prompt != reading.prompt:
        raise Malformed("the chosen and the rejected answer have different prompts")
    rejected = usable(worse.answer or "")
    if rejected == turns[-1][1]:
        raise Malformed("the chosen and the rejected answer are the same")
    return Lesson(reading.format, usable(reading.document), turns, rejected)
