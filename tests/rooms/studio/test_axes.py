"""Axes: values onto pixels, readable ticks, labels moved apart."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.studio.axes import apart, log_axis, log_ticks, tick_decimals, value_axis, value_ticks

VALUES = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False)
SHARES = st.floats(min_value=0, max_value=1e6, allow_nan=False)


def test_the_full_run_is_the_end_of_the_axis() -> None:
    axis = log_axis([0.01, 0.3], 50, 550)
    assert axis.at(1) == 550
    assert 50 < axis.at(0.01) < axis.at(0.3) < 550
    assert log_ticks(axis, 8) == pytest.approx([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0])
    assert log_ticks(axis, 3) == pytest.approx([0.01, 0.1, 1.0])


def test_ticks_of_values_are_round_and_told_apart() -> None:
    axis = value_axis([0.41, 0.9], 400, 30, 0.04)
    ticks = value_ticks(axis, 6)
    assert ticks == pytest.approx([0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    assert tick_decimals(ticks) == 1
    assert tick_decimals([0.70, 0.75]) == 2
    assert tick_decimals([10, 20]) == 0


@given(st.lists(VALUES, min_size=1, max_size=8), st.floats(min_value=1e-3, max_value=10))
def test_values_stay_on_the_axis_and_larger_ones_are_higher(values: list[float], least: float) -> None:
    axis = value_axis(values, 400, 30, least)
    assert all(axis.holds(v) for v in values)
    pixels = [axis.at(v) for v in sorted(values)]
    assert all(30 <= p <= 400 for p in pixels)
    assert all(a >= b for a, b in pairwise(pixels))
    ticks = value_ticks(axis, 6)
    assert 1 <= len(ticks) <= 7
    assert len({f"{t:.{tick_decimals(ticks)}f}" for t in ticks}) == len(ticks)


@given(st.lists(SHARES, min_size=0, max_size=8), st.integers(min_value=1, max_value=9))
def test_shares_stay_on_a_logarithmic_axis(shares: list[float], most: int) -> None:
    axis = log_axis(shares, 50, 550)
    assert all(50 <= axis.at(s) <= 550 for s in [0.0, 1.0, *shares])
    ticks = log_ticks(axis, most)
    assert len(ticks) <= max(most, 1) + 1
    assert all(a < b for a, b in pairwise(ticks))


@given(st.lists(st.floats(min_value=30, max_value=400), max_size=14), st.floats(min_value=1, max_value=40))
def test_labels_are_moved_apart_in_order_and_stay_inside(wanted: list[float], room: float) -> None:
    places = apart(wanted, room, 30, 400)
    needed = min(room, 370 / max(1, len(wanted) - 1))
    assert all(29.9 <= p <= 400.1 for p in places)
    ordered = sorted(zip(wanted, places, strict=True))
    assert all(b - a >= needed - 0.03 for a, b in pairwise(sorted(places)))
    assert all(w1 == w2 or p1 < p2 for (w1, p1), (w2, p2) in pairwise(ordered))


def test_labels_with_room_are_left_where_they_want_to_be() -> None:
    assert apart([300, 100, 200], 17, 30, 400) == [300, 100, 200]
    assert apart([], 17, 30, 400) == []
