"""Tables in text: a header, then a record a row; comma, semicolon, tab or bar."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from dono.corpus.rows import Broken, Row, beginning, read_lines
from dono.errors import Mistake
from dono.project import Source

LONGEST_CELL = 1 << 20
"""Characters. A cell that is longer is taken for a quote that was never closed (assumed)."""


class _Feed(Iterator[str]):
    """Lines for the csv reader, with the ones of the present record at hand, to be given again where it is broken."""

    def __init__(self, path: Path) -> None:
        self.lines, self.again = read_lines(path), deque[tuple[int, int, str]]()
        self.taken: list[tuple[int, int, str]] = []

    def __next__(self) -> str:
        if self.again:
            self.taken.append(self.again.popleft())
        else:
            number, at, line = next(self.lines)
            # Bytes that are no UTF-8 become lone surrogates here, so that the other cells can still be parsed.
            self.taken.append((number, at, line.decode("utf8", "surrogateescape")))
        return self.taken[-1][2]

    def set_aside(self, reason: str) -> Broken:
        """Break off the present record: its first line is broken, the lines after it are read again."""
        (number, at, line), *rest = self.taken
        self.again.extendleft(reversed(rest))
        return Broken(reason, beginning(line.encode("utf8", "surrogateescape")), number, at)


def read_csv(path: Path, source: Source) -> Iterator[Row | Broken]:
    """The records of the file. A quote that is never closed costs its own line, not the lines after it.

    Raises `Mistake` when the header is broken.
    """
    csv.field_size_limit(LONGEST_CELL)
    feed = _Feed(path)
    header, delimiter = _header(feed, path)
    records = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.taken = []
        try:
            cells = next(records)
        except StopIteration:
            return
        except csv.Error:
            yield feed.set_aside("a stray quote, or one that is not closed")
            continue
        if not cells:
            continue
        number, at = feed.taken[0][0], feed.taken[-1][1]
        if len(cells) != len(header):
            yield feed.set_aside(f"{len(cells)} cells where the header has {len(header)}")
        elif not _utf8(cells):
            yield feed.set_aside("not UTF-8")
        else:
            yield Row(dict(zip(header, cells, strict=True)), number, at)


def _header(feed: _Feed, path: Path) -> tuple[list[str], str]:
    first = next(feed, "")
    delimiter = max(",;\t|", key=first.count)
    names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    twice = sorted({n for n in names if names.count(n) > 1})
    if not any(names) or twice or not _utf8(names):
        what = f"the column {twice[0]!r} is named twice" if twice else "the first line is no header"
        raise Mistake(what, where=str(path), remedy="Let the first line name every column once, in UTF-8")
    return names, delimiter


def _utf8(cells: list[str]) -> bool:
    return not any("\ud800" <= c <= "\udfff" for cell in cells if not cell.isascii() for c in cell)
