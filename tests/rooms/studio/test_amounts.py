"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.decisions import Number
from dono.decisions.wording import grouped
from dono.studio.amounts import between, compact, duration, interval, money, percent, probability, shower


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (1_23_456.4, "INR", "₹1,23,456"),
        (99_99_999.6, "INR", "₹1,00,00,000"),
        (123_456, "USD", "$123,456"),
        (999, "INR", "₹999"),
        (99.996, "INR", "₹100"),
        (92.5, "INR", "₹92.50"),
        (0.37, "EUR", "€0.37"),
        (0.0123, "USD", "$0.012"),
        (1e-9, "USD", "under $0.0001"),
        (0, "INR", "₹0"),
        (1234, "CHF", "CHF\u00a01,234"),
        (3.21e18, "INR", "₹3.2 × 10¹⁸"),
    ],
)
def test_money_is_written_by_its_currency(value: float, currency: str, text: str) -> None:
    assert money(value, currency) == text


@given(st.integers(min_value=-(10**14), max_value=10**14), st.sampled_from(["INR", "USD"]))
def test_grouping_changes_no_digit(whole: int, currency: str) -> None:
    assert int(grouped(whole, currency).replace(",", "").replace("−", "-")) == whole


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0, "0 min"), (1e-5, "under 1 s"), (0.0117, "42 s"), (0.2, "12 min"), (0.9999, "1 h"), (3.34, "3 h 20 min"),
     (99.999, "100 h"), (1234.4, "1,234 h")],
)  # fmt: skip
def test_hours_are_said_as_people_say_them(hours: float, text: str) -> None:
    assert duration(hours).replace("\u00a0", " ") == text


@given(st.floats(min_value=0, max_value=1, allow_nan=False))
def test_a_probability_is_never_certain(share: float) -> None:
    text = probability(share).replace("\u00a0", " ")
    assert text not in ("0 %", "100 %")
    assert (text == "< 1 %") == (share < 0.01)
    assert (text == "> 99 %") == (share > 0.99)
    assert probability(0.417) == "42\u00a0%"


def test_shares_keep_two_digits_and_are_never_rounded_to_nothing() -> None:
    assert percent(0.62).replace("\u00a0", " ") == "62 %"
    assert percent(0.0123).replace("\u00a0", " ") == "1.2 %"
    assert percent(2.4).replace("\u00a0", " ") == "240 %"
    assert percent(1e-5).replace("\u00a0", " ") == "0.001 %"
    assert percent(1e-9).startswith("under")


def test_axis_amounts_are_short() -> None:
    assert [compact(v).replace("\u00a0", " ") for v in (310, 999.7, 31_000, 999_800, 3.1e6, 2e9, 1.5e12)] == [
        "310", "1 k", "31 k", "1 M", "3.1 M", "2 G", "1.5 T",
    ]  # fmt: skip


def test_an_interval_shows_both_ends_or_says_that_it_is_open() -> None:
    def number(lo: float | None, hi: float | None) -> Number:
        return Number(value=5, lo=lo, hi=hi, unit="hours", label="extrapolated")

    assert interval(number(1, 2), duration) == between("1\u00a0h", "2\u00a0h")
    assert interval(number(1, None), duration) == "1\u00a0h and above"
    assert interval(number(None, None), duration) == ""
    assert between("7", "7") == "7"


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [("INR", 1e5, "₹1,00,000"), ("INR a month", 1e5, "₹1,00,000"), ("hours", 2, "2 h"), ("macro_f1", 0.5, "0.500"),
     ("of the full run", 0.4, "40 %"), ("FLOP/s", 3.2e12, "3.2 TFLOP/s"), ("FLOP/s", 320, "320 FLOP/s"),
     ("litres", 2.5, "2.5 litres")],
)  # fmt: skip
def test_a_number_is_shown_by_its_unit(unit: str, value: float, text: str) -> None:
    assert shower(unit, "INR")(value).replace("\u00a0", " ") == text
