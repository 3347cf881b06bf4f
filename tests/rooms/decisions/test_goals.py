"""What is wanted, what may not be broken, and what that does to the choice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dono.decisions import ArmEvidence, LanguageScore, UseCaseQuestion, UseCaseVerdict, choose_portfolio, compare
from dono.project import Goal
from tests.rooms.decisions.evidence import arm, fixed, learner, pilot, question


def serving(name: str, value: float, *, cost: float, month: float) -> ArmEvidence:
    return arm(name, [pilot(1.0, value, stderr=0.002)], cost=cost, serving=month, has_scale=False)


ARMS = [
    serving("scratch/own", 0.95, cost=3000, month=10),
    serving("finetune/lora", 0.90, cost=300, month=400),
    serving("prompt/zero-shot", 0.70, cost=0, month=300),
]


def decided(goal: Goal, *, bar: float = 0.85, arms: list[ArmEvidence] | None = None) -> UseCaseVerdict:
    asked: UseCaseQuestion = replace(question(bar=bar), goal=goal)
    return compare(asked, arms or ARMS, seed=0)


@pytest.mark.parametrize(
    ("goal", "winner"), [("quality", "scratch/own"), ("bar", "finetune/lora"), ("monthly", "scratch/own")]
)
def test_each_goal_has_its_own_winner(goal: Goal, winner: str) -> None:
    found = decided(goal)
    assert (found.winner, found.taken, found.goal) == (winner, winner, goal)
    items = choose_portfolio([found], {"intent": ARMS}, money=1e6, hours=None, currency="INR").items
    assert [i.arm for i in items] == [winner]


def test_a_bar_that_nothing_reaches_is_not_called_reached() -> None:
    found = decided("bar", bar=0.99)
    assert found.winner is None and found.taken == "scratch/own"
    assert found.sentence.startswith("No way reaches the bar of 0.990 with probability 80 %")


def test_the_budget_holds_for_every_goal() -> None:
    found = decided("monthly")
    portfolio = choose_portfolio([found], {"intent": ARMS}, money=500, hours=None, currency="INR")
    assert [i.arm for i in portfolio.items] == ["finetune/lora"]


def test_an_arm_that_breaks_a_constraint_is_shown_with_the_reason_and_never_chosen() -> None:
    arms = [replace(ARMS[0], broken=("a request takes 900 ms, more than 300 (measured)",)), *ARMS[1:]]
    found = decided("quality", arms=arms)
    barred = next(a for a in found.arms if a.arm == "scratch/own")
    assert found.winner == "finetune/lora"
    assert (barred.p_best, barred.choosable) == (0.0, False)
    assert "From scratch would be better by 0.050, but a request takes 900 ms" in found.sentence
    assert found.arms[-1].arm == "scratch/own" and sum(a.p_best for a in found.arms) == pytest.approx(1)
    portfolio = choose_portfolio([found], {"intent": arms}, money=1e6, hours=None, currency="INR")
    assert [i.arm for i in portfolio.items] == ["finetune/lora"]


def test_where_every_arm_breaks_a_constraint_that_is_one_line_and_nothing_is_chosen() -> None:
    arms = [replace(a, broken=("it needs 9 GB to answer, the device has 4",)) for a in ARMS]
    found = decided("quality", arms=arms)
    assert found.winner is None and found.sentence.startswith(
        "No way keeps all constraints. Fine-tune (LoRA): it needs"
    )
    assert choose_portfolio([found], {"intent": arms}, money=1e6, hours=None, currency="INR").items == ()


def test_a_full_run_beyond_all_support_is_not_decided() -> None:
    far = learner("scratch/own", lambda s: 1 - 0.1 * s**-0.2, scales=(1 / 512, 1 / 256, 1 / 128))
    found = compare(question(), [far], seed=0)
    assert found.winner is None and found.taken == "scratch/own"
    assert found.sentence.startswith("Cannot say: the full run of From scratch is 128 times its largest pilot")
    assert len(found.unsupported) == 1
    portfolio = choose_portfolio([found], {"intent": [far]}, money=1e6, hours=None, currency="INR")
    assert "intent (its pilots cannot tell yet)" in portfolio.sentence


def tongue(name: str, scores: dict[str, float], *, cost: float = 100.0) -> ArmEvidence:
    whole = sum(scores.values()) / len(scores)
    rows = [LanguageScore(language=t, value=v, stderr=0.01, n=400, scale=1.0) for t, v in scores.items()]
    return replace(fixed(name, whole, stderr=0.004, cost=cost), languages=rows)


def test_a_language_in_which_another_arm_measurably_wins_gets_it_where_the_budget_has_room() -> None:
    arms = [
        tongue("scratch/own", {"hi": 0.90, "ta": 0.90, "en": 0.70}, cost=1000),
        tongue("finetune/lora", {"hi": 0.70, "ta": 0.70, "en": 0.90}, cost=200),
    ]
    found = compare(question(), arms, seed=0)
    assert found.taken == "scratch/own"
    (win,) = found.by_language
    assert (win.language, win.arm) == ("en", "finetune/lora") and win.sure > 0.95
    assert win.gain.lo is not None and win.gain.hi is not None and win.gain.lo < 0.2 < win.gain.hi
    both = choose_portfolio([found], {"intent": arms}, money=1200, hours=None, currency="INR")
    assert [(i.language, i.arm) for i in both.items] == [(None, "scratch/own"), ("en", "finetune/lora")]
    assert both.cost.value == pytest.approx(1200) and "Fine-tune (LoRA) for en" in both.sentence
    poor = choose_portfolio([found], {"intent": arms}, money=1100, hours=None, currency="INR")
    assert [(i.language, i.arm) for i in poor.items] == [(None, "scratch/own")]


def test_languages_within_the_tests_error_stay_with_the_use_cases_arm() -> None:
    arms = [
        tongue("scratch/own", {"hi": 0.90, "en": 0.80}),
        tongue("finetune/lora", {"hi": 0.79, "en": 0.81}),
    ]
    assert compare(question(), arms, seed=0).by_language == ()
