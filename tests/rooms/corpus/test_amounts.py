from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.corpus.amounts import WORDS, ZEROS, amount, grouped, in_own_digits, read_number, rupees
from dono.corpus.rows import Malformed

PAISE = st.integers(-(10**18), 10**18).map(lambda paise: Decimal(paise).scaleb(-2))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0", "₹0"), ("7", "₹7"), ("999", "₹999"), ("1000", "₹1,000"), ("99999", "₹99,999"), ("100000", "₹1,00,000"),
        ("1234567.5", "₹12,34,567.50"), ("1234567.50", "₹12,34,567.50"), ("100000000", "₹10,00,00,000"), ("-50",
        "-₹50"),
        ("499.00", "₹499"), ("0.05", "₹0.05"), ("10.005", "₹10.005"), ("-0", "₹0"),
    ],
)  # fmt: skip
def test_rupees_are_grouped_by_lakh_and_crore(number: str, text: str) -> None:
    assert rupees(Decimal(number)) == text


@pytest.mark.parametrize(
    ("number", "language", "text"),
    [
        ("99999", "en", "₹99,999"), ("100000", "en", "₹1 lakh"), ("1250000", "hi", "₹12.5 लाख"),
        ("32500000", "ta", "₹3.25 கோடி"), ("150000", "bn", "₹1.5 লাখ"), ("-20000000", "mr", "-₹2 कोटी"),
        ("123456789", "en", "₹12.3456789 crore"), ("1200000000000", "te", "₹1,20,000 కోట్లు"), ("500000", "xx",
        "₹5 lakh"),
    ],
)  # fmt: skip
def test_large_amounts_are_said_in_the_words_of_the_language(number: str, language: str, text: str) -> None:
    assert rupees(Decimal(number), language, words=True) == text


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("12,34,567.50", "1234567.50"), ("₹ 499/-", "499"), ("Rs. 1,000", "1000"), ("rs 5", "5"), ("INR 10.5", "10.5"),
        ("१२,३४,५६७", "1234567"), ("১২.৫", "12.5"), ("1,234,567", "1234567"), (499, "499"), (0.1, "0.1"), ("-3", "-3"),
        ("1e3", "1000"), (1e16, "10000000000000000"), (Decimal("2.50"), "2.50"), (" 7 ", "7"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_tables_write_them(written: object, number: str) -> None:
    assert read_number(written) == Decimal(number)


@pytest.mark.parametrize(
    "written", ["abc", "1,2,3", "12,34", "1.2.3", "--1", "nan", "inf",
    "1e999", float("nan"), float("inf"), True, [], "5 kg",
                "9" * 40, "0x10", "½"],
)  # fmt: skip
def test_what_is_no_number_is_said(written: object) -> None:
    with pytest.raises(Malformed, match=r"not a number|beyond all measure"):
        read_number(written)


@given(PAISE)
def test_no_paisa_is_lost_on_the_way_through_any_form(number: Decimal) -> None:
    assert read_number(rupees(number)) == read_number(grouped(number)) == number
    for language in ZEROS:
        assert read_number(in_own_digits(rupees(number, language), language)) == number


@given(PAISE, st.sampled_from(sorted(WORDS)))
def test_words_of_lakh_and_crore_say_the_whole_amount(number: Decimal, language: str) -> None:
    said = rupees(number, language, words=True)
    lakh, crore = WORDS[language]
    factor = 10**7 if said.endswith(crore) else 10**5 if said.endswith(lakh) else 1
    assert read_number(said.removesuffix(crore).removesuffix(lakh)) * factor == number


@given(st.integers(0, 10**18))
def test_groups_are_three_digits_and_then_twos(number: int) -> None:
    head, *groups = grouped(Decimal(number)).split(",")
    assert 1 <= len(head) <= (3 if not groups else 2)
    assert [len(group) for group in groups] == [2] * (len(groups) - 1) + [3] * bool(groups)


def test_other_currencies_have_their_own_sign_and_places() -> None:
    assert amount(Decimal("1234567.5"), "USD") == "$12,34,567.50"
    assert amount(Decimal("-20"), "EUR", "hi") == "-€20"
    assert amount(Decimal("5"), "INR", "ta") == "₹5"
    with pytest.raises(Malformed, match="unknown currency"):
        amount(Decimal(1), "XXQ")


@given(st.one_of(st.text(max_size=30), st.floats(), st.integers(), st.binary(max_size=9)))
def test_whatever_a_cell_holds_it_is_a_number_or_a_reason(value: object) -> None:
    try:
        number = read_number(value)
    except Malformed:
        return
    assert number.is_finite() and read_number(rupees(number)) == number
