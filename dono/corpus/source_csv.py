"""Tables in text: a header, then a record a row; comma, semicolon, tab or bar."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence

from dono.corpus.parts import Part
from dono.corpus.rows import Broken, Line, Row, beginning, read_lines
from dono.errors import Mistake
from dono.project import Source

LONGEST_CELL = 1 << 20
"""Characters. A cell that is longer is taken for a quote that was never closed (assumed)."""
SAME_NAMES = 0.5
"""Share of a header's names that another line repeats as whole cells when it is a header too (assumed)."""


class _TooLong(Exception):
    """A line that is set aside stands where the csv reader asks for the next one."""


class _Feed(Iterator[str]):
    """Lines for the csv reader, with the ones of the present record at hand, to be given again where it is broken."""

    def __init__(self, part: Part) -> None:
        self.lines, self.again = read_lines(part), deque[Line | Broken]()
        self.taken: list[Line | Broken] = []

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else next(self.lines)
        self.taken.append(line)
        if isinstance(line, Broken):
            raise _TooLong
        # Bytes that are no UTF-8 become lone surrogates here, so that the other cells can still be parsed.
        return line[2].decode("utf8", "surrogateescape")

    def set_aside(self, reason: str) -> Broken:
        """Break off the present record: its first line is broken, the lines after it are read again."""
        first, *rest = self.taken
        self.again.extendleft(reversed(rest))
        if isinstance(first, Broken):
            return first
        number, at, raw = first
        return Broken(reason, beginning(raw), number, at)

    def place(self) -> tuple[int, int]:
        """Where the present record begins (its line) and ends (bytes)."""
        first, last = self.taken[0], self.taken[-1]
        assert not isinstance(first, Broken) and not isinstance(last, Broken)  # such a record would not be whole
        return first[0], last[1]


def read_csv(part: Part, source: Source) -> Iterator[Row | Broken]:
    """The records of the part. A quote that is never closed costs its own line, not the lines after it.

    A header that comes again, as in files that were joined, is no record; the records after it are read by it, also
    where its columns are others. Raises `Mistake` when the first header is broken.
    """
    csv.field_size_limit(LONGEST_CELL)
    feed = _Feed(part)
    header, delimiter = _header(feed, part)
    records = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.taken = []
        try:
            cells = next(records)
        except StopIteration:
            return
        except (csv.Error, _TooLong):
            yield feed.set_aside("a stray quote, or one that is not closed")
            continue
        if not cells:
            continue
        if repeats(header, cells):
            header = [name.strip() for name in cells]
        elif len(cells) != len(header):
            yield feed.set_aside(f"{len(cells)} cells where the header has {len(header)}")
        elif not _utf8(cells):
            yield feed.set_aside("not UTF-8")
        else:
            number, at = feed.place()
            yield Row(dict(zip(header, cells, strict=True)), number, at)


def repeats(header: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether a record is a header again: its cells are names, each once, and many are the header's own.

    With as many cells as the header has, they must stand under their own names: a record may well say such a word.
    """
    names = [cell.strip() for cell in cells]
    if len(names) == len(header):
        same = sum(name == own for name, own in zip(names, header, strict=True))
    else:
        same = len({*names} & {*header})
    if same < min(2, len(header)) or same < SAME_NAMES * len(header):
        return False
    return all(names) and len({*names}) == len(names) and _utf8(names)


def _header(feed: _Feed, part: Part) -> tuple[list[str], str]:
    try:
        first = next(feed, "")
    except _TooLong:
        first = ""
    delimiter = max(",;\t|", key=first.count)
    try:
        names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    except csv.Error:
        names = []
    twice = sorted({n for n in names if names.count(n) > 1})
    if not any(names) or twice or not _utf8(names):
        what = f"the column {twice[0]!r} is named twice" if twice else "the first line is no header"
        raise Mistake(what, where=part.name, remedy="Let the first line name every column once, in UTF-8")
    return names, delimiter


def _utf8(cells: list[str]) -> bool:
    return not any("\ud800" <= c <= "\udfff" for cell in cells if not cell.isascii() for c in cell)
