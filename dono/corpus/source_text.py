"""Plain text: a document is a line, or a whole file."""

from __future__ import annotations

from collections.abc import Iterator

from dono.corpus.parts import Part
from dono.corpus.rows import LONGEST, Broken, Row, beginning, read_lines
from dono.project import Source

NOT_UTF8 = "not UTF-8"


def read_text(part: Part, source: Source) -> Iterator[Row | Broken]:
    """Rows with the one field `text`. Blank lines separate and are no rows."""
    if source.unit == "file":
        yield _whole(part)
        return
    for line in read_lines(part):
        if isinstance(line, Broken):
            yield line
        elif line[2].strip():
            number, at, raw = line
            yield _row(raw, number, at)


def _whole(part: Part) -> Row | Broken:
    """The part as one document, or that it is too long to be one."""
    kept, size, at = list[bytes](), 0, 0
    for line in read_lines(part):
        if isinstance(line, Broken):
            return _too_long(line.beginning, line.at)
        _, at, raw = line
        kept.append(raw)
        size += len(raw)
        if size > LONGEST:
            return _too_long(beginning(b"".join(kept[:5])), at)
    return _row(b"".join(kept), 1, at)


def _too_long(start: str, at: int) -> Broken:
    return Broken(f"a file of more than {LONGEST >> 20} MiB as one document", start, 1, at)


def _row(raw: bytes, line: int, at: int) -> Row | Broken:
    try:
        return Row({"text": raw.decode("utf8")}, line, at)
    except UnicodeDecodeError:
        return Broken(NOT_UTF8, beginning(raw), line, at)
