"""Columns are told apart, and dates and texts become numbers that mean something."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dono.predictive import Cell, Reading
from dono.predictive.columns import Column, understood


def test_a_date_column_in_three_forms_is_read_and_the_forms_are_named() -> None:
    cells: list[Cell] = ["2024-01-05", "05/02/2024", "5 Mar 2024"] * 20
    column, notes = understood("joined", cells, "day")
    assert column is not None and column.kind == "date"
    assert notes == ["joined: dates in 3 forms (0000-00-00, 00/00/0000, 0 a 0000), read with the day first"]
    days, months, _ = column.read(cells[:3]).T
    assert months.tolist() == [1, 2, 3] and np.diff(days).tolist() == [31, 29]
    assert understood("joined", cells, "month")[0].read(cells[1:2])[0, 1] == 5  # type: ignore[union-attr]


def test_dates_that_could_be_read_two_ways_are_missing_under_refuse_and_counted() -> None:
    cells: list[Cell] = ["13/02/2024", "05/02/2024"] * 20
    column, notes = understood("joined", cells, "refuse")
    assert column is not None and np.isnan(column.read(cells[:2])[:, 0]).tolist() == [False, True]
    assert "20 of 40 are no certain dates ('05/02/2024'), taken as missing" in notes[-1]


def test_a_text_column_is_learned_from_by_words_that_its_own_row_did_not_teach() -> None:
    random = np.random.default_rng(0)
    labels = ["yes" if flag else "no" for flag in random.random(200) < 0.5]
    said = ["very angry indeed" if label == "yes" else "quite happy today" for label in labels]
    texts: list[Cell] = [f"{what} {n} {n * 7} {n * 31}" for n, what in enumerate(said)]
    reading, values = Reading.of({"remark": texts}, labels)
    assert [column.kind for column in reading.columns] == ["text"] and values.shape == (200, 1)
    assert ((values[:, 0] > 0) == [label == "yes" for label in labels]).mean() > 0.97
    noise: list[Cell] = [f"word{n} thing{n * 3} more{n * 5}" for n in range(200)]
    _, nothing = Reading.of({"remark": noise}, labels)
    assert abs(np.corrcoef(nothing[:, 0], [label == "yes" for label in labels])[0, 1]) < 0.25


def test_a_column_of_many_words_keeps_the_frequent_ones() -> None:
    words: list[Cell] = [f"town {n % 400}" for n in range(1200)] + ["town 1"] * 5
    column, notes = understood("town", words, "day")
    assert column is not None and len(column.categories) == 250 and "town 1" in column.categories
    assert "the 150 rarest are one category" in notes[0]
    assert column.read(["a new town"])[0, 0] == 250


@given(st.lists(st.one_of(st.none(), st.text(max_size=6), st.floats(), st.integers(-5, 5), st.dates()), min_size=1))
def test_any_column_is_understood_and_read(cells: list[Cell]) -> None:
    column, notes = understood("c", cells, "day")
    assert all(note.startswith("c: ") for note in notes)
    if column is not None and column.kind != "text":
        assert column.read(cells).shape == (len(cells), len(column.categorical))


def test_features_of_a_date_are_days_month_and_weekday() -> None:
    found = Column("d", "date").read([date(1970, 1, 2), "2024-02-29 18:00", None])
    assert found[0].tolist() == [1, 1, 4] and found[1].tolist() == [19782.75, 2, 3] and math.isnan(found[2, 0])
