"""From a source's parts to texts: rows read, understood, written out, normalised, grouped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dono.corpus.groups import GroupedRow, Groups
from dono.corpus.normalise import usable
from dono.corpus.parts import Part
from dono.corpus.rows import Broken, Malformed, Reject, Row, set_aside
from dono.corpus.sources import reader_of
from dono.corpus.understanding import Understanding, Written, field_of
from dono.project import Source

TOLD_EVERY = 1 << 18
"""Bytes between two reports of progress."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A normalised text on its way into the corpus.

    `format` says how its row was understood, `key` says whose it is and so decides whether it is held out (a group's
    key, the source's `key` column, else the text as it was read); `language` is None if not stated.
    `found` counts what a step found in it, by name ("pii mobile": 2).
    """

    text: str
    language: str | None
    format: str
    key: str
    file: str
    line: int
    region: str | None = None
    period: str | None = None
    found: Mapping[str, int] = field(default_factory=dict)

    def spoken(self, language: str | None, found: Mapping[str, int]) -> Draft:
        """The draft with a language and what a step found. (`replace` takes four times as long for each text.)"""
        return Draft(self.text, language, self.format, self.key, self.file, self.line, self.region, self.period, found)


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that gives no text. `key` is the source's for it, None where it has none or the row could not be read."""

    reject: Reject
    key: str | None


def drafts(
    source: Source, parts: Sequence[Part], folder: Path, read: Callable[[int], None]
) -> Iterator[Draft | Refused]:
    """The texts of a source in the order of its parts, and the rows set aside.

    With `group_by` the rows of a group, ordered by `order_by`, are one text (several where it would be longer than
    `groups.LONGEST`), and the groups come in the order of their keys; `folder` then holds them meanwhile. `read` is
    told the bytes read so far.
    """
    understanding = Understanding(source)
    source = understanding.source
    groups = Groups(folder / f".{source.name}.groups") if source.group_by else None
    for part, row in _rows(source, parts, read):
        try:
            if isinstance(row, Broken):
                raise Malformed(row.reason)
            written = understanding.written(row.fields)
            key = usable(str(field_of(row.fields, source.key))) if source.key else written.key
        except Malformed as error:
            yield Refused(set_aside(source.name, part, row, error), _whose(row, source))
            continue
        if groups is not None:
            for number, text in enumerate(written.texts):
                groups.add(_grouped(written, number, text, part, row), written.rank)
            continue
        for text in written.texts:
            yield Draft(text, written.language, written.format, key or text, part.name, row.line,
                        written.region, written.period)  # fmt: skip
    if groups is not None:
        for group in groups.documents():
            yield Draft(group.text, group.language, f"rows grouped by {source.group_by}", group.key, group.file,
                        group.line, group.region, group.period)  # fmt: skip


def _whose(row: Row | Broken, source: Source) -> str | None:
    """The key of a row that gives no text, as that of one that does is known."""
    name = source.key or source.group_by
    if isinstance(row, Broken) or name is None:
        return None
    try:
        return usable(str(field_of(row.fields, name)))
    except Malformed:
        return None


def _grouped(written: Written, number: int, text: str, part: Part, row: Row) -> GroupedRow:
    assert written.group is not None
    return GroupedRow(
        written.group, number, text, written.language, part.name, row.line, written.region, written.period
    )


def _rows(source: Source, parts: Sequence[Part], read: Callable[[int], None]) -> Iterator[tuple[Part, Row | Broken]]:
    reader, done, told = reader_of(source), 0, 0
    for part in parts:
        for row in reader(part, source):
            if done + row.at - told >= TOLD_EVERY:
                told = done + row.at
                read(told)
            yield part, row
        done += part.size
    read(done)
