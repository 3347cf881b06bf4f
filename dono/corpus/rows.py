"""Rows of files, whatever the container: good ones as fields, broken ones with the reason, their place in both."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from dono.errors import Mistake

SHOWN = 200
"""Characters of a broken row that are kept to recognise it by."""
COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
"""First bytes of compressed files: the bytes are believed, not the file's name."""
BOM = b"\xef\xbb\xbf"
IN_UTF8 = ("text", "jsonl", "csv")
"""Kinds of sources whose bytes are text; of others nothing is known here."""
WIDE = {b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


Fields = Mapping[str, object]


class Malformed(ValueError):
    """A row that cannot be used; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `line` counts from 1, `at` is how many bytes of the file were read so far."""

    fields: Fields
    line: int
    at: int


@dataclass(frozen=True, slots=True)
class Broken:
    """One row that could not be read."""

    reason: str
    beginning: str
    line: int
    at: int


@dataclass(frozen=True, slots=True)
class Reject:
    """A row set aside: why, and where it is."""

    source: str
    file: str
    line: int
    reason: str
    beginning: str


def read_lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Number (from 1), bytes of the file read so far, and content of each line; gzip and zstd are unpacked.

    Raises `Mistake` when the file cannot be read to its end.
    """
    number = 0
    try:
        with path.open("rb") as raw:
            for line in unpacked(raw):
                number += 1
                yield number, raw.tell(), line.removeprefix(BOM) if number == 1 else line
    except OSError as error:
        raise unreadable(path, error, f"after line {number}") from error


def unpacked(raw: BinaryIO) -> BinaryIO:
    """The stream itself, or what a gzip or zstd stream holds; one that breaks off raises `OSError` when read."""
    head = raw.read(4)
    raw.seek(0)
    for magic, codec in COMPRESSED.items():
        if head.startswith(magic):
            return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw), codec))
    return raw


def unreadable(path: Path, error: OSError, place: str = "") -> Mistake:
    """An OS error on reading, as a person's mistake."""
    if isinstance(error, PermissionError):
        return Mistake("no permission to read the file", where=str(path), remedy="Give yourself the right to read it")
    if isinstance(error, FileNotFoundError):
        return Mistake("no such file", where=str(path), remedy="Correct the path")
    what = f"cannot be read {place}".strip() + f" ({error.strerror or error})"
    return Mistake(what, where=str(path), remedy="Copy or unpack the file again")


def check_file(path: Path, kind: str) -> None:
    """Look at a file's first bytes.

    Raises `Mistake` when it is missing, unreadable, empty, no UTF-8 as a whole, or a JSON array for JSON lines.
    """
    try:
        with path.open("rb") as raw:
            head = unpacked(raw).read(1 << 12)
    except OSError as error:
        raise unreadable(path, error) from error
    if not head.strip():
        raise Mistake("the file is empty", where=str(path), remedy="Fill it, or take it out of the project file")
    if kind == "jsonl" and head.removeprefix(BOM).lstrip().startswith(b"["):
        remedy = "Write one object a line (jq -c '.[]' file.json > file.jsonl)"
        raise Mistake("the file is a JSON array, not JSON lines", where=str(path), remedy=remedy)
    if kind not in IN_UTF8:
        return
    encoding = next((name for mark, name in WIDE.items() if head.startswith(mark)), None)
    # In UTF-16 every space, digit and line end has a zero byte; in UTF-8 text there is none.
    if encoding is None and head.count(0) * 50 > len(head):
        encoding = "UTF-16, or no text at all"
    if encoding is not None:
        remedy = "Save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"
        raise Mistake(f"the file is {encoding}, not UTF-8", where=str(path), remedy=remedy)


def beginning(raw: bytes | str) -> str:
    """The start of a broken row, printable."""
    text = raw[: SHOWN * 4].decode("utf8", "backslashreplace") if isinstance(raw, bytes) else raw
    return text.encode("utf8", "backslashreplace").decode()[:SHOWN].rstrip("\r\n")


def set_aside(source: str, path: Path, row: Row | Broken, reason: Malformed) -> Reject:
    """The reject that stands for a row: its beginning as it is in the file, or its fields as JSON."""
    if isinstance(row, Broken):
        start = row.beginning
    else:
        start = beginning(json.dumps(dict(row.fields), ensure_ascii=False, default=str))
    return Reject(source, str(path), row.line, beginning(str(reason)), start)
