from __future__ import annotations

import pytest

from dono.training.schedule import rate_at


def test_the_schedule_warms_up_stays_and_decays() -> None:
    rates = [rate_at(s, peak=1.0, warmup=4, decay_from=8, stop=10) for s in range(10)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 2 / 3, 1 / 3])


def test_a_trunk_never_decays_so_all_rungs_share_its_rates() -> None:
    trunk = [rate_at(s, peak=1.0, warmup=2, decay_from=50, stop=50) for s in range(40)]
    rung = [rate_at(s, peak=1.0, warmup=2, decay_from=40, stop=50) for s in range(40)]
    assert trunk == rung


def test_no_step_of_a_run_is_learned_at_rate_zero() -> None:
    assert min(rate_at(s, peak=1.0, warmup=0, decay_from=0, stop=7) for s in range(7)) > 0


def test_a_decay_that_begins_inside_the_warm_up_never_rises_above_the_peak() -> None:
    rates = [rate_at(s, peak=2.0, warmup=8, decay_from=2, stop=6) for s in range(6)]
    assert max(rates) <= 2.0
    assert rates[0] == pytest.approx(0.25)


def test_the_peak_only_scales_the_schedule() -> None:
    one = [rate_at(s, peak=1.0, warmup=3, decay_from=6, stop=9) for s in range(9)]
    other = [rate_at(s, peak=3e-3, warmup=3, decay_from=6, stop=9) for s in range(9)]
    assert other == pytest.approx([3e-3 * rate for rate in one])
