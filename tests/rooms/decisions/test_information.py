from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import ndtr

from dono.decisions import ArmEvidence, UseCaseVerdict, compare, next_pilots, worth_of_more
from dono.decisions.information import MOST_SEEDS, Rung, knowledge_gradient, offers
from tests.rooms.decisions.evidence import SCALES, arm, fixed, learner, pilot, question

TOP = max(SCALES)


def close(*, seeds: int = 1, name: str = "intent") -> UseCaseVerdict:
    """Two learners whose order is open, and one that is out of the race."""
    rows: list[ArmEvidence] = []
    for which, level in (("scratch/own", 0.2), ("finetune/lora", 0.202)):
        points = [pilot(s, 1 - level * s**-0.2, stderr=0.02) for s in SCALES]
        points += [pilot(TOP, 1 - level * TOP**-0.2, stderr=0.02, seed=k) for k in range(1, seeds)]
        rows.append(arm(which, points))
    verdict = compare(question(name=name), [*rows, fixed("prompt/zero-shot", 0.3)], seed=0)
    assert verdict.winner is None
    return verdict


def seconds(arm: str, scale: float) -> float | None:
    return None if arm.startswith(("predictive", "prompt")) else 100 * scale


def test_close_arms_get_a_second_seed_of_their_largest_rung_first() -> None:
    found = next_pilots([close()], seconds_of=seconds, left=1000)
    assert set(found[:2]) == {("scratch/own", TOP, 1), ("finetune/lora", TOP, 1)}
    assert set(found[2:]) == {("scratch/own", 2 * TOP, 0), ("finetune/lora", 2 * TOP, 0)}


def test_then_the_next_larger_rung() -> None:
    found = next_pilots([close(seeds=2)], seconds_of=seconds, left=1000)
    assert set(found) == {("scratch/own", 2 * TOP, 0), ("finetune/lora", 2 * TOP, 0)}


def test_an_arm_far_behind_is_asked_where_its_interval_reaches_those_ahead() -> None:
    leading = arm("scratch/own", [pilot(s, 100 - 58 * s**-0.15, stderr=1) for s in SCALES])
    sleeping = arm("continue/kept", [pilot(s, 8 + 4 * i, stderr=1) for i, s in enumerate(SCALES)])
    verdict = compare(question(metric="chrf"), [leading, sleeping], seed=0)
    behind = next(a for a in verdict.arms if a.arm == "continue/kept")
    lo, value, hi = behind.quality.lo, behind.quality.value, behind.quality.hi
    assert lo is not None and hi is not None and hi - value > 2 * (value - lo)  # what it may become is open upwards
    found = {o.rung[0]: o.chance for o in offers(verdict)}
    narrow = float(ndtr(-(max(a.quality.value for a in verdict.arms) - value) / ((hi - lo) / 2.5631)))
    assert found["continue/kept"] > narrow


def test_a_clear_verdict_asks_for_nothing() -> None:
    verdict = compare(
        question(), [learner("scratch/own", lambda s: 1 - 0.1 * s**-0.3), fixed("prompt/zero-shot", 0.3)], seed=0
    )
    assert verdict.winner is not None
    assert next_pilots([verdict], seconds_of=seconds, left=1e9) == []


def test_nothing_is_asked_where_nothing_was_measured() -> None:
    verdict = compare(question(), [arm("scratch/own", [], failed="no")], seed=0)
    assert next_pilots([verdict], seconds_of=seconds, left=1e9) == []


def test_what_does_not_fit_the_time_left_is_not_asked() -> None:
    assert next_pilots([close()], seconds_of=seconds, left=TOP * 100 * 0.9) == []
    assert len(next_pilots([close()], seconds_of=seconds, left=TOP * 100 * 1.5)) == 1


def test_arms_that_cannot_be_run_again_are_not_asked() -> None:
    def only_lora(name: str, scale: float) -> float | None:
        return 1.0 if name == "finetune/lora" else None

    assert {r[0] for r in next_pilots([close()], seconds_of=only_lora, left=1e9)} == {"finetune/lora"}


def test_the_quicker_of_two_equally_useful_rungs_comes_first() -> None:
    def slow_scratch(name: str, scale: float) -> float | None:
        return 1000.0 if name == "scratch/own" else 1.0

    assert next_pilots([close()], seconds_of=slow_scratch, left=1e9)[0][0] == "finetune/lora"
    assert (
        next_pilots([close()], seconds_of=lambda n, s: 1.0 if n == "scratch/own" else 1e3, left=1e9)[0][0]
        == "scratch/own"
    )


def test_a_rung_that_serves_two_use_cases_counts_twice() -> None:
    others = compare(
        question(name="reply"),
        [
            arm("scratch/own", [pilot(s, 1 - 0.2 * s**-0.2, stderr=0.02) for s in SCALES]),
            arm("continue/kept", [pilot(s, 1 - 0.201 * s**-0.2, stderr=0.02) for s in SCALES]),
        ],
        seed=0,
    )
    found = next_pilots([close(), others], seconds_of=lambda n, s: 1.0, left=1e9)
    assert [r[0] for r in found[:2]] == ["scratch/own"] * 2 and len(found) == len(set(found))


def test_repeated_calls_end_though_every_further_run_fails() -> None:
    verdict, done, calls = close(), set[Rung](), 0
    while wanted := next_pilots([verdict], seconds_of=seconds, left=1e9, done=done):
        assert not done & set(wanted)
        done |= set(wanted)
        calls += 1
    assert calls <= 2 * MOST_SEEDS + 2


def test_repeated_calls_end_though_the_verdict_stays_open() -> None:
    points = {n: [pilot(s, 1 - 0.2 * s**-0.2, stderr=0.03) for s in SCALES] for n in ("scratch/own", "finetune/lora")}
    for _ in range(20):
        verdict = compare(question(), [arm(n, p) for n, p in points.items()], seed=0)
        wanted = next_pilots([verdict], seconds_of=seconds, left=1e9)
        if not wanted:
            break
        for name, scale, seed in wanted:
            assert (scale, seed) not in {(p.scale, p.seed) for p in points[name]} and scale <= 1
            points[name].append(pilot(scale, 1 - 0.2 * scale**-0.2, stderr=0.03, seed=seed))
    assert wanted == [] and max(p.scale for p in points["scratch/own"]) == 1


@given(st.floats(-1, 1), st.floats(0.001, 1))
def test_the_knowledge_gradient_grows_with_doubt_and_shrinks_with_distance(lead: float, sd: float) -> None:
    here = knowledge_gradient(lead, sd)
    assert here >= -1e-12
    assert knowledge_gradient(lead, 2 * sd) >= here
    assert knowledge_gradient(2 * lead, sd) <= here + 1e-12
    assert knowledge_gradient(-lead, sd) == pytest.approx(here)
    assert knowledge_gradient(lead, 0.0) == 0


def test_a_larger_pilot_goes_on_with_the_seed_of_the_arm_s_others() -> None:
    points = [pilot(s, 1 - 0.2 * s**-0.2, stderr=0.02, seed=7) for s in SCALES]
    rows = [
        arm("scratch/own", points),
        arm("finetune/lora", [pilot(s, 1 - 0.202 * s**-0.2, stderr=0.02) for s in SCALES]),
    ]
    verdict = compare(question(), rows, seed=0)
    found = next_pilots([verdict], seconds_of=seconds, left=1e9)
    assert ("scratch/own", 2 * TOP, 7) in found and ("finetune/lora", 2 * TOP, 0) in found


def test_the_worth_of_a_pilot_is_the_mean_gain_over_what_it_may_show() -> None:
    random = np.random.default_rng(0)
    lead, sd = 0.3, 0.5
    gained = np.maximum(lead + sd * random.standard_normal(400_000), 0) - lead
    assert knowledge_gradient(lead, sd) == pytest.approx(gained.mean(), rel=0.02)


def test_what_one_more_pilot_is_worth_is_told_for_its_cost_the_best_first() -> None:
    verdict = close()
    told = worth_of_more(verdict, seconds_of=seconds, per_hour=36.0, currency="INR").more
    assert [(r.arm, r.scale, r.seed) for r in told] == next_pilots([verdict], seconds_of=seconds, left=1e9)
    by_rung = {o.rung: o for o in offers(verdict)}
    for row in told:
        offer = by_rung[row.arm, row.scale, row.seed]
        assert row.cost.value == pytest.approx(row.scale)  # 100 s × scale at 0.01 a second
        assert row.cost.unit == "INR"
        assert row.regret_avoided == offer.regret == pytest.approx(row.per_cost * row.cost.value)
        assert row.chance == offer.chance and 0 < row.chance <= 0.5
    assert all(a.per_cost >= b.per_cost for a, b in pairwise(told))


def test_where_an_hour_has_no_price_the_cost_is_the_hours() -> None:
    told = worth_of_more(close(), seconds_of=seconds, per_hour=0.0, currency="INR").more
    assert {r.cost.unit for r in told} == {"hours"}
    assert told[0].cost.value == pytest.approx(100 * TOP / 3600)


def test_the_chance_to_change_the_answer_is_what_the_draws_say() -> None:
    verdict = close()
    arms = {a.arm: a for a in verdict.arms}
    offer = next(o for o in offers(verdict) if o.rung == ("scratch/own", 2 * TOP, 0))
    lead = arms["scratch/own"].quality.value - max(a.quality.value for a in verdict.arms if a.arm != "scratch/own")
    moved = lead * np.sign(lead) + np.random.default_rng(1).standard_normal(200_000) * _moves(offer.regret, lead)
    assert np.mean(moved < 0) == pytest.approx(offer.chance, abs=0.005)


def _moves(regret: float, lead: float) -> float:
    """The standard deviation by which the observation moves the mean, from the regret that it avoids."""
    return float(brentq(lambda sd: knowledge_gradient(lead, sd) - regret, 1e-6, 10.0))


def test_a_clear_verdict_is_worth_no_further_pilot() -> None:
    clear = close().model_copy(update={"winner": "scratch/own"})
    assert worth_of_more(clear, seconds_of=seconds, per_hour=1.0, currency="INR").more == ()
