"""Forecasts: what is said of few rungs, of rising data, of a measured target, and how wide."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.curves import Point, forecast
from dono.errors import Mistake

FALLING = [Point(x, 2.0 * x**-0.1) for x in (1 / 64, 1 / 32, 1 / 16, 1 / 8)]


def width(points: list[Point], target: float) -> float:
    found = forecast(points, target)
    return math.log(found.hi80 / found.lo80)


def test_a_straight_curve_goes_on_and_its_interval_holds_the_truth() -> None:
    found = forecast(FALLING, 1.0)
    assert found.mean == pytest.approx(2.0, rel=0.03)
    assert found.lo80 < 2.0 < found.hi80
    assert found.label == "extrapolated" and found.note == ""


def test_a_bending_curve_is_not_taken_for_a_straight_one() -> None:
    def bent(x: float) -> float:
        return 3.0 * (1 + (x * 64) ** 0.7) ** (-0.2 / 0.7)

    points = [Point(2.0**-k, bent(2.0**-k)) for k in range(4, 11)]
    line = math.exp(math.log(points[0].y) + 4 * math.log(points[0].y / points[1].y))
    truth = bent(1.0)
    assert abs(math.log(forecast(points, 1.0).mean / truth)) < 0.75 * abs(math.log(line / truth))


def test_a_curve_with_a_floor_flattens() -> None:
    points = [Point(2.0**-k, 1.0 + 0.1 * 2.0 ** (0.5 * k)) for k in range(3, 9)]
    assert forecast(points, 1.0).mean == pytest.approx(1.1, rel=0.05)


def test_the_order_of_points_does_not_matter() -> None:
    a, b = forecast(FALLING, 1.0), forecast(FALLING[::-1], 1.0)
    assert a.mean == b.mean and np.array_equal(a.samples, b.samples)


def test_the_same_seed_gives_the_same_samples_and_another_seed_others() -> None:
    one, same, other = (forecast(FALLING, 1.0, seed=s).samples for s in (3, 3, 4))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_a_model_of_text_from_a_random_start_leaves_its_plateau_at_the_usual_pace() -> None:
    """As Tamil went: 0.975 bits per byte in full, after pilots that had hardly begun."""
    points = [Point(1 / 128, 1.357), Point(1 / 64, 1.368), Point(1 / 32, 1.298)]
    scratch, pilots = (forecast(points, 1.0, kind=kind).mean for kind in ("scratch", "pilots"))
    assert abs(scratch - 0.975) < 0.5 * abs(pilots - 0.975)


def test_one_pilot_of_text_from_a_random_start_falls_by_the_exponent_of_kaplan() -> None:
    law = next(f for f in forecast([Point(1 / 16, 2.0)], 1.0, kind="scratch").laws if f.name == "usual pace")
    assert law.mean_at_target == pytest.approx(2.0 * 16**-0.095, rel=0.03)
    assert law.weight > 0.5


def test_one_size_alone_is_said_and_is_much_wider() -> None:
    found = forecast(FALLING[-1:], 1.0)
    assert "one size only" in found.note and found.backtest_error is None
    assert width(FALLING[-1:], 1.0) > 2 * width(FALLING, 1.0)
    assert found.mean < FALLING[-1].y


def test_two_sizes_alone_are_said() -> None:
    found = forecast(FALLING[-2:], 1.0)
    assert "two sizes only" in found.note and found.backtest_error is None


def test_three_sizes_are_back_tested() -> None:
    found = forecast(FALLING[-3:], 1.0)
    assert found.backtest_error is not None and found.backtest_error < 0.02


def test_rising_data_are_said_and_make_the_interval_wide() -> None:
    rising = [*FALLING[:3], Point(1 / 8, FALLING[2].y * 1.3)]
    found = forecast(rising, 1.0)
    assert "more data made it worse" in found.note
    assert width(rising, 1.0) > 3 * width(FALLING, 1.0)
    assert found.hi80 > rising[-1].y


def test_noise_alone_does_not_count_as_rising() -> None:
    assert forecast([*FALLING[:3], Point(1 / 8, FALLING[2].y * 1.005)], 1.0).note == ""


def test_a_target_far_beyond_the_exam_is_said() -> None:
    assert "farther than such forecasts were tested" in forecast(FALLING, 100.0).note


def test_the_interval_widens_with_distance() -> None:
    widths = [width(FALLING, x) for x in (0.15, 0.25, 0.5, 1.0, 4.0)]
    assert widths == sorted(widths) and widths[-1] > 2 * widths[0]


def test_a_measured_target_is_answered_with_its_measurement() -> None:
    found = forecast([*FALLING, Point(1.0, 1.9, 0.019)], 1.0)
    assert found.label == "measured" and found.note == "measured at this size"
    assert found.mean == pytest.approx(1.9)
    assert 0.97 * 1.9 < found.lo80 < 0.99 * 1.9
    assert 1.01 * 1.9 < found.hi80 < 1.03 * 1.9


def test_no_answer_lies_above_the_worst_possible_badness() -> None:
    rising = [Point(0.1, 0.5), Point(0.2, 0.7), Point(0.4, 0.95)]
    found = forecast(rising, 1.0, ceiling=1.0)
    assert found.samples.max() <= 1.0 and found.hi80 <= 1.0 and found.mean <= 1.0
    assert max(p.hi80 for p in found.curve) <= 1.0


def test_the_curve_reaches_from_the_smallest_size_to_the_target() -> None:
    curve = forecast(FALLING, 1.0).curve
    assert curve[0].x == pytest.approx(1 / 64) and curve[-1].x == pytest.approx(1.0)
    assert all(p.lo80 <= p.mean <= p.hi80 for p in curve)


def test_paths_pass_through_the_samples() -> None:
    found = forecast(FALLING, 1.0)
    assert np.array_equal(found.paths([0.5, 1.0])[:, 1], found.samples)


def test_laws_say_their_share() -> None:
    laws = forecast(FALLING, 1.0).laws
    assert sum(law.weight for law in laws) == pytest.approx(1.0)
    assert {law.name for law in laws} == {"broken power", "local line", "power with floor", "stays", "learned slopes"}


def test_with_many_arms_half_of_a_weight_is_what_all_of_them_earned_the_law() -> None:
    """Straight arms beside one that flattens: the law with a floor loses weight, but not all of it."""

    def weights(points: list[Point], peers: list[list[Point]]) -> np.ndarray:
        laws = [law for law in forecast(points, 4.0, peers=peers, samples=10).laws if law.name != "learned slopes"]
        return np.array([law.weight for law in laws]) / sum(law.weight for law in laws)

    own = [Point(2.0**-k, 1.0 + 0.3 * 2.0 ** (0.5 * k)) for k in range(6)]
    peers = [[Point(2.0**-k, 2.0 ** (0.1 * k) * (1 + n / 100)) for k in range(6)] for n in range(12)]
    alone = weights(own, [])
    everyone = np.mean([alone, *(weights(p, []) for p in peers)], axis=0)
    assert weights(own, peers) == pytest.approx(0.5 * alone + 0.5 * everyone)
    assert weights(own, peers[:9]) == pytest.approx(alone)
    assert np.abs(alone - everyone).max() > 0.1


def test_what_was_measured_without_training_bends_no_curve() -> None:
    assert forecast([Point(0.0, 30.0), *FALLING], 1.0).mean == forecast(FALLING, 1.0).mean


@pytest.mark.parametrize("target", [0.0, -1.0, math.nan, math.inf])
def test_a_target_that_makes_no_sense_is_refused(target: float) -> None:
    with pytest.raises(Mistake, match="Ask for an x above 0"):
        forecast(FALLING, target)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(Mistake, match="at least 10"):
        forecast(FALLING, 1.0, samples=3)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.floats(1e-12, 1e13), st.floats(1e-9, 1e12), st.floats(0, 1)), min_size=1, max_size=8
    ),
    far=st.floats(0.01, 1e4),
)  # fmt: skip
def test_whatever_was_measured_the_answer_is_finite_and_in_order(
    rows: list[tuple[float, float, float]], far: float
) -> None:
    points = [Point(x, y, y * share) for x, y, share in rows]
    found = forecast(points, max(p.x for p in points) * far, samples=50)
    assert np.isfinite(found.samples).all() and (found.samples > 0).all()
    assert 0 < found.lo80 <= found.mean <= found.hi80 < math.inf
    assert all(math.isfinite(v) for p in found.curve for v in (p.x, p.mean, p.lo80, p.hi80))


@given(st.integers(1, 8), st.floats(1e-3, 1e3))
@settings(max_examples=20, deadline=None)
def test_equal_values_are_forecast_as_they_are(count: int, value: float) -> None:
    points = [Point(2.0**-k, value) for k in range(3, 3 + count)]
    found = forecast(points, 1.0, samples=50)
    assert found.hi80 >= 0.97 * value
    if count > 2:
        assert found.mean == pytest.approx(value, rel=0.05)


def test_a_log_of_one_run_flattens_as_runs_do() -> None:
    """y = 2 + x^-0.45: the first tenth of the log is enough to foretell the end, a straight line is far too low."""
    log = [Point(float(x), 2.0 + 5.0 * x**-0.45) for x in range(20, 201, 3)]
    truth = 2.0 + 5.0 * 2000**-0.45
    assert forecast(log, 2000.0, kind="run").mean == pytest.approx(truth, rel=0.015)
    assert {law.name for law in forecast(log, 2000.0, kind="run").laws} == {"damped", "power with floor", "stays"}


def test_two_reports_of_a_run_are_taken_for_two_pilots() -> None:
    log = FALLING[-2:]
    assert forecast(log, 1.0, kind="run").mean == forecast(log, 1.0).mean < log[-1].y


GOLDEN = (1.7970923958978915, 1.69620120933978, 1.8996590659296508)
"""Mean, lo80, hi80."""


def test_golden_numbers() -> None:
    """A change of these numbers is a change of the forecast: say so in the log, and sit the exam again."""
    points = [
        Point(1 / 64, 3.1),
        Point(1 / 32, 2.9),
        Point(1 / 16, 2.65),
        Point(1 / 8, 2.4),
        Point(1 / 8, 2.42, seed=1),
    ]
    found = forecast(points, 1.0)
    assert (found.mean, found.lo80, found.hi80) == pytest.approx(GOLDEN, rel=1e-9)
