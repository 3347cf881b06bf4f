"""Points: pooled over seeds, thinned where a run reported itself often, refused where they make no sense."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from dono.curves import Point, forecast, pool
from dono.curves.points import NEAR, PER_DOUBLING, SEED_NOISE
from dono.errors import Mistake


def test_seeds_at_one_size_are_pooled_to_their_geometric_mean() -> None:
    rungs = pool([Point(1.0, 2.0), Point(1.0, 2.0 * 1.02**2, seed=1), Point(2.0, 1.5)])
    assert len(rungs) == 2
    assert math.exp(rungs.log_y[0]) == pytest.approx(2.0 * 1.02)
    assert rungs.sd[0] == pytest.approx(rungs.sd[1] / math.sqrt(2))


def test_the_more_certain_seed_counts_more() -> None:
    rungs = pool([Point(1.0, 1.0, 0.001), Point(1.0, 1.1, 0.2, seed=1)])
    assert math.exp(rungs.log_y[0]) < 1.02


def test_seeds_that_differ_raise_the_noise_and_equal_ones_lower_it() -> None:
    assert pool([Point(1.0, 1.0)]).noise == pytest.approx(SEED_NOISE)
    assert pool([Point(1.0, 1.0), Point(1.0, 1.1, seed=1)]).noise > 3 * SEED_NOISE
    assert pool([Point(1.0, 1.0), Point(1.0, 1.0, seed=1)]).noise < SEED_NOISE


def test_a_rough_curve_raises_the_noise_and_a_smooth_one_lowers_it() -> None:
    smooth = [Point(2.0**k, 2.0 ** (-0.1 * k)) for k in range(6)]
    rough = [Point(p.x, p.y * (1.1 if k % 2 else 1.0)) for k, p in enumerate(smooth)]
    assert pool(smooth).noise < SEED_NOISE < pool(rough).noise


def test_what_the_test_explains_is_not_counted_as_noise_between_seeds() -> None:
    apart = [Point(1.0, 1.0, 0.1), Point(1.0, 1.1, 0.1, seed=1)]
    assert pool(apart).noise < SEED_NOISE


def test_a_run_that_reported_itself_often_is_thinned() -> None:
    often = [Point(float(k), 3.0 * k**-0.1) for k in range(1, 1001)]
    rungs = pool(often)
    assert len(rungs) <= NEAR * PER_DOUBLING + math.ceil(math.log2(1000)) - NEAR
    assert (np.diff(rungs.x) > 0).all() and rungs.x[-1] > 1000 / 2 ** (1 / PER_DOUBLING)
    assert forecast(often, 4000.0).mean == pytest.approx(3.0 * 4000**-0.1, rel=0.03)


def test_a_point_without_training_is_no_rung() -> None:
    assert len(pool([Point(0.0, 5.0), Point(1.0, 2.0)])) == 1
    with pytest.raises(Mistake, match="every point lies at x = 0"):
        pool([Point(0.0, 5.0)])


def test_no_points_are_refused() -> None:
    with pytest.raises(Mistake, match="Measure at least one pilot"):
        pool([])


@pytest.mark.parametrize(
    ("broken", "remedy"),
    [
        (lambda: Point(1.0, math.nan), "Drop the point"),
        (lambda: Point(math.inf, 1.0), "Drop the point"),
        (lambda: Point(1.0, 1.0, math.nan), "Drop the point"),
        (lambda: Point(-1.0, 1.0), "must be 0 or more"),
        (lambda: Point(1.0, 0.0), "y above 0"),
        (lambda: Point(1.0, 1.0, -0.1), "must be 0 or more"),
    ],
)
def test_a_broken_point_is_refused_and_named(broken: Callable[[], Point], remedy: str) -> None:
    with pytest.raises(Mistake, match=remedy) as caught:
        pool([Point(2.0, 1.0), broken()])
    assert "seed 0" in str(caught.value)


def test_the_smallest_rungs_alone_are_as_if_the_others_had_not_been_run() -> None:
    rungs = pool([Point(float(x), 1 / x) for x in (1, 2, 4)])
    assert list(rungs.first(2).x) == [1.0, 2.0]
