"""Rounds with elimination: who goes is said by the forecast, and what that risks is written down."""

from __future__ import annotations

import numpy as np
import pytest

from dono.decisions import ArmEvidence, UseCaseVerdict, compare, next_pilots, next_round
from dono.decisions.elimination import FEWEST, ROUND_RISK, drop
from dono.decisions.ranking import rank
from tests.rooms.decisions.evidence import SCALES, fixed, learner, question

TINY = tuple(s / 8 for s in SCALES)


def bases(levels: list[float], *, slope: float = 0.25, name: str = "intent") -> UseCaseVerdict:
    """Bases whose curves differ by their level only, beside one that was measured whole."""
    rows: list[ArmEvidence] = [
        learner(f"finetune/lora@{i}", lambda s, level=level: 1 - level * s**-slope, scales=TINY, stderr=0.01)
        for i, level in enumerate(levels)
    ]  # type: ignore[misc]
    return compare(question(name=name), [*rows, fixed("prompt/zero-shot@0", 0.2)], seed=0)


def cost(arm: str, scale: float) -> float | None:
    return None if arm.startswith("prompt") else scale


def test_the_hopeless_go_and_the_others_get_twice_the_size() -> None:
    verdict = bases([0.15, 0.152, 0.154, 0.3, 0.32])
    found = next_round([verdict], number=1, seconds_of=cost, left=100)
    gone = {e.arm for e in found.dropped["intent"]}
    assert {"finetune/lora@3", "finetune/lora@4"} <= gone
    assert {r for r, _, _ in found.rungs} == {f"finetune/lora@{i}" for i in range(5)} - gone
    assert {s for _, s, _ in found.rungs} == {2 * max(TINY)}


def test_an_arm_behind_today_whose_forecast_wins_stays_and_one_ahead_today_goes() -> None:
    rows = [
        learner("finetune/lora@steep", lambda s: 1 - 0.1 * s**-0.4, scales=TINY, stderr=0.004),
        learner("finetune/lora@steeper", lambda s: 1 - 0.101 * s**-0.4, scales=TINY, stderr=0.004),
        learner("finetune/lora@flat", lambda s: 1 - 0.25 * s**-0.02, scales=TINY, stderr=0.004),
    ]
    verdict = compare(question(), rows, seed=0)
    today = {a.arm: max(a.pilots, key=lambda p: p.scale).value for a in verdict.arms}
    assert max(today, key=lambda a: today[a]) == "finetune/lora@flat"
    assert [e.arm for e in drop(verdict, 1)] == ["finetune/lora@flat"]


def test_what_goes_in_a_round_risks_no_more_than_is_allowed_and_says_what() -> None:
    verdict = bases([0.15, 0.16, 0.17, 0.18, 0.19, 0.2, 0.3])
    gone = drop(verdict, 3)
    arms = {a.arm: a for a in verdict.arms}
    assert gone and sum(e.p_best for e in gone) <= ROUND_RISK
    for one in gone:
        assert (one.p_best, one.regret) == (arms[one.arm].p_best, arms[one.arm].regret_without)
        assert one.round == 3 and one.scale == max(TINY)
    left = {a.arm for a in verdict.arms} - {e.arm for e in gone}
    assert max(e.p_best for e in gone) <= min(arms[a].p_best for a in left if not a.startswith("prompt"))


def test_who_is_gone_stays_gone() -> None:
    verdict = bases([0.15, 0.152, 0.154, 0.3, 0.32])
    gone = tuple(drop(verdict, 1))
    later = verdict.model_copy(update={"eliminated": gone})
    assert not {e.arm for e in drop(later, 2)} & {e.arm for e in gone}
    names = {r for r, _, _ in next_round([later], number=2, seconds_of=cost, left=100).rungs}
    names |= {r for r, _, _ in next_pilots([later], seconds_of=cost, left=100)}
    assert names and not names & {e.arm for e in gone}


def test_an_arm_that_is_out_of_one_race_goes_on_while_it_is_in_another() -> None:
    first = bases([0.15, 0.152, 0.154, 0.3])
    second = bases([0.3, 0.154, 0.152, 0.15], name="reply")
    found = next_round([first, second], number=1, seconds_of=cost, left=100)
    assert {r for r, _, _ in found.rungs} == {f"finetune/lora@{i}" for i in range(4)}


def test_a_round_that_costs_too_much_is_not_begun_and_drops_nobody() -> None:
    verdict = bases([0.15, 0.152, 0.154, 0.3])
    found = next_round([verdict], number=1, seconds_of=cost, left=max(TINY))
    assert not found.rungs and not found.dropped


def test_two_arms_are_left_to_single_pilots_and_a_clear_verdict_asks_for_nothing() -> None:
    assert not next_round([bases([0.15, 0.152])], number=1, seconds_of=cost, left=100).rungs
    clear = bases([0.05, 0.3, 0.31, 0.32])
    assert clear.winner is not None
    assert not next_round([clear], number=1, seconds_of=cost, left=100).rungs


def test_rungs_that_failed_are_not_asked_again() -> None:
    verdict = bases([0.15, 0.152, 0.154])
    rungs = next_round([verdict], number=1, seconds_of=cost, left=100).rungs
    assert len(rungs) > FEWEST
    again = next_round([verdict], number=1, seconds_of=cost, left=100, done=rungs[:1]).rungs
    assert set(again) == set(rungs[1:])


def test_the_regret_of_doing_without_an_arm_is_the_mean_loss_over_the_draws() -> None:
    losses = np.array([[1.0, 3.0, 2.0], [4.0, 1.0, 2.5], [2.0, 2.0, 5.0], [1.0, 9.0, 8.0]])
    assert rank(losses, 0.1).without == pytest.approx([(1.0 + 7.0) / 4, 1.5 / 4, 0.0])
    assert rank(losses[:, :1], 0.1).without == (0.0,)
