"""Tables as columns: read from CSV or Parquet, the target taken out, cells told apart as numbers, dates and words."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from dono.errors import Mistake

Cell = str | float | int | bool | date | None
Columns = Mapping[str, Sequence[Cell]]

NOT_A_NUMBER = frozenset({"", "-", "--", "?", "na", "n/a", "nan", "null", "none", "nil"})
"""What people write in a column of numbers where there is none."""

MOST_CLASSES = 100
"""A target of more different values is no set of classes (assumed)."""


MOST_CELLS = 10_000_000
"""A larger table is read as a sample of its rows, so that memory stays bounded: 0.7 GB at 70 bytes a cell (assumed)."""

MOST_SET_ASIDE = 1000
"""Broken rows that are named; the others are only counted."""


@dataclass(frozen=True)
class Table:
    """Columns of equal length. `set_aside` are the first rows that could not be read, as (line, reason).

    `of_rows` are the readable rows of the file, of which these are a sample where there are more of them.
    """

    columns: dict[str, list[Cell]]
    set_aside: tuple[tuple[int, str], ...] = ()
    of_rows: int = 0
    aside: int = 0

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values()), ()))

    @property
    def notes(self) -> list[str]:
        """What a person should know about how it was read."""
        found = []
        if self.aside:
            line, reason = self.set_aside[0]
            found.append(f"{self.aside:,} rows could not be read, the first in line {line} ({reason}), left out")
        if self.rows < self.of_rows:
            found.append(
                f"{self.rows:,} of {self.of_rows:,} rows were drawn at random: memory stays bounded, "
                "and at so many the interval of a score is narrow already"
            )
        return found


@dataclass(frozen=True)
class Labelled:
    """The columns to learn from and each row's class. `without_target` rows had none and were left out."""

    columns: dict[str, list[Cell]]
    labels: list[str]
    without_target: int


def read_table(path: Path, *, most_cells: int = MOST_CELLS) -> Table:
    """Read a .csv, .tsv or .parquet file. A CSV's cells are text (told apart later); ragged rows are set aside.

    The file is streamed; of more than `most_cells` cells a sample of the rows is kept, in the file's order, the same
    every time. Raises `Mistake` where the file is none of these, cannot be read, has no rows or a column name twice.
    """
    readers = {".csv": _read_csv, ".tsv": _read_csv, ".parquet": _read_parquet, ".pq": _read_parquet}
    if path.suffix.lower() not in readers:
        raise Mistake(
            f"{path.suffix or 'no suffix'} is no table", where=str(path), remedy="Give .csv, .tsv or .parquet"
        )
    table = readers[path.suffix.lower()](path, most_cells)
    if not table.rows:
        raise Mistake("the table has no rows", where=str(path), remedy="Give a table with a header and rows")
    return table


def table_size(path: Path) -> tuple[int, int]:
    """About how many rows and columns a table has, without reading its cells: 0 where that cannot be told.

    In a CSV every line is counted as a row.
    """
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            with pq.ParquetFile(path) as file:
                return file.metadata.num_rows, file.metadata.num_columns
        with path.open("rb") as file:
            header = file.readline()
            lines = sum(block.count(b"\n") for block in iter(partial(file.read, 1 << 20), b""))
        return lines, 1 + max(header.count(mark) for mark in (b",", b";", b"\t", b"|"))
    except (OSError, pa.ArrowException):
        return 0, 0


def column_names(path: Path) -> list[str]:
    """The columns of a table, without reading its rows; none where they cannot be told."""
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return list(pq.read_schema(path).names)
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _header(csv.reader(file, delimiter=_delimiter(file)))
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException):
        return []


def _delimiter(file: TextIO) -> str:
    """The most frequent one in the first line; the file stands at its beginning again."""
    first = file.readline()
    file.seek(0)
    return max(",;\t|", key=first.count)


def _header(rows: Iterator[list[str]]) -> list[str]:
    return [name.strip() for name in next(rows, [])]


class Reservoir:
    """A random sample of at most `size` rows of a stream, each as likely as any other.

    Algorithm L (Li 1994, "Reservoir-sampling algorithms of time complexity O(n(1 + log(N/n)))").
    """

    def __init__(self, size: int, seed: int = 0) -> None:
        self.size, self.seen = max(1, size), 0
        self._random = random.Random(seed)
        self._kept: list[tuple[int, Sequence[Cell]]] = []
        self._weight, self._next = 1.0, self.size
        self._skip()

    def _skip(self) -> None:
        self._weight *= (1 - self._random.random()) ** (1 / self.size)
        self._next += int(math.log(1 - self._random.random()) / math.log1p(-self._weight))

    def offer(self, row: Sequence[Cell]) -> None:
        """Take a row in, or pass it over."""
        if len(self._kept) < self.size:
            self._kept.append((self.seen, row))
        elif self.seen == self._next:
            self._kept[self._random.randrange(self.size)] = (self.seen, row)
            self._next += 1
            self._skip()
        self.seen += 1

    def columns(self, names: Sequence[str]) -> dict[str, list[Cell]]:
        """The sample in the stream's order, as columns."""
        rows = [row for _, row in sorted(self._kept, key=lambda kept: kept[0])]
        return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _read_csv(path: Path, most_cells: int) -> Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, delimiter=_delimiter(file))
            header = _header(lines)
            twice = [name for name in header if header.count(name) > 1]
            if twice:
                remedy = "Rename one of the columns"
                raise Mistake(f"the column {twice[0]!r} is there twice", where=str(path), remedy=remedy)
            kept, aside, named = Reservoir(most_cells // max(1, len(header))), 0, list[tuple[int, str]]()
            for row in lines:
                if len(row) == len(header):
                    kept.offer(row)
                elif row:
                    aside += 1
                    if len(named) < MOST_SET_ASIDE:
                        named.append((lines.line_num, f"{len(row)} cells, the header has {len(header)}"))
    except UnicodeDecodeError as error:
        what = f"not UTF-8 (byte {error.start})"
        raise Mistake(what, where=str(path), remedy="Save the table as CSV UTF-8") from error
    except (OSError, csv.Error) as error:
        raise Mistake(f"the table cannot be read ({error})", where=str(path), remedy="Mend the file") from error
    return Table(kept.columns(header), tuple(named), kept.seen, aside)


def _read_parquet(path: Path, most_cells: int) -> Table:
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            kept = Reservoir(most_cells // max(1, len(names)))
            for batch in file.iter_batches():
                for row in zip(*batch.to_pydict().values(), strict=True):
                    kept.offer(row)
    except (OSError, pa.ArrowException) as error:
        raise Mistake(f"the table cannot be read ({error})", where=str(path), remedy="Mend the file") from error
    return Table(kept.columns(names), (), kept.seen)


def take_target(table: Table, target: str, *, where: str = "target") -> Labelled:
    """Part the target column from the others; rows without a target are left out and counted.

    Raises `Mistake` when there is no such column, or when it holds too many different values to be classes.
    """
    if target not in table.columns:
        raise Mistake(f"no column {target!r}", where=where, remedy=f"Columns: {', '.join(table.columns)}")
    labels = [as_label(cell) for cell in table.columns[target]]
    kept = [row for row, label in enumerate(labels) if label]
    classes = {labels[row] for row in kept}
    if len(classes) > MOST_CLASSES:
        what = f"{target!r} holds {len(classes):,} different values, which are no classes"
        raise Mistake(what, where=where, remedy="Name a column of classes, or make bands of the numbers")
    columns = take({name: cells for name, cells in table.columns.items() if name != target}, kept)
    return Labelled(columns, [labels[row] for row in kept], table.rows - len(kept))


def take(columns: Columns, rows: Sequence[int]) -> dict[str, list[Cell]]:
    """The columns of these rows only, in this order."""
    return {name: [cells[row] for row in rows] for name, cells in columns.items()}


def as_label(cell: Cell) -> str:
    """A class as text: whole numbers without a point, blanks as nothing."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def as_number(cell: Cell) -> float | None:
    """A number (NaN where the cell says that there is none), or None where it is something else."""
    if cell is None:
        return math.nan
    if isinstance(cell, bool | int | float):
        return float(cell) if math.isfinite(cell) else math.nan
    if isinstance(cell, date):
        return None
    text = cell.strip().lstrip("₹$€£").rstrip("%").replace(",", "").strip()
    if text.lower() in NOT_A_NUMBER:
        return math.nan
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else math.nan


def is_date(cell: Cell) -> bool:
    """Whether the cell is a date or a time, written as ISO 8601 or day first with - or / or points."""
    if isinstance(cell, date):
        return True
    if not isinstance(cell, str) or not 8 <= len(cell.strip()) <= 32:
        return False
    text = cell.strip()
    for form in ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%m/%d/%Y", "%Y/%m/%d"):
        try:
            datetime.strptime(text.split()[0], form)
        except ValueError:
            continue
        return True
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return not text.isdigit()


def positive_class(classes: Sequence[str]) -> str:
    """Which of two classes the AUC is about: yes, true, 1; otherwise the last in order."""
    for label in classes:
        if label.lower() in ("1", "yes", "y", "true", "t", "positive", "churned"):
            return label
    return max(classes)
