"""A predict use case's table: read, and parted into what is learned from and what is held out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TypeVar

from dono.errors import Mistake
from dono.predictive import Cell, Labelled, Table, held_out, moment_of, read_table, take, take_target
from dono.predictive.columns import understood
from dono.predictive.tables import column_names
from dono.project import Project, UseCase
from dono.stages.workplace import Workplace

TEST_SHARE = 0.3
"""Held out of a table that comes without a test file."""

T = TypeVar("T")


@dataclass(frozen=True)
class Parts:
    """The rows to learn from and those held out, the same for every arm; moments and groups of the former, groups of
    the latter (`test_groups`).
    """

    train: Labelled
    test: Labelled
    times: list[float] | None
    groups: list[str] | None
    test_groups: list[str] | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Rows:
    labelled: Labelled
    times: list[float] | None
    groups: list[str] | None


def parts_of(place: Workplace, use_case: UseCase) -> Parts:
    """Train and test of a predict use case; without a test file a part of the table is held out by its `table`.

    Raises `Mistake` for a column that is not there, a time that is none, and where one class only is left.
    """
    assert use_case.train is not None and use_case.target is not None
    seed, where = place.project.training.seed, f"use_cases[{use_case.name}]"
    table = read_table(place.project.path(use_case.train))
    rows, notes = _rows(table, use_case, where)
    if use_case.test is not None:
        known = read_table(place.project.path(use_case.test))
        test, said = _rows(known, use_case, where)
        test, apart = _without_known_groups(test, rows)
        said += apart
        for part, labelled in (("train", rows.labelled), ("test", test.labelled)):
            if len(set(labelled.labels)) < 2:
                what = f"every row is {next(iter(labelled.labels), 'without a target')!r}"
                raise Mistake(what, where=f"{where}.{part}", remedy="Give rows of at least two classes")
        notes += [*said, f"tested on {len(test.labelled.labels):,} rows of {Path(use_case.test).name}"]
        return Parts(rows.labelled, test.labelled, rows.times, rows.groups, test.groups, tuple(notes))
    labels = rows.labelled.labels
    if len(set(labels)) < 2:
        what = f"every row is {next(iter(labels), 'without a target')!r}"
        raise Mistake(what, where=f"{where}.train", remedy="Give rows of at least two classes")
    split = held_out(labels, share=TEST_SHARE, seed=seed, times=rows.times, groups=rows.groups, where=where)
    notes.append(f"held out: {split.how} ({len(split.test):,} of {len(labels):,} rows)")

    learn, test_rows = split.train.tolist(), split.test.tolist()

    def some(chosen: Sequence[int]) -> Labelled:
        return Labelled(take(rows.labelled.columns, chosen), [labels[i] for i in chosen], 0)

    return Parts(
        some(learn), some(test_rows), chosen_of(rows.times, learn), chosen_of(rows.groups, learn),
        chosen_of(rows.groups, test_rows), tuple(notes),
    )  # fmt: skip


def _without_known_groups(test: _Rows, train: _Rows) -> tuple[_Rows, list[str]]:
    """The rows of a test file whose group is not learned from."""
    if test.groups is None or train.groups is None:
        return test, []
    learned = set(train.groups)
    kept = [row for row, group in enumerate(test.groups) if group not in learned]
    if len(kept) == len(test.groups):
        return test, []
    labelled = Labelled(take(test.labelled.columns, kept), [test.labelled.labels[row] for row in kept], 0)
    said = f"{len(test.groups) - len(kept):,} test rows are of groups that are learned from, left out"
    return _Rows(labelled, chosen_of(test.times, kept), chosen_of(test.groups, kept)), [said]


def chosen_of(values: list[T] | None, rows: Sequence[int]) -> list[T] | None:
    """The values of some rows, where there are any."""
    return None if values is None else [values[i] for i in rows]


def _rows(table: Table, use_case: UseCase, where: str) -> tuple[_Rows, list[str]]:
    """The rows with a target (and a time), parted from the columns that are not learned from."""
    choices, notes = use_case.table, list(table.notes)
    _check_named(use_case, list(table.columns), where)
    if choices.time is not None:
        table, said = _timed(table, choices.time, use_case, where)
        notes += said
    assert use_case.target is not None
    labelled = take_target(table, use_case.target, where=f"{where}.target")
    if labelled.without_target:
        notes.append(f"{labelled.without_target:,} rows without a target were left out")
    columns = dict(labelled.columns)
    times = None
    if choices.time is not None:
        times = [_seconds(cell, use_case) or 0.0 for cell in columns.pop(choices.time)]
    groups = None if choices.group is None else [str(cell) for cell in columns.pop(choices.group)]
    return _Rows(Labelled(columns, labelled.labels, labelled.without_target), times, groups), notes


def check_columns(project: Project, use_case: UseCase) -> None:
    """Raise `Mistake` for a column that a predict use case names and its table does not have, from the header alone:
    before a corpus is gathered and pilots are paid.
    """
    assert use_case.train is not None
    columns = column_names(project.path(use_case.train))
    if columns:  # else what is wrong with the file is said where it is read
        _check_named(use_case, columns, f"use_cases[{use_case.name}]")


def _check_named(use_case: UseCase, columns: Sequence[str], where: str) -> None:
    choices = use_case.table
    asked = [(f"table.{key}", getattr(choices, key)) for key in ("time", "group", "treated", "region", "language")]
    asked += [("table.segments", name) for name in choices.segments]
    for key, named in (*asked, ("target", use_case.target)):
        if named is not None and named not in columns:
            raise Mistake(f"no column {named!r}", where=f"{where}.{key}", remedy=f"Columns: {', '.join(columns)}")


def _seconds(cell: Cell, use_case: UseCase) -> float | None:
    moment = moment_of(cell, use_case.table.dates)
    return None if moment is None else moment.replace(tzinfo=UTC).timestamp()


def _timed(table: Table, name: str, use_case: UseCase, where: str) -> tuple[Table, list[str]]:
    """The rows whose time can be read. Raises `Mistake` where fewer than half of them have one."""
    cells = table.columns[name]
    kept = [row for row, cell in enumerate(cells) if _seconds(cell, use_case) is not None]
    if len(kept) == len(cells):
        column, forms = understood(name, cells, use_case.table.dates)
        return table, forms if column is not None and column.kind == "date" else []
    odd = next(cell for cell in cells if _seconds(cell, use_case) is None)
    what = f"{len(cells) - len(kept):,} of {len(cells):,} cells of {name!r} are no certain date (such as {odd!r})"
    if 2 * len(kept) < len(cells):
        remedy = "Name a column of dates, or say with `dates: day` or `dates: month` what comes first"
        raise Mistake(what, where=f"{where}.table.time", remedy=remedy)
    return dataclasses.replace(table, columns=take(table.columns, kept)), [f"{what}; these rows are left out"]
