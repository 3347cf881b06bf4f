"""`dono plan` as a person meets it: a table with ranges, and one line for each mistake."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest
from click.testing import CliRunner

from dono.cli import dono
from dono.errors import Mistake
from dono.stages.plan import Question, fleet, lines


def asked(**others: object) -> Question:
    values = {"params": 7e9, "tokens": 140e9, "machine": "64xH100", **others}
    return Question(**values)  # type: ignore[arg-type]


def test_the_command_prints_hours_money_memory_and_layout() -> None:
    done = CliRunner().invoke(dono, ["plan", "--params", "7e9", "--tokens", "140e9", "--machine", "64xH100"])
    assert done.exit_code == 0
    for word in ("machine hours", "INR", "of 80 GB", "64 data", "kWh", "the same in a year"):
        assert word in done.output


def test_every_line_says_where_its_number_is_from() -> None:
    found = lines(asked(engineers=2, months=3, salary=4e5, requests_per_day=1e5, worth_per_month=1e4))
    assert all(source for _, _, source in found)
    assert {"people", "serving, a month", "wait?"} <= {what for what, _, _ in found}


@pytest.mark.parametrize(
    ("others", "each", "layout"),
    [
        ({}, 6, "kept"), ({"lora": True}, 4, "kept"), ({"recompute": True}, 8, "recomputed"),
        ({"lora": True, "recompute": True}, 6, "recomputed"),
    ],
)  # fmt: skip
def test_the_words_are_those_of_the_numbers(others: dict[str, object], each: int, layout: str) -> None:
    told = {what: (value, source) for what, value, source in lines(asked(**others))}
    assert told["FLOPs"][1].startswith(f"{each} a parameter and token")
    assert told["machine hours"][1] == f"{each} FLOPs a parameter and token ÷ utilisation"
    assert told["layout"][0].endswith(f"activations {layout}") and "--recompute" not in told["layout"][1]


def test_a_forward_that_is_repeated_unasked_is_said_not_to_be_in_the_hours() -> None:
    told = {what: (value, source) for what, value, source in lines(asked(params=70e9, tokens=1e12))}
    assert "recomputed" in told["layout"][0] and "not in the hours: --recompute counts it" in told["layout"][1]
    assert told["FLOPs"][1].startswith("6 a parameter and token, and")


def test_a_measured_share_of_the_peak_has_no_range() -> None:
    found = {what: value for what, value, _ in lines(asked(mfu=0.4))}
    assert found["utilisation"] == "40\u00a0%"
    assert "to" not in found["machine hours"]


def test_a_machine_without_a_price_asks_for_it() -> None:
    found = {what: (value, source) for what, value, source in lines(asked(machine="64xMI300X"))}
    assert found["money"] == ("cannot say", "no price is known for MI300X: give --price")


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"machine": "64xAbacus"}, "no machine 'Abacus'"),
        ({"machine": "0xH100"}, "names no machines"),
        ({"mfu": 1.2}, "no share of a peak"),
        ({"price": -1.0}, "--price: -1 is out of range. Give a number from 0 to"),
        ({"tokens": float("nan")}, "--tokens: nan is out of range. Give a number above 0"),
        ({"active": 8e9}, "active parameters"),
        ({"rates": ("USD=free",)}, "is no rate"),
        ({"rates": ("USD=-3",)}, "is no rate"),
        ({"currency": "KES"}, "no rate from USD to KES"),
        ({"params": 4e11, "machine": "4xA100-40GB"}, "GB are needed on each of 4 GPUs"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(others: dict[str, object], said: str) -> None:
    with pytest.raises(Mistake, match=said) as raised:
        lines(asked(**others))
    assert "\n" not in str(raised.value)


NUMBERS = [f.name for f in fields(Question) if "float" in str(f.type) or "int" in str(f.type)]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -5, 7e90])
def test_a_number_that_no_plan_has_is_one_line_that_names_its_option(name: str, value: float) -> None:
    with pytest.raises(Mistake, match=f"^--{name.replace('_', '-')}: {value:g}".replace("+", r"\+")) as raised:
        lines(asked(requests_per_day=1e5, **{name: value}) if name != "requests_per_day" else asked(**{name: value}))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["params", "tokens", "context", "batch_tokens", "vocabulary", "tokens_in"])
def test_nothing_of_what_every_run_has_is_refused(name: str) -> None:
    with pytest.raises(Mistake, match=r"is out of range\. Give a number above 0"):
        asked(**{name: 0})


def test_the_largest_numbers_end_in_a_plan_or_in_one_line() -> None:
    most = {"tokens": 1e16, "price": 1e16, "requests_per_day": 1e16, "worth_per_month": 1e16, "salary": 1e16}
    assert lines(asked(engineers=1e16, months=1e16, **most))
    with pytest.raises(Mistake, match="GB are needed"):
        lines(asked(params=1e16))


def test_a_price_of_ones_own_counts_in_ones_own_currency() -> None:
    _, machine = fleet(asked(price=215.0))
    assert (machine.price and machine.price.mid, machine.currency) == (215.0, "INR")
