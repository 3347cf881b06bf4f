"""Tables as columns: read from CSV or Parquet, the target taken out, cells told apart as numbers, dates and words."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dono.errors import Mistake

Cell = str | float | int | bool | date | None
Columns = Mapping[str, Sequence[Cell]]

NOT_A_NUMBER = frozenset({"", "-", "--", "?", "na", "n/a", "nan", "null", "none", "nil"})
"""What people write in a column of numbers where there is none."""

MOST_CLASSES = 100
"""A target of more different values is no set of classes (assumed)."""


@dataclass(frozen=True)
class Table:
    """Columns of equal length. `set_aside` are rows that could not be read, as (line, reason)."""

    columns: dict[str, list[Cell]]
    set_aside: tuple[tuple[int, str], ...] = ()

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values()), ()))


@dataclass(frozen=True)
class Labelled:
    """The columns to learn from and each row's class. `without_target` rows had none and were left out."""

    columns: dict[str, list[Cell]]
    labels: list[str]
    without_target: int


def read_table(path: Path) -> Table:
    """Read a .csv, .tsv or .parquet file. A CSV's cells are text (told apart later); ragged rows are set aside.

    Raises `Mistake` where the file is none of these, cannot be read, or has no rows or a column name twice.
    """
    readers = {".csv": _read_csv, ".tsv": _read_csv, ".parquet": _read_parquet, ".pq": _read_parquet}
    if path.suffix.lower() not in readers:
        raise Mistake(
            f"{path.suffix or 'no suffix'} is no table", where=str(path), remedy="Give .csv, .tsv or .parquet"
        )
    table = readers[path.suffix.lower()](path)
    if not table.rows:
        raise Mistake("the table has no rows", where=str(path), remedy="Give a table with a header and rows")
    return table


def _read_csv(path: Path) -> Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header_line = file.readline()
            file.seek(0)
            lines = csv.reader(file, delimiter=max(",;\t|", key=header_line.count))
            header = [name.strip() for name in next(lines, [])]
            twice = [name for name in header if header.count(name) > 1]
            if twice:
                remedy = "Rename one of the columns"
                raise Mistake(f"the column {twice[0]!r} is there twice", where=str(path), remedy=remedy)
            columns: dict[str, list[Cell]] = {name: [] for name in header}
            aside: list[tuple[int, str]] = []
            for row in lines:
                if len(row) == len(header):
                    for name, cell in zip(header, row, strict=True):
                        columns[name].append(cell)
                elif row:
                    aside.append((lines.line_num, f"{len(row)} cells, the header has {len(header)}"))
    except UnicodeDecodeError as error:
        what = f"not UTF-8 (byte {error.start})"
        raise Mistake(what, where=str(path), remedy="Save the table as CSV UTF-8") from error
    except (OSError, csv.Error) as error:
        raise Mistake(f"the table cannot be read ({error})", where=str(path), remedy="Mend the file") from error
    return Table(columns, tuple(aside))


def _read_parquet(path: Path) -> Table:
    try:
        return Table(pq.read_table(path).to_pydict())
    except (OSError, pa.ArrowException) as error:
        raise Mistake(f"the table cannot be read ({error})", where=str(path), remedy="Mend the file") from error


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
