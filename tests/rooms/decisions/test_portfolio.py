from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.decisions import ArmEvidence, Portfolio, choose_portfolio, compare
from dono.decisions.allocation import Cost, Option, allocate
from tests.rooms.decisions.evidence import arm, fixed, pilot, question


def measured(
    name: str, value: float, cost: float, *, shared: tuple[str, float] | None = None, stderr: float = 0.002
) -> ArmEvidence:
    return arm(name, [pilot(1.0, value, stderr=stderr)], cost=cost, shared=shared, has_scale=False)


def chosen(
    cases: dict[str, list[ArmEvidence]], *, money: float | None = 10_000, hours: float | None = None
) -> Portfolio:
    verdicts = [compare(question(name=name), evidence, seed=0) for name, evidence in cases.items()]
    return choose_portfolio(verdicts, cases, money=money, hours=hours, currency="INR")


def arms_of(portfolio: Portfolio) -> dict[str, str]:
    return {i.use_case: i.arm for i in portfolio.items}


BOTH = {
    "language": [measured("scratch/own", 0.9, 2000), measured("prompt/zero-shot", 0.6, 0)],
    "reply": [measured("finetune/lora", 0.85, 300), measured("scratch/own", 0.7, 2400)],
    "intent": [measured("predictive/tfidf", 0.95, 1), measured("finetune/lora", 0.951, 300)],
}


def test_every_use_case_gets_its_own_arm_and_both_is_said() -> None:
    found = chosen(BOTH)
    assert arms_of(found) == {"language": "scratch/own", "reply": "finetune/lora", "intent": "predictive/tfidf"}
    assert found.sentence.startswith("Both: train your own model from scratch for language")
    assert "fine-tune a base model for reply" in found.sentence
    assert "use no language model for intent" in found.sentence
    assert "Together INR 2,301" in found.sentence and "sure" not in found.sentence
    assert found.cost.value == pytest.approx(2301) and found.cost.label == "extrapolated"
    assert found.cost.lo == pytest.approx(0.8 * 2301) and found.cost.hi == pytest.approx(1.3 * 2301)
    assert found.hours.value == pytest.approx(23.01)


def test_a_shared_corpus_stage_is_paid_once() -> None:
    shared = ("scratch/own", 2000.0)
    cases = {
        name: [measured("scratch/own", 0.9, 2200, shared=shared), measured("prompt/zero-shot", 0.6, 0)]
        for name in ("language", "reply", "intent")
    }
    found = chosen(cases)
    assert found.cost.value == pytest.approx(2000 + 3 * 200) and found.hours.value == pytest.approx(26)
    assert all(i.cost.value == 2200 for i in found.items)
    (said,) = found.shared
    assert "intent, language and reply share" in said and "INR 2,000" in said


def test_sharing_makes_an_arm_that_is_as_good_the_cheaper_one() -> None:
    shared = ("scratch/own", 2000.0)
    cases = {
        "language": [measured("scratch/own", 0.9, 2000, shared=shared), measured("prompt/zero-shot", 0.6, 0)],
        "reply": [measured("scratch/own", 0.9, 2050, shared=shared), measured("continue/kept", 0.905, 900)],
    }
    found = chosen(cases)
    assert arms_of(found)["reply"] == "scratch/own" and found.cost.value == pytest.approx(2050)
    assert "as good as" in found.sentence
    assert arms_of(chosen({"reply": cases["reply"]}))["reply"] == "continue/kept"


def test_a_budget_that_excludes_the_best_takes_the_best_that_fits_and_says_so() -> None:
    found = chosen(BOTH, money=350)
    assert arms_of(found) == {"language": "prompt/zero-shot", "reply": "finetune/lora", "intent": "predictive/tfidf"}
    assert found.cost.value <= 350
    assert "From scratch is better by 0.3" in found.sentence and "does not fit the budget" in found.sentence


def test_hours_are_a_cap_like_money() -> None:
    assert chosen(BOTH, money=None, hours=3.2).hours.value <= 3.2
    assert arms_of(chosen(BOTH, money=None, hours=3.2))["language"] == "prompt/zero-shot"


def test_a_use_case_without_room_is_left_out_by_name() -> None:
    cases = {"intent": [measured("finetune/lora", 0.9, 300)], "reply": [measured("scratch/own", 0.9, 5000)]}
    found = chosen(cases, money=1000)
    assert arms_of(found) == {"intent": "finetune/lora"}
    assert "No room for reply in INR 1,000" in found.sentence and "INR 5,000" in found.sentence


def test_where_nothing_fits_the_budget_that_is_said_plainly() -> None:
    found = chosen({"intent": [measured("finetune/lora", 0.9, 300)]}, money=20)
    assert found.items == () and found.cost.value == 0
    assert found.sentence.startswith("Nothing fits the budget of INR 20.00.") and "INR 300" in found.sentence


def test_a_toss_up_takes_the_cheaper_and_is_called_one() -> None:
    cases = {
        "intent": [
            measured("finetune/lora", 0.902, 300, stderr=0.03), measured("predictive/tfidf", 0.9, 3, stderr=0.03)
        ]
    }  # fmt: skip
    found = chosen(cases)
    assert arms_of(found) == {"intent": "predictive/tfidf"} and "a toss-up" in found.sentence


def test_a_way_that_won_against_nothing_is_called_the_only_one() -> None:
    found = chosen({"text": [measured("prompt/zero-shot", 0.1, 0), arm("scratch/own", [], failed="no time was left")]})
    assert "for text (the only way that was measured)" in found.sentence


def test_pilots_that_have_not_begun_to_learn_make_no_toss_up() -> None:
    sleepers = [
        arm(name, [pilot(s, 0.02, stderr=0.005) for s in (1 / 400, 1 / 200)], cost=9)
        for name in ("finetune/lora", "finetune/full")
    ]
    verdict = compare(question(name="reply"), sleepers, seed=0)
    assert verdict.winner is None and all(a.said is None for a in verdict.arms)
    assert "reply (its pilots cannot tell yet)" in chosen({"reply": sleepers}).sentence
    assert not any("expected)" in flip for flip in verdict.flips)


def test_the_headline_names_the_rival_and_the_chance_that_the_page_names() -> None:
    evidence = [
        measured("finetune/lora", 0.80, 300, stderr=0.01),
        measured("continue/kept", 0.797, 900, stderr=0.01),
        measured("scratch/own", 0.775, 900, stderr=0.06),  # less often near the top, but as often the best
    ]
    verdict = compare(question(name="intent"), evidence, seed=0)
    wild = next(a for a in verdict.arms if a.arm == "scratch/own")
    rival = next(a for a in verdict.arms if a.arm == verdict.runner_up)
    assert verdict.winner is None and rival.arm == "continue/kept" and wild.p_best > rival.p_best
    assert "intent (a toss-up with Base, more training)" in chosen({"intent": evidence}).sentence
    assert f"(or within 0.010 of the best) with probability {verdict.confidence:.0%}".replace("%", " %") in (
        verdict.sentence
    )


def test_a_use_case_in_which_nothing_was_measured_is_named() -> None:
    found = chosen({**BOTH, "late": [arm("scratch/own", [], failed="out of memory")]})
    assert "late" not in arms_of(found) and "Nothing could be measured for late." in found.sentence


def test_the_order_of_use_cases_does_not_change_the_choice() -> None:
    for order in itertools.permutations(BOTH):
        found = chosen({name: BOTH[name] for name in order}, money=2100)
        assert arms_of(found) == arms_of(chosen(BOTH, money=2100))
        assert [i.use_case for i in found.items] == list(order)


def test_without_prices_hours_decide_what_is_cheaper() -> None:
    cases = {
        "intent": [
            arm("finetune/lora", [pilot(1.0, 0.903, stderr=0.001)], cost=0, hours=9, has_scale=False),
            arm("predictive/tfidf", [pilot(1.0, 0.9, stderr=0.001)], cost=0, hours=0.1, has_scale=False),
        ]
    }
    assert arms_of(chosen(cases, money=None, hours=24)) == {"intent": "predictive/tfidf"}


def test_two_arms_measured_alike_for_free_are_still_chosen() -> None:
    assert arms_of(chosen({"intent": [fixed("prompt/zero-shot", 0.8)]})) == {"intent": "prompt/zero-shot"}


regrets = st.floats(0, 0.5).map(lambda v: round(v, 3))
costs = st.integers(0, 100).map(float)
one = st.tuples(regrets, costs, st.sampled_from([None, "a", "b"]), costs)


def _cases(drawn: list[list[tuple[float, float, str | None, float]]]) -> list[tuple[str, list[Option]]]:
    found = []
    for number, rows in enumerate(drawn):
        options = []
        for place, (regret, own, key, extra) in enumerate(rows):
            shared = Cost(extra, extra, extra) if key else Cost()
            options.append(
                Option(use_case=f"u{number}", arm=f"arm{place}", loss=0.0 if regret <= 0.01 else regret, regret=regret,
                       own=Cost(own, own, own), shared=shared, shared_key=key)
            )  # fmt: skip
        found.append((f"u{number}", options))
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(one, min_size=1, max_size=4), min_size=1, max_size=4), st.integers(0, 300))
def test_no_other_portfolio_serves_more_or_loses_less(
    drawn: list[list[tuple[float, float, str | None, float]]], money: int
) -> None:
    cases = _cases(drawn)
    found = allocate(cases, money=money, hours=None)
    assert found.cost.money <= money + 1e-6
    best = min(
        (sum(o is None for o in combination), round(sum(o.loss for o in combination if o), 9))
        for combination in itertools.product(*[[None, *options] for _, options in cases])
        if _price([o for o in combination if o]) <= money
    )
    assert (len(found.dropped), round(found.loss, 9)) == best
    assert found.cost.money == pytest.approx(_price(list(found.options)))


def _price(options: list[Option]) -> float:
    keys = {o.shared_key for o in options if o.shared_key}
    once = sum(max(o.shared.money for o in options if o.shared_key == k) for k in keys)
    return sum(o.own.money for o in options) + once


def test_twenty_use_cases_with_eight_arms_stay_within_the_budget_and_near_the_best() -> None:
    random = np.random.default_rng(0)
    drawn: list[list[tuple[float, float, str | None, float]]] = [
        [(round(float(random.uniform(0, 0.3)), 3), float(random.integers(1, 100)), None, 0.0) for _ in range(8)]
        for _ in range(20)
    ]
    cases = _cases(drawn)
    free = sum(min(o.loss for o in options) for _, options in cases)
    found = allocate(cases, money=600, hours=None)
    assert found.cost.money <= 600 and not found.dropped
    assert found.loss < free + 0.7
    assert allocate(cases, money=None, hours=None).loss == pytest.approx(free)
