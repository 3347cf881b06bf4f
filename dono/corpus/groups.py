"""Rows of a source gathered by group, on disk, and joined in order."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from dono.corpus.dates import AmbiguousDate, read_date
from dono.corpus.rows import Malformed
from dono.project import DateOrder

LONGEST = 1 << 20
"""Characters of a document. A group that is longer gives several, so that memory holds one of this size."""


def sortable(value: object, order: DateOrder = "day") -> str | float | None:
    """A value by which rows are put in order: numbers (written as text too) before dates as ISO text and other texts.

    Raises `Malformed` for a date that may be day or month first where `order` is `refuse`.
    """
    if value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    text = str(value).encode("utf8", "replace").decode()
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return read_date(text, order).isoformat()
    except AmbiguousDate:
        raise
    except Malformed:
        return text


@dataclass(frozen=True, slots=True)
class GroupedRow:
    """A row written out, and what is known of it. `rendering` counts the ways in which the row is written."""

    key: str
    rendering: int
    text: str
    language: str | None
    file: str
    line: int
    region: str | None
    period: str | None


COLUMNS = "key, rendering, text, language, file, line, region, period"
INSERT = f"INSERT INTO rows ({COLUMNS}, rank) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
IN_ORDER = f"SELECT {COLUMNS} FROM rows ORDER BY key, rendering, rank, number"


@contextmanager
def _disk_errors() -> Iterator[None]:
    """SQLite does not pass the system's error on: a full disk is raised as `OSError`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OSError(errno.ENOSPC, str(error)) if "full" in str(error) else error from error


class Groups:
    """Rows gathered by group on disk: a source may be larger than memory and its groups scattered."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.path, self.database = path, sqlite3.connect(path, isolation_level=None)
        self.database.execute("PRAGMA journal_mode = OFF")
        self.database.execute("PRAGMA synchronous = OFF")
        self.database.execute(
            "CREATE TABLE rows (key TEXT, rank, number INTEGER PRIMARY KEY, rendering, text, language, file, line, "
            "region, period)"
        )
        self.database.execute("BEGIN")

    def add(self, row: GroupedRow, rank: str | float | None) -> None:
        """One more row; rows of equal rank keep the order in which they came."""
        values = (row.key, row.rendering, row.text, row.language, row.file, row.line, row.region, row.period, rank)
        with _disk_errors():
            self.database.execute(INSERT, values)

    def documents(self) -> Iterator[GroupedRow]:
        """The joined rows of each group by key; the database is removed.

        Language, region, file and line are those of the first row, the period is the last row's: no document of it is
        known earlier. A group of more than `LONGEST` characters is several documents.
        """
        with closing(self.database), _disk_errors():
            found = self.database.execute(IN_ORDER)
            for _, group in groupby(found, key=itemgetter(0, 1)):
                yield from _joined(GroupedRow(*values) for values in group)
        self.path.unlink()


def _joined(rows: Iterator[GroupedRow]) -> Iterator[GroupedRow]:
    held: list[GroupedRow] = []
    size = 0
    for row in rows:
        if held and size + len(row.text) > LONGEST:
            yield _document(held)
            held, size = [], 0
        held.append(row)
        size += len(row.text) + 1
    yield _document(held)


def _document(rows: list[GroupedRow]) -> GroupedRow:
    first, text = rows[0], "\n".join(row.text for row in rows)
    return GroupedRow(first.key, first.rendering, text, first.language, first.file, first.line, first.region,
                      rows[-1].period)  # fmt: skip
