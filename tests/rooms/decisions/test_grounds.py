"""A verdict is judged again from its grounds: the same where nothing moves, else as the head says."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.decisions import (
    Grounds,
    Moves,
    UseCaseVerdict,
    Verdict,
    compare,
    judged_again,
    moved,
    read_grounds,
    seen_again,
    seen_by,
)
from dono.decisions.evidence import ENGINEERS, FAILED_RUNS, STORAGE, Lever
from dono.decisions.grounds import Seen
from dono.decisions.verdict import CostPart, LanguageScore, Number
from tests.rooms.decisions.evidence import fixed, learner, question, rupees


def scratch(scale: float) -> float:
    return 0.9 + 0.12 * math.log10(scale)


def lora(scale: float) -> float:
    return 0.84 + 0.03 * math.log10(scale)


@pytest.fixture(scope="module")
def grounds() -> Grounds:
    """One use case with traffic, levers and people: two arms whose curves cross, and one that learns nothing."""
    parts = (
        CostPart(name=FAILED_RUNS, amount=rupees(40), shared=10),
        CostPart(name=STORAGE, amount=rupees(200), shared=50),
        CostPart(name=ENGINEERS, amount=rupees(9000)),
    )
    rows = [learner("scratch/own", scratch, cost=400), learner("finetune/lora", lora, cost=40)]
    month = rupees(90).model_copy(update={"unit": "INR a month"})
    served = [replace(row, beside=parts, serving_per_month=month, notes=("2 epochs",)) for row in rows]
    levers = (
        Lever(name="traffic", now=Number(value=1000, unit="requests a day", label="assumed"), parts=("serving",)),
        Lever(name="the price of a machine hour", now=rupees(25), parts=("machines",), arms=["scratch/own"]),
    )
    asked = replace(question(bar=0.8), traffic=1000.0, levers=levers)
    return Grounds(
        questions={"intent": asked}, evidence={"intent": [*served, fixed("prompt/zero-shot", 0.4)]}, seed=3,
        currency="INR", money=None, hours=24.0, worth={"intent": 5000.0},
    )  # fmt: skip


@pytest.fixture(scope="module")
def seen(grounds: Grounds) -> Seen:
    return seen_by(grounds)


def empty() -> Verdict:
    return Verdict(
        project="shop", created="2026-11-20T09:30:00+00:00", currency="INR", sentence="", use_cases=(), portfolio=(),
        portfolio_cost=rupees(0), shared=(), budget={"money": None, "hours": 24.0}, spent={}, machine="this machine",
        speed=rupees(1), assumptions=(), data={}, measured=(), warnings=("kept",), calibration=(),
    )  # fmt: skip


def case(grounds: Grounds, moves: Moves, seen: Seen | None = None) -> UseCaseVerdict:
    found = moved(grounds, moves)
    return judged_again(empty(), found, seen_again(seen, found) if seen else None).use_cases[0]


def test_they_are_read_as_they_were_written_and_judged_alike(grounds: Grounds, seen: Seen) -> None:
    again = read_grounds(grounds.as_json())
    assert again is not None and again.as_json() == grounds.as_json()
    straight = compare(grounds.questions["intent"], grounds.evidence["intent"], seed=3)
    judged = judged_again(empty(), again)
    assert judged.use_cases == (straight,)
    assert judged == judged_again(empty(), grounds, seen)
    assert judged.warnings == ("kept",) and judged.outset is not None and judged.outset.worth_per_month == 5000


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"questions": [], "evidence": 3}', '{"questions": [{"name": 1}]}'])
def test_what_another_version_wrote_is_none(text: str) -> None:
    assert read_grounds(text) is None


def test_a_field_that_is_not_known_is_not_guessed(grounds: Grounds) -> None:
    told = json.loads(grounds.as_json())
    told["questions"][0]["mood"] = "good"
    assert read_grounds(json.dumps(told)) is None


def test_nothing_moved_is_nothing_changed(grounds: Grounds) -> None:
    assert moved(grounds, Moves()).as_json() == grounds.as_json()


def test_the_bar_moves_who_reaches_it_and_no_curve(grounds: Grounds, seen: Seen) -> None:
    plan, low, none = (
        case(grounds, m, seen) for m in (Moves(), Moves(bars={"intent": 0.6}), Moves(bars={"intent": None}))
    )
    of = {a.arm: a for a in plan.arms}
    for arm in low.arms:
        assert arm.curve == of[arm.arm].curve and arm.quality == of[arm.arm].quality
    assert [a.reaches_bar for a in low.arms if a.arm == "scratch/own"] == [1.0]
    assert of["scratch/own"].reaches_bar is not None and of["scratch/own"].reaches_bar <= 1.0
    assert low.bar == 0.6 and none.bar is None and {a.reaches_bar for a in none.arms} == {None}


def test_more_data_is_the_curve_further_on(grounds: Grounds, seen: Seen) -> None:
    plan, twice = case(grounds, Moves(), seen), case(grounds, Moves(data=2.0))
    before, after = ({a.arm: a for a in c.arms} for c in (plan, twice))
    own = after["scratch/own"]
    assert own.quality.value > before["scratch/own"].quality.value
    assert [p.scale for p in own.pilots] == [p.scale / 2 for p in before["scratch/own"].pilots]
    assert own.full_cost.value == 2 * before["scratch/own"].full_cost.value
    assert own.notes == ("in the plan as it stands: 2 epochs",)
    assert after["prompt/zero-shot"].full_cost == before["prompt/zero-shot"].full_cost
    parts = {p.name: p.amount.value for p in own.parts}
    assert parts == {"machines": 800, FAILED_RUNS: 80, STORAGE: 250, ENGINEERS: 9000}


def test_a_use_case_with_an_arm_of_its_own_for_a_language_is_worth_what_it_is_once(grounds: Grounds) -> None:
    def by_language(**values: float) -> tuple[LanguageScore, ...]:
        return tuple(LanguageScore(language=k, value=v, stderr=0.01, n=2000, scale=1.0) for k, v in values.items())

    rows = [
        replace(fixed("finetune/lora", 0.80), languages=by_language(hi=0.65, en=0.95)),
        replace(fixed("predictive/tfidf", 0.75), languages=by_language(hi=0.80, en=0.70)),
    ]
    two = replace(grounds, questions={"intent": question()}, evidence={"intent": rows}, hours=None)
    found = judged_again(empty(), two)
    assert [(i.use_case, i.language) for i in found.portfolio] == [("intent", None), ("intent", "hi")]
    assert found.outset is not None and found.outset.worth_per_month == 5000


def test_a_cap_decides_what_the_plan_can_hold(grounds: Grounds, seen: Seen) -> None:
    free, tight, none = (
        judged_again(empty(), found, seen_again(seen, found)).portfolio
        for found in (moved(grounds, m) for m in (Moves(), Moves(money=100.0), Moves(money=math.inf, hours=math.inf)))
    )
    assert [i.arm for i in free] == ["scratch/own"] == [i.arm for i in none]
    assert [i.arm for i in tight] == ["finetune/lora"]


@given(traffic=st.floats(1, 1e7), months=st.floats(1, 120), data=st.floats(0.125, 8))
@settings(max_examples=50, deadline=None)
def test_serving_grows_with_traffic_storage_with_months_and_nothing_is_lost(
    grounds: Grounds, traffic: float, months: float, data: float
) -> None:
    found = moved(grounds, Moves(traffic=traffic, months=months, data=data))
    row, plan = found.evidence["intent"][0], grounds.evidence["intent"][0]
    assert row.serving_per_month is not None and plan.serving_per_month is not None
    assert row.serving_per_month.value == pytest.approx(plan.serving_per_month.value * traffic / 1000)
    assert row.serving_months == months and found.questions["intent"].traffic == traffic
    storage = next(p for p in row.beside if p.name == STORAGE)
    assert storage.amount.value == pytest.approx((150 + 50 * data) * months / plan.serving_months)
    assert next(lever.now.value for lever in found.questions["intent"].levers if lever.name == "traffic") == traffic
    back = moved(found, Moves(traffic=1000, months=plan.serving_months, data=1 / data)).evidence["intent"][0]
    assert [p.scale for p in back.points] == pytest.approx([p.scale for p in plan.points])
    assert back.full_cost.value == pytest.approx(plan.full_cost.value)
