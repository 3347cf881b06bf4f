"""Numbers in the sentences of a verdict."""

from __future__ import annotations

import pytest

from dono.decisions import wording


@pytest.mark.parametrize(
    ("number", "said"), [(3.14, "3.14"), (999.4, "999"), (999.7, "1 k"), (31_200, "31.2 k"), (999_800, "1 M")]
)
def test_a_count_never_needs_a_power_of_ten(number: float, said: str) -> None:
    assert wording.count(number) == said


@pytest.mark.parametrize(
    ("hours", "said"), [(0.001, "less than a minute"), (0.5, "30 minutes"), (4.4, "4.4 hours"), (1e5, "100,000 hours")]
)
def test_long_times_are_written_out(hours: float, said: str) -> None:
    assert wording.time(hours) == said


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [(0.123, "INR", "INR 0.12"), (99.5, "INR", "INR 99.50"), (600_000, "INR", "INR 6,00,000"),
     (600_000, "USD", "USD 600,000")],
)  # fmt: skip
def test_money_has_its_digits_in_the_groups_of_the_tables(amount: float, currency: str, said: str) -> None:
    assert wording.money(amount, currency) == said


@pytest.mark.parametrize(
    ("scale", "said"),
    [(0.013, "1.3 % of the full run"), (0.996, "the full run"), (1.0, "the full run"), (2.0, "2 times the full run"),
     (150.0, "150 times the full run")],
)  # fmt: skip
def test_a_share_of_the_full_run_needs_no_power_of_ten(scale: float, said: str) -> None:
    assert wording.multiple(scale) == said
