"""Rows of parts, whatever the container: good ones as fields, broken ones with the reason, their place in both."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa

from dono.corpus.parts import Part, unreadable

SHOWN = 200
"""Characters of a broken row that are shown to recognise it by."""
KEPT = 2 * SHOWN
"""Characters of it that a reader keeps: what is shown is masked first, and no identifier may be cut before that."""
COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
"""First bytes of compressed files: the bytes are believed, not the file's name."""
BOM = b"\xef\xbb\xbf"
LONGEST = 32 << 20
"""Bytes of a line, or of a file that is one document. Assumed: beyond that it is a file without line ends, or one of
another kind. What is longer is set aside, so that memory is bounded whatever the file holds."""

Fields = Mapping[str, object]


class Malformed(ValueError):
    """A row that cannot be used; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `line` counts from 1, `at` is how many bytes of the part were read so far."""

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


Line = tuple[int, int, bytes]
"""A line of a part: its number from 1, how many bytes of the part were read so far, its content. No class: making an
object for each line would halve the speed of reading (measured)."""


def read_lines(part: Part) -> Iterator[Line | Broken]:
    """The lines of a part; gzip and zstd are unpacked. A line longer than `LONGEST` is broken, and reading goes on.

    Raises `Mistake` when the part cannot be read to its end.
    """
    number = 0
    try:
        most = part.size or sys.maxsize
        with part.open() as raw:
            stream = unpacked(raw)
            while line := stream.readline(LONGEST + 1):
                number += 1
                if len(line) > LONGEST:
                    _skip_line(stream, line)
                at = raw.tell()
                if at > most:  # of text in another encoding, it counts the bytes of UTF-8
                    at = most
                if len(line) > LONGEST:
                    yield Broken(f"a line of more than {LONGEST >> 20} MiB", beginning(line), number, at)
                else:
                    yield number, at, line.removeprefix(BOM) if number == 1 else line
    except OSError as error:
        raise unreadable(part.name, error, f"after line {number}") from error


def _skip_line(stream: BinaryIO, begun: bytes) -> None:
    block = begun
    while block and not block.endswith(b"\n"):
        block = stream.readline(1 << 20)


def unpacked(raw: BinaryIO) -> BinaryIO:
    """The stream itself, or what a gzip or zstd stream holds; one that breaks off raises `OSError` when read."""
    stream = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(raw)  # type: ignore[type-var]
    head = stream.peek(4)
    for magic, codec in COMPRESSED.items():
        if head.startswith(magic):
            return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(stream, "r"), codec))
    return stream


def beginning(raw: bytes | str) -> str:
    """The start of a broken row, printable."""
    text = raw[: KEPT * 4].decode("utf8", "backslashreplace") if isinstance(raw, bytes) else raw
    return text.encode("utf8", "backslashreplace").decode()[:KEPT].rstrip("\r\n")


def set_aside(source: str, part: Part, row: Row | Broken, reason: Malformed) -> Reject:
    """The reject that stands for a row: its beginning as it is in the file, or its fields as JSON."""
    if isinstance(row, Broken):
        start = row.beginning
    else:
        start = beginning(json.dumps(dict(row.fields), ensure_ascii=False, default=str))
    return Reject(source, part.name, row.line, beginning(str(reason)), start)
