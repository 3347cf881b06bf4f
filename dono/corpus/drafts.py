"""From a source's parts to texts: rows read, understood, written out, normalised, grouped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dono.corpus.formats import recognise, text_of
from dono.corpus.languages import stated_language
from dono.corpus.normalise import usable
from dono.corpus.parts import Part
from dono.corpus.rendering import Groups, renderer
from dono.corpus.rows import Broken, Fields, Malformed, Reject, Row, set_aside
from dono.corpus.sources import reader_of
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


def drafts(
    source: Source, parts: Sequence[Part], folder: Path, read: Callable[[int], None]
) -> Iterator[Draft | Reject]:
    """The texts of a source in the order of its parts, and the rows set aside.

    With `group_by` the rows of a group, ordered by `order_by`, are one text, and the groups come in the order of their
    keys; `folder` then holds them meanwhile. `read` is told the bytes read so far.
    """
    understand = _understanding(source)
    groups = Groups(folder / f".{source.name}.groups") if source.group_by else None
    for part, row in _rows(source, parts, read):
        try:
            if isinstance(row, Broken):
                raise Malformed(row.reason)
            form, text = understand(row.fields)
            text, language = usable(text), _language(row.fields, source)
            if groups is None:
                key = usable(str(_field(row.fields, source.key))) if source.key else text
                yield Draft(text, language, form, key, part.name, row.line)
            else:
                key = usable(str(_field(row.fields, source.group_by or "")))
                rank = _field(row.fields, source.order_by) if source.order_by else None
                groups.add(key, rank, text, language, part.name, row.line)
        except Malformed as error:
            yield set_aside(source.name, part, row, error)
    if groups is not None:
        for key, text, language, file, line in groups.documents():
            yield Draft(text, language, f"rows grouped by {source.group_by}", key, file, line)


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


def _understanding(source: Source) -> Callable[[Fields], tuple[str, str]]:
    """How a source's rows become texts: by its template, by its text column, or as recognised."""
    if source.render is not None:
        render = renderer(source)
        return lambda fields: ("template", render(fields))
    if source.text is not None:
        column = source.text
        return lambda fields: (f"column {column}", text_of(fields, column))

    def recognised(fields: Fields) -> tuple[str, str]:
        reading = recognise(fields)
        return reading.format, reading.document

    return recognised


def _language(fields: Fields, source: Source) -> str | None:
    if source.language_column is not None:
        if source.language_column not in fields:
            raise Malformed(f"no field {source.language_column!r}")
        stated = fields[source.language_column]
        return usable(str(stated)) if stated else None
    return source.language or stated_language(fields)


def _field(fields: Fields, name: str) -> object:
    if fields.get(name) in (None, ""):
        raise Malformed(f"no field {name!r}")
    return fields[name]
