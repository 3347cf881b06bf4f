"""The factor on intervals: what it is worth on synthetic histories whose truth is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.costs.ranges import HALF
from dono.decisions import compare, width_of
from dono.decisions.calibration import FEWEST, MOST, STATED, Outcome, factor_of, miss
from tests.rooms.decisions.evidence import SCALES, learner, question


def outcome(measured: float, *, lo: float = 0.7, hi: float = 0.9, said: float = 0.8, **more: float | str) -> Outcome:
    held = "yes" if lo <= measured <= hi else "no"
    return {
        "metric": "macro_f1", "measured": measured, "predicted": said, "predicted_lo": lo, "predicted_hi": hi,
        "n": 400, "known": "extrapolated", "interval_held": held, **more,
    }  # fmt: skip


def share_held(n: int, true_spread: float, *, worlds: int = 1000) -> np.ndarray:
    """For many histories of n runs: how often the next interval holds with the factor that the history taught.

    Intervals are made for a spread of 1; the truth is normal with another one.
    """
    random = np.random.default_rng(n)
    found = []
    for past in np.abs(random.normal(0, true_spread, (worlds, n))) / HALF:
        reach = factor_of(past.tolist()) * HALF / true_spread
        found.append(math.erf(reach / math.sqrt(2)))
    return np.array(found)


@pytest.mark.parametrize("n", [FEWEST, 9, 20, 60])
@pytest.mark.parametrize("spread", [1.0, 1.5, 2.5])
def test_the_next_interval_holds_as_stated_however_much_too_sure_the_forecasts_were(n: int, spread: float) -> None:
    held = share_held(n, spread)
    assert held.mean() >= STATED - 3 * held.std() / math.sqrt(len(held))


def test_with_many_runs_it_holds_as_stated_and_hardly_more_often() -> None:
    assert STATED <= share_held(200, 1.6).mean() <= STATED + 0.02


def test_too_wide_intervals_shrink_and_still_hold_in_nine_histories_of_ten() -> None:
    held = share_held(60, 0.5)
    assert held.mean() < 0.95  # unchanged they would hold in 99 of 100
    assert np.mean(held >= STATED) >= 0.9


def test_too_few_runs_change_nothing_and_it_is_said() -> None:
    found = width_of([outcome(0.1)] * (FEWEST - 1))
    assert found.factor == 1.0 and found.judged == 3 and found.held == 0
    assert found.sentence == "3 full runs are too few to change anything: it takes 4."
    assert width_of([]).sentence == ""


def test_ten_runs_are_too_few_to_make_intervals_narrower() -> None:
    assert factor_of([0.1] * 10) == 1.0
    assert factor_of([0.1] * 11) == 0.1


def test_the_finite_sample_quantile_is_the_published_one() -> None:
    misses = [k / 10 for k in range(1, 20)]  # the 16th of 19 is the ⌈0.8 · 20⌉-th
    assert factor_of(misses) == 1.6


@given(st.lists(st.floats(0, 20), max_size=40))
def test_the_order_of_runs_does_not_matter_and_a_larger_miss_never_narrows(misses: list[float]) -> None:
    assert factor_of(misses) == factor_of(misses[::-1])
    assert factor_of([2 * m for m in misses]) >= factor_of(misses)
    assert 0 <= factor_of(misses) <= MOST


def test_a_miss_is_1_at_the_interval_s_end_on_either_side_and_0_in_the_middle() -> None:
    assert miss(outcome(0.7)) == pytest.approx(1)
    assert miss(outcome(0.9)) == pytest.approx(1)
    assert miss(outcome(0.8)) == 0
    assert miss(outcome(0.6)) > 1 > miss(outcome(0.75)) > 0


def test_a_factor_that_was_in_force_is_taken_out_again() -> None:
    assert miss(outcome(0.6, width=2.0)) == pytest.approx(2 * miss(outcome(0.6)))


def test_a_perfect_score_and_an_interval_without_width_are_no_infinities() -> None:
    assert math.isfinite(miss(outcome(1.0)))
    assert miss(outcome(0.5, lo=0.8, hi=0.8)) == MOST


def test_what_was_measured_before_is_no_forecast() -> None:
    rows: list[Outcome] = [outcome(0.1, known="measured"), {"metric": "auc", "measured": 0.8}]
    assert width_of(rows).judged == 0


def test_the_verdict_s_intervals_are_wider_by_the_factor_and_the_forecast_stays() -> None:
    rows = [learner("scratch/own", lambda s: 1 - 0.1 * s**-0.3), learner("finetune/lora", lambda s: 0.85 + 0.01 * s)]
    ends = []
    for width in (1.0, 2.0):
        arm = next(a for a in compare(replace(question(), width=width), rows, seed=0).arms if a.arm == "scratch/own")
        assert arm.quality.lo is not None and arm.quality.hi is not None
        ends.append([math.log(1 - v) for v in (arm.quality.hi, arm.quality.value, arm.quality.lo)])
        assert next(p for p in arm.curve if p.scale == 1).hi == pytest.approx(arm.quality.hi, abs=1e-3)
        assert all(p.lo <= p.mean <= p.hi for p in arm.curve if p.scale > max(SCALES))
    narrow, wide = (e[2] - e[0] for e in ends)
    assert wide == pytest.approx(2 * narrow, rel=0.02)
    assert ends[1][1] == pytest.approx(ends[0][1], abs=0.1 * narrow)
