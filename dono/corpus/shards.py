"""How the parts of all sources are shared out into shards: pieces of work that are done once, in any process."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from dono.corpus.parts import Part, unreadable
from dono.corpus.rows import COMPRESSED
from dono.project import Source

SHARD_BYTES = 32_000_000
"""Bytes of parts in a shard (assumed: seconds of work, so that little is redone and many processes find some)."""
CUT = ("text", "jsonl")
"""Kinds of sources in which every line is a row, so that a file can be cut at any line end."""
BLOCK = 1 << 20


@dataclass(frozen=True)
class Span(Part):
    """A part from byte `begin` up to `end`: whole lines."""

    part: Part
    begin: int
    end: int

    @property
    def name(self) -> str:
        """That of the whole."""
        return self.part.name

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.begin

    def open(self) -> BinaryIO:
        """These bytes alone."""
        return io.BufferedReader(_Window(self.part.open(), self.begin, self.end), BLOCK)

    def stamp(self) -> str:
        """That of the whole, and which bytes."""
        return f"{self.part.stamp()} {self}"

    def __str__(self) -> str:
        return f"{self.part} (bytes {self.begin:,} to {self.end:,})"


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


@dataclass(frozen=True)
class Shard:
    """Some parts of one source, in their order. `source` is its place among the sources."""

    number: int
    source: int
    parts: tuple[Part, ...]

    def __str__(self) -> str:
        more = f" and {len(self.parts) - 1} more" if len(self.parts) > 1 else ""
        return f"{self.parts[0]}{more}"


def plan_shards(sources: Sequence[tuple[Source, Sequence[Part]]]) -> list[Shard]:
    """The shards of all sources, in their order. They depend on the parts alone, never on the machine.

    Small parts are put together, large ones cut at line ends where every line is a row. The rows of a source that are
    grouped must come together, so such a source is one shard.
    """
    shards: list[Shard] = []
    for place, (source, parts) in enumerate(sources):
        taken: list[Part] = []
        size = 0
        for part in (piece for whole in parts for piece in _pieces(source, whole)):
            if taken and size + part.size > SHARD_BYTES and not source.group_by:
                shards.append(Shard(len(shards), place, tuple(taken)))
                taken, size = [], 0
            taken.append(part)
            size += part.size
        shards.append(Shard(len(shards), place, tuple(taken)))
    return shards


def _pieces(source: Source, part: Part) -> Iterator[Part]:
    """A part as it is, or cut; what is compressed has no lines to cut at."""
    size = part.size
    cuttable = part.cuttable and source.kind in CUT and source.unit == "line" and not source.group_by
    if size <= SHARD_BYTES or not cuttable:
        yield part
        return
    try:
        with part.open() as file:
            if file.read(4).startswith(tuple(COMPRESSED)):
                yield part
                return
            begin = 0
            while begin < size:
                file.seek(min(size, begin + SHARD_BYTES))
                end = _line_end(file)
                yield Span(part, begin, end)
                begin = end
    except OSError as error:
        raise unreadable(part.name, error) from error


def _line_end(file: BinaryIO) -> int:
    """Where the line ends in which the file stands, or the file; a line may be larger than memory."""
    while block := file.read(BLOCK):
        found = block.find(b"\n")
        if found >= 0:
            return file.tell() - len(block) + found + 1
    return file.tell()


def count_lines(part: Part) -> int:
    """How many lines end in a part."""
    count = 0
    with part.open() as stream:
        while block := stream.read(BLOCK):
            count += block.count(b"\n")
    return count
