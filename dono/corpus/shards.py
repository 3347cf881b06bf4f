"""How the files of all sources are cut into shards: pieces of work that are done once, in any process."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dono.corpus.rows import COMPRESSED, unreadable
from dono.project import Source

SHARD_BYTES = 32_000_000
"""Bytes of files in a shard (assumed: seconds of work, so that little is redone and many processes find some)."""
CUT = ("text", "jsonl")
"""Kinds of sources in which every line is a row, so that a file can be cut at any line end."""
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a file from byte `begin` up to `end`, whole lines; None: all of it, whatever it holds."""

    path: Path
    begin: int = 0
    end: int | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return (self.path.stat().st_size if self.end is None else self.end) - self.begin

    def open(self, mode: str = "rb") -> BinaryIO:
        """A stream of these bytes alone."""
        assert mode == "rb"
        raw = self.path.open("rb")
        return raw if self.end is None else io.BufferedReader(_Window(raw, self.begin, self.end), BLOCK)

    def __str__(self) -> str:
        return str(self.path) if self.end is None else f"{self.path} (bytes {self.begin:,} to {self.end:,})"


class _Window(io.RawIOBase):
    """The bytes of a file from `begin` to `end`, as a stream that begins at 0."""

    def __init__(self, file: BinaryIO, begin: int, end: int) -> None:
        self.file, self.begin, self.end = file, begin, end
        file.seek(begin)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, into: bytearray | memoryview) -> int:  # type: ignore[override]
        left = min(len(into), self.end - self.file.tell())
        block = self.file.read(max(0, left))
        into[: len(block)] = block
        return len(block)

    def seek(self, to: int, whence: int = io.SEEK_SET) -> int:
        start = (self.begin, self.file.tell(), self.end)[whence]
        return self.file.seek(start + to) - self.begin

    def tell(self) -> int:
        return self.file.tell() - self.begin

    def close(self) -> None:
        self.file.close()
        super().close()


@dataclass(frozen=True, slots=True)
class Shard:
    """Some spans of one source, in the order of its files. `source` is its place among the sources."""

    number: int
    source: int
    spans: tuple[Span, ...]

    def __str__(self) -> str:
        more = f" and {len(self.spans) - 1} more" if len(self.spans) > 1 else ""
        return f"{self.spans[0]}{more}"


def plan_shards(files: Sequence[tuple[Source, Sequence[Path]]]) -> list[Shard]:
    """The shards of all sources, in their order. They depend on the files alone, never on the machine.

    Small files are put together, large ones cut at line ends where every line is a row. The rows of a source that are
    grouped must come together, so such a source is one shard.
    """
    shards: list[Shard] = []
    for place, (source, paths) in enumerate(files):
        spans: list[Span] = []
        size = 0
        for span in (s for path in paths for s in _spans(source, path)):
            if spans and size + span.size > SHARD_BYTES and not source.group_by:
                shards.append(Shard(len(shards), place, tuple(spans)))
                spans, size = [], 0
            spans.append(span)
            size += span.size
        shards.append(Shard(len(shards), place, tuple(spans)))
    return shards


def _spans(source: Source, path: Path) -> Iterator[Span]:
    """A file as it is, or cut; what is compressed has no lines to cut at."""
    size = path.stat().st_size
    if size <= SHARD_BYTES or source.kind not in CUT or source.unit == "file" or source.group_by:
        yield Span(path)
        return
    try:
        with path.open("rb") as file:
            if file.read(4).startswith(tuple(COMPRESSED)):
                yield Span(path)
                return
            begin = 0
            while begin < size:
                file.seek(min(size, begin + SHARD_BYTES))
                end = _line_end(file)
                yield Span(path, begin, end)
                begin = end
    except OSError as error:
        raise unreadable(path, error) from error


def _line_end(file: BinaryIO) -> int:
    """Where the line ends in which the file stands, or the file; a line may be larger than memory."""
    while block := file.read(BLOCK):
        found = block.find(b"\n")
        if found >= 0:
            return file.tell() - len(block) + found + 1
    return file.tell()


def count_lines(span: Span) -> int:
    """How many lines end in a span."""
    count = 0
    with span.open() as stream:
        while block := stream.read(BLOCK):
            count += block.count(b"\n")
    return count
