"""The learned law: what it learns from, where it is silent, and what is left out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dono.curves import Point, Rungs, forecast, learned, pool, set_of
from dono.curves.learned import Learned, as_numbers, from_numbers, signature
from dono.curves.learned_table import FACTORS, SIGNATURES, SLOPES
from dono.curves.slopes import (
    FARTHEST,
    FEATURES,
    NOTHING,
    POOLED,
    SEEN,
    Past,
    features,
    fit_slopes,
    on_doublings,
    pasts,
    pooled_errors,
    sums,
)


def bent(bend: float, steep: float = 0.2) -> Callable[[float], float]:
    return lambda x: 3.0 * (1 + (x / bend) ** 0.7) ** (-steep / 0.7)


def rungs(curve: Callable[[float], float], count: int, step: float = 2.0) -> Rungs:
    return pool([Point(step**k, curve(step**k)) for k in range(count)])


TASK = [bent(bend, steep) for bend in (4, 8, 16, 32) for steep in (0.12, 0.16, 0.2, 0.24)]


def test_doublings_are_read_off_whatever_sizes_were_measured() -> None:
    line: Callable[[float], float] = lambda x: 2.0 * x**-0.1  # noqa: E731
    for step in (2.0, 1.5, 4.0):
        grid = on_doublings(rungs(line, 9, step))
        assert np.diff(grid) == pytest.approx(0.1 * math.log(2))
        assert len(grid) == math.floor(8 * math.log2(step) + 1e-9) + 1


def test_features_are_the_slopes_seen() -> None:
    grid = np.array([0.0, 0.1, 0.3, 0.6])
    mean, last, rise, square, product, whole, one, level = features(Past(grid, grid - 0.4, 1.0, 10.0))[0]
    assert (mean, last, rise, whole, one) == pytest.approx((0.2, -0.1, -0.2, 0.1, 1.0))
    assert level == pytest.approx(-0.3 * math.tanh(0.4 / 0.3))
    assert (square, product) == pytest.approx((mean**2, mean * rise))


def test_an_arm_is_held_to_the_mean_of_those_that_were_measured_as_far() -> None:
    """Thirteen arms reach 2^5, one arm alone goes on to 2^7; its sizes lie between the others'."""
    lines = [pool([Point(2.0**k, (1 + n) * 2.0**-k) for k in range(6)]) for n in range(13)]
    far = pool([Point(2.0 ** (k + 0.5), 2.0 ** -(k + 0.5)) for k in range(-1, 7)])
    level = pasts((*lines, far))[-1].level
    mean = float(np.mean(np.log([*range(1, 14), 1])))
    assert np.isnan(level[:2]).all() and np.isnan(level[-1])
    assert level[2:-1] == pytest.approx(np.full(5, -mean))
    few = pasts((*lines[: POOLED - 1], far))[-1].level
    assert np.isnan(few).all()


def test_arms_that_lag_behind_are_learned_to_catch_up() -> None:
    """All fell by 0.05 a doubling so far; then half of what lies between them goes in one."""

    def lagging(lag: float) -> Callable[[float], float]:
        return lambda x: math.exp(lag * (0.5 if x > 8 else 1.0)) * x**-0.072

    def task(count: int) -> list[Rungs]:
        return [rungs(lagging(0.02 * n), count) for n in range(-8, 9)]

    known, seen = sums(tuple(task(5))), task(4)
    fits = [fit_slopes(arm, [p for p in seen if p is not arm], known) for arm in seen]
    said = [fit.params["next"] for fit in fits if fit is not None]
    assert len(said) == len(seen)
    assert said[0] == 0.0
    assert said[8] == pytest.approx(0.05, abs=0.005)
    assert said[-1] == pytest.approx(0.05 + 0.08, abs=0.005)


def test_what_is_not_known_of_a_lone_arm_is_left_out_and_not_guessed() -> None:
    """The same as if levels had never been learned."""
    known, arm = sums(tuple(rungs(c, 12) for c in TASK)), rungs(TASK[3], 7)
    assert known.square[0, -1, -1] > 0
    for ahead in (1, 4):
        part = known.coefficients(ahead, FEATURES - 1)
        square = known.square[ahead - 1, :-1, :-1]
        assert part == pytest.approx(np.linalg.solve(square + 1e-4 * np.eye(FEATURES - 1), known.cross[ahead - 1, :-1]))
    alone, level = fit_slopes(arm, [], known), known.square.copy()
    level[:, -1, :] = level[:, :, -1] = 0.0
    without = fit_slopes(arm, [], replace(known, square=level))
    assert alone is not None and without is not None
    assert alone.drop == pytest.approx(without.drop)


def test_arms_of_the_same_task_teach_how_curves_bend() -> None:
    """The arm is flat so far. Alone the law knows nothing; with the others it foretells most of the bend."""
    curve, seen = bent(16, 0.2), 6
    peers = [rungs(c, 11) for c in TASK if c(100.0) != curve(100.0)]
    arm = rungs(curve, seen)
    assert fit_slopes(arm, [], NOTHING) is None
    fit = fit_slopes(arm, peers, NOTHING)
    assert fit is not None
    target = 2.0 ** (seen + 3)
    straight = arm.log_y[-1] - 4 * (arm.log_y[-2] - arm.log_y[-1])
    assert abs(fit.log_mean(target) - math.log(curve(target))) < 0.3 * abs(straight - math.log(curve(target)))


def test_a_forecast_takes_no_notice_of_what_peers_did_not_measure() -> None:
    points = [Point(2.0**k, TASK[0](2.0**k)) for k in range(6)]
    peers = [[Point(2.0**k, c(2.0**k)) for k in range(6)] for c in TASK[1:]]
    assert forecast(points, 256.0, peers=[*peers, []]).mean == forecast(points, 256.0, peers=peers).mean
    assert forecast(points, 256.0, peers=peers[::-1]).lo80 == forecast(points, 256.0, peers=peers).lo80


def test_a_curve_never_rises_and_goes_on_beyond_the_farthest_doubling() -> None:
    fit = fit_slopes(rungs(TASK[0], 6), [rungs(c, 12) for c in TASK], learned().slopes)
    assert fit is not None
    said = fit.cells_at(np.exp2(np.arange(FARTHEST + 12)))[0]
    assert (np.diff(said) <= 1e-12).all() and np.isfinite(said).all()


@pytest.mark.parametrize("slope", [-0.1, 1.0])
def test_slopes_beyond_what_was_learned_are_not_answered(slope: float) -> None:
    assert fit_slopes(rungs(lambda x: 2.0 * x**-slope, 8), [], learned().slopes) is None


def test_fewer_than_three_doublings_are_not_answered() -> None:
    assert fit_slopes(rungs(TASK[0], SEEN), [], learned().slopes) is None


def test_errors_of_all_arms_grow_with_distance_and_need_enough_arms() -> None:
    arms = tuple(rungs(c, 11) for c in TASK)
    errors = dict(pooled_errors(arms, NOTHING))
    assert errors and min(errors) == 1.0 and all(e >= 0 for e in errors.values())
    assert errors[4.0] > errors[1.0]
    assert pooled_errors(arms[: POOLED - 1], NOTHING) == ()


def test_many_arms_that_were_foretold_well_make_an_interval_narrow() -> None:
    """Straight lines are foretold well, zigzags are not: the arm itself is the same."""
    own = [Point(2.0**k, 2.0 * 2.0 ** (-0.1 * k)) for k in range(8)]

    def width(zigzag: float) -> float:
        peers = [
            [Point(p.x, p.y * (1 + 0.001 * n) * math.exp(zigzag * (-1) ** k)) for k, p in enumerate(own)]
            for n in range(12)
        ]
        found = forecast(own, 2.0**10, peers=peers)
        return math.log(found.hi80 / found.lo80)

    assert width(0.0) < width(0.06) / 2


def test_a_set_is_left_out_by_not_adding_it() -> None:
    names = list(SLOPES)
    assert len(names) > 1
    whole = learned(None).slopes
    for name in names:
        others = learned(name).slopes
        assert np.trace(others.square[0]) < np.trace(whole.square[0])
        assert learned(name).factors == FACTORS[name]
    parts = sum((learned(n).slopes for n in names), NOTHING)
    assert parts.square == pytest.approx((len(names) - 1) * whole.square)


def test_sums_come_back_from_their_text() -> None:
    taught = sums(tuple(rungs(c, 12) for c in TASK))
    back = from_numbers(as_numbers(taught))
    assert back.square == pytest.approx(taught.square, rel=1e-5, abs=1e-9)
    assert back.cross == pytest.approx(taught.cross, rel=1e-5, abs=1e-9)
    assert back.steepest == pytest.approx(taught.steepest, rel=1e-6)


def test_a_set_is_known_by_its_name_or_its_arms() -> None:
    name, known = next(iter(SIGNATURES.items()))
    assert set_of(name, []) == name
    assert set_of("new", [("t", "a")]) is None
    assert signature([("t", "b"), ("t", "a")]) == signature([("t", "a"), ("t", "b"), ("t", "a")]) != known


def test_what_is_known_can_be_given() -> None:
    points = [Point(2.0**k, TASK[5](2.0**k)) for k in range(7)]
    nothing = Learned(NOTHING, FACTORS[""])
    assert forecast(points, 512.0, known=nothing).mean != forecast(points, 512.0).mean
