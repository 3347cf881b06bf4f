"""The kinds of sources: one reader each. Adding one is one file and one row."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

from dono.artifacts import Json
from dono.corpus.archives import zip_members
from dono.corpus.encodings import Recoded, check_stated, encoding_of
from dono.corpus.parts import LocalFile, Part, unreadable
from dono.corpus.remote import is_url, remote_files, shown
from dono.corpus.rows import Broken, Fields, Malformed, Reject, Row, set_aside, unpacked
from dono.corpus.source_csv import read_csv
from dono.corpus.source_huggingface import dataset_parts, read_dataset
from dono.corpus.source_jsonl import read_jsonl
from dono.corpus.source_parquet import read_parquet
from dono.corpus.source_slack import read_slack, slack_parts
from dono.corpus.source_sql import query_parts, read_sql
from dono.corpus.source_telegram import read_telegram
from dono.corpus.source_text import read_text
from dono.corpus.source_whatsapp import read_whatsapp
from dono.corpus.walking import local_files, suffix_of
from dono.errors import Mistake
from dono.project import Source

T = TypeVar("T")
Reader = Callable[[Part, Source], Iterator[Row | Broken]]
"""From a part to its rows, streaming; what is wrong with the part as a whole is raised as `Mistake`."""

SOURCES: dict[str, Reader] = {
    "text": read_text,
    "jsonl": read_jsonl,
    "csv": read_csv,
    "parquet": read_parquet,
    "sql": read_sql,
    "huggingface": read_dataset,
    "whatsapp": read_whatsapp,
    "telegram": read_telegram,
    "slack": read_slack,
}

PARTS: dict[str, Callable[[Source], Sequence[Part]]] = {
    "sql": query_parts,
    "huggingface": dataset_parts,
    "slack": slack_parts,
}
"""How the parts are found of kinds that are more than files; of all others the files are the parts."""

KIND_OF_SUFFIX = {".txt": "text", ".jsonl": "jsonl", ".json": "jsonl", ".ndjson": "jsonl", ".csv": "csv",
                  ".tsv": "csv", ".parquet": "parquet"}  # fmt: skip
SUFFIXES = {kind: frozenset(s for s, k in KIND_OF_SUFFIX.items() if k == kind) for kind in KIND_OF_SUFFIX.values()}
SUFFIXES |= {"whatsapp": frozenset([".txt"]), "telegram": frozenset([".json"])}
"""Which files of a directory or an archive a kind reads; a kind of one's own reads all."""

IN_TEXT = ("text", "jsonl", "csv", "whatsapp", "telegram")
"""Kinds whose bytes are text; of others nothing is known here."""
HEAD = 1 << 18
"""Bytes that are looked at before anything is read."""


class Note(NamedTuple):
    """Something about a part that a person should know, for the survey."""

    file: str
    text: str


class Checked(NamedTuple):
    """The parts of a source that hold something, each as it is to be read, and what was found out about them."""

    parts: list[Part]
    notes: list[Note]


def reader_of(source: Source) -> Reader:
    """The reader of a source's kind: a name in `SOURCES`, or `package.module.function`. Raises `Mistake`."""
    where = f"corpus[{source.name}].kind"
    if source.kind in SOURCES:
        return SOURCES[source.kind]
    module, _, name = source.kind.rpartition(".")
    if not module:
        near = difflib.get_close_matches(source.kind, SOURCES, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Use {', '.join(SOURCES)}, or package.module.function"
        raise Mistake(f"unknown kind {source.kind!r}", where=where, remedy=remedy)
    try:
        return cast(Reader, getattr(importlib.import_module(module), name))
    except (ImportError, AttributeError) as error:
        raise Mistake(f"cannot import {source.kind!r}: {error}", where=where, remedy="Correct the name") from error


def kind_of(path: Path) -> str:
    """The kind of a file by its name, `.gz` and `.zst` left aside. Raises `Mistake`."""
    suffix = suffix_of(path.name)
    if suffix not in KIND_OF_SUFFIX:
        remedy = f"Use one of {', '.join(KIND_OF_SUFFIX)}"
        raise Mistake(f"unknown kind of file {suffix!r}", where=str(path), remedy=remedy)
    return KIND_OF_SUFFIX[suffix]


def source_parts(source: Source) -> list[Part]:
    """The parts of a source, sorted, at least one; nothing of them is read but archives' lists. Raises `Mistake`."""
    parts = list(PARTS.get(source.kind, file_parts)(source))
    if not parts:
        where = f"corpus[{source.name}].path"
        raise Mistake(f"no file matches {shown(source.path)!r}", where=where, remedy="Correct the path or the pattern")
    return parts


def file_parts(source: Source) -> list[Part]:
    """The files that a source's path, pattern, directory or URL names; of a zip archive its members."""
    suffixes, path = SUFFIXES.get(source.kind), source.path.removeprefix("file://")
    files: list[Part] = (
        list(remote_files(path, suffixes)) if is_url(path) else [LocalFile(f) for f in local_files(path, suffixes)]
    )
    parts: list[Part] = []
    for file in files:
        if suffix_of(file.name) != ".zip":
            parts.append(file)
            continue
        members = zip_members(file, suffixes, source.members)
        if not members:
            ends = f"`members: {source.members}`" if source.members else " or ".join(sorted(suffixes or ()))
            remedy = "Say which ones to read, e.g. `members: '*.txt'`"
            raise Mistake(f"the archive has no member that fits {ends}", where=file.name, remedy=remedy)
        parts += members
    return parts


def checked_parts(source: Source) -> Checked:
    """The parts of a source, looked at before anything is read: by their first bytes.

    Raises `Mistake` for a kind that is not known, and for a part that is unreadable, no text as a whole, a JSON array
    for JSON lines, or empty as the source's only one.
    """
    reader_of(source)
    parts, checked = source_parts(source), Checked([], [])
    for part in parts:
        found = check_part(part, source)
        if found is None and len(parts) == 1:
            raise _empty(part.name)
        if found is None:
            checked.notes.append(Note(part.name, "empty, left out"))
            continue
        if isinstance(found, Recoded):
            checked.notes.append(Note(part.name, f"read as {found.encoding}"))
        checked.parts.append(found)
    if not checked.parts:
        where = f"corpus[{source.name}].path"
        raise Mistake(f"all {len(parts)} files are empty", where=where, remedy="Correct the path or the pattern")
    return checked


def check_part(part: Part, source: Source) -> Part | None:
    """The part as it is to be read: in UTF-8, where another encoding is stated or certain. None: it is empty.

    Raises `Mistake` when it is missing, unreadable, no text as a whole, or a JSON array for JSON lines.
    """
    if source.kind in PARTS:
        return part
    try:
        with part.open() as raw:
            head = unpacked(raw).read(HEAD)
    except OSError as error:
        raise unreadable(part.name, error) from error
    if not head.strip():
        return None
    if source.kind not in IN_TEXT:
        return part
    if source.encoding is not None:
        check_stated(head, source.encoding, where=part.name)
    encoding = source.encoding or encoding_of(head, source.language)
    if encoding is None and head.count(0) * 50 > len(head):  # in UTF-8 text there is none
        remedy = "Save it as UTF-8, or state its `encoding`"
        raise Mistake("the file is UTF-16 or UTF-32, or no text at all", where=part.name, remedy=remedy)
    if source.kind == "jsonl" and head.decode(encoding or "utf-8-sig", "ignore").lstrip().startswith("["):
        remedy = "Write one object a line (jq -c '.[]' file.json > file.jsonl)"
        raise Mistake("the file is a JSON array, not JSON lines", where=part.name, remedy=remedy)
    return part if encoding is None else Recoded(part, encoding)


def checked_file(path: Path) -> tuple[Source, Part]:
    """A single file that is no source of the corpus (examples, lessons), with what it would be as one.

    Raises `Mistake` as `check_part` does, for an empty file, and for a suffix that is not known.
    """
    source = Source(name="file", kind=kind_of(path), path=str(path))
    part = check_part(LocalFile(path), source)
    if part is None:
        raise _empty(str(path))
    return source, part


def rows_of_file(path: Path, read: Callable[[Fields], T | None]) -> Iterator[T | Reject]:
    """What `read` makes of each row of a single file, streaming; a row that it finds `Malformed` comes as a `Reject`.

    Rows of which it makes None are left out. Raises `Mistake` for a file that cannot be read as a whole.
    """
    source, part = checked_file(path)
    for row in SOURCES[source.kind](part, source):
        try:
            if isinstance(row, Broken):
                raise Malformed(row.reason)
            found = read(row.fields)
        except Malformed as error:
            yield set_aside(path.stem, part, row, error)
            continue
        if found is not None:
            yield found


def _empty(name: str) -> Mistake:
    return Mistake("the file is empty", where=name, remedy="Fill it, or take it out of the project file")


def source_spec(source: Source) -> dict[str, Json]:
    """What was asked of a source, for identity: no secret, and not where it lies."""
    spec: dict[str, Json] = source.model_dump(mode="json")
    if source.kind == "sql":
        url = urlsplit(source.path)
        return {**spec, "path": f"{url.scheme}:{Path(url.path).name}"}
    if source.kind == "huggingface" and not source.path.startswith((".", "/")):
        return spec
    return {**spec, "path": Path(shown(source.path)).name}
