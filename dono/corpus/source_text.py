"""Plain text: a document is a line, or a whole file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dono.corpus.rows import Broken, Row, beginning, read_lines
from dono.project import Source

NOT_UTF8 = "not UTF-8"


def read_text(path: Path, source: Source) -> Iterator[Row | Broken]:
    """Rows with the one field `text`. Blank lines separate and are no rows."""
    if source.unit == "file":
        lines = [(at, line) for _, at, line in read_lines(path)]
        yield _row(b"".join(line for _, line in lines), 1, lines[-1][0] if lines else 0)
        return
    for number, at, line in read_lines(path):
        if line.strip():
            yield _row(line, number, at)


def _row(raw: bytes, line: int, at: int) -> Row | Broken:
    try:
        return Row({"text": raw.decode("utf8")}, line, at)
    except UnicodeDecodeError:
        return Broken(NOT_UTF8, beginning(raw), line, at)
