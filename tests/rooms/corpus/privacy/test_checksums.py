"""Check digits against python-stdnum, which is not our code."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn as their_luhn
from stdnum import verhoeff as their_verhoeff
from stdnum.in_ import gstin as their_gstin

from dono.corpus.privacy.checksums import completed, gstin, luhn, verhoeff

DIGITS = st.text("0123456789", min_size=2, max_size=20)


@given(DIGITS)
def test_verhoeff_and_luhn_agree_with_another_implementation(digits: str) -> None:
    assert verhoeff(digits) == their_verhoeff.is_valid(digits)
    assert luhn(digits) == their_luhn.is_valid(digits)


@pytest.mark.parametrize("valid", [verhoeff, luhn])
@given(digits=DIGITS)
def test_a_completed_number_is_valid_and_no_other_last_digit_is(valid: Callable[[str], bool], digits: str) -> None:
    whole = completed(digits, valid)
    assert [d for d in "0123456789" if valid(digits + d)] == [whole[-1]]


def test_published_examples_are_valid() -> None:
    assert gstin("27AAPFU0939F1ZV")  # the example in the user manual of the GST portal
    assert luhn("79927398713") and verhoeff("2363")  # as the articles on Luhn's and Verhoeff's schemes give them


@given(
    st.from_regex(
        r"(0[1-9]|[12][0-9]|3[0-7])[A-Z]{3}[ABCFGHLJPT][A-Z](?!0000)[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]", fullmatch=True
    )
)
def test_gstin_agrees_with_another_implementation(code: str) -> None:
    assert gstin(code) == their_gstin.is_valid(code)
