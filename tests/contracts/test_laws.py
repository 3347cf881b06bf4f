"""What every law of learning curves must do, whatever its shape."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.curves import LAWS, Law, Point, fit_law, forecast, pool
from dono.errors import Mistake

Curve = Callable[[float], float]
OWN: dict[str, list[Curve]] = {
    "broken power": [
        lambda x: 3.0 * (1 + (x / 4) ** 0.6) ** (-0.15 / 0.6),
        lambda x: 2.0 * (1 + (x / 16) ** 0.8) ** (-0.2 / 0.8),
    ],
    "damped": [lambda x: 1.0 + 2.0 * x**-0.4, lambda x: 2.2 + 0.9 * x**-0.5],
    "local line": [lambda x: 2.0 * x**-0.12, lambda x: 0.4 * x**-0.3],
    "power with floor": [lambda x: 1.0 + 2.0 * x**-0.3, lambda x: 0.2 + 0.5 * x**-0.6],
    "rectified": [lambda x: 0.8 + 6.0 / (3.0 + x**0.5), lambda x: 0.2 + 2.0 / (1.0 + x**0.3)],
    "stays": [lambda x: 1.7, lambda x: 0.03],
    "usual pace": [lambda x: 4.0 * x**-0.095, lambda x: 1.4 * x**-0.075],
}
"""Noiseless members of each family: badness over x."""

RUNGS = [2.0**k for k in range(7)]
TARGET = RUNGS[-1] * 8
ALL = pytest.mark.parametrize("law", LAWS.values(), ids=list(LAWS))


def measured(curve: Curve, xs: list[float]) -> list[Point]:
    return [Point(x, curve(x)) for x in xs]


def test_every_law_has_its_row_here() -> None:
    assert set(OWN) == set(LAWS)
    assert all(name == law.name for name, law in LAWS.items())


@pytest.mark.parametrize("name", OWN)
def test_a_law_recovers_the_value_at_the_target_from_runs_of_its_own_family(name: str) -> None:
    """Within 5 %: every law has a prior, and far rungs count for less on purpose."""
    for curve in OWN[name]:
        fitted = fit_law(LAWS[name], pool(measured(curve, RUNGS)))
        assert math.exp(fitted.log_mean(TARGET)) == pytest.approx(curve(TARGET), rel=0.05)


def test_a_law_recovers_its_own_slope() -> None:
    fitted = fit_law(LAWS["local line"], pool(measured(lambda x: 2.0 * x**-0.2, RUNGS)))
    assert fitted.params["alpha"] == pytest.approx(0.2, abs=0.01)


@ALL
def test_a_fit_passes_through_the_last_rung_of_its_own_family(law: Law) -> None:
    curve = OWN[law.name][0]
    fitted = fit_law(law, pool(measured(curve, RUNGS)))
    assert fitted.log_mean(RUNGS[-1]) == pytest.approx(math.log(curve(RUNGS[-1])), abs=0.01)


@ALL
def test_a_law_is_indifferent_to_the_order_of_rows(law: Law) -> None:
    points = [Point(x, 2.0 * x**-0.1 * (1 + 0.01 * (i % 3)), 0.01, i % 2) for i, x in enumerate(RUNGS)]
    forth, back = fit_law(law, pool(points)), fit_law(law, pool(points[::-1]))
    assert forth.log_mean(TARGET) == back.log_mean(TARGET)


@ALL
def test_a_law_refuses_fewer_sizes_than_it_needs(law: Law) -> None:
    few = RUNGS[: law.least - 1]
    if few:
        with pytest.raises(Mistake, match=f"the law needs {law.least}"):
            fit_law(law, pool(measured(OWN[law.name][0], few)))
    fit_law(law, pool(measured(OWN[law.name][0], RUNGS[: law.least])))


@ALL
def test_weights_are_a_distribution(law: Law) -> None:
    fitted = fit_law(law, pool(measured(OWN[law.name][0], RUNGS)))
    assert fitted.weight.sum() == pytest.approx(1.0)
    assert (fitted.weight >= 0).all() and (fitted.offset_sd > 0).all()


@ALL
@settings(max_examples=40, deadline=None)
@given(
    xs=st.lists(st.floats(1e-30, 1e30), min_size=1, max_size=8, unique=True),
    ys=st.lists(st.floats(1e-30, 1e30), min_size=8, max_size=8),
    far=st.floats(1e-3, 1e6),
)
def test_a_law_is_finite_for_whatever_was_measured(law: Law, xs: list[float], ys: list[float], far: float) -> None:
    rungs = pool([Point(x, y) for x, y in zip(xs, ys, strict=False)])
    if len(rungs) >= law.least:
        for rising in (False, True):
            assert math.isfinite(fit_law(law, rungs, rising=rising).log_mean(max(xs) * far))


def test_the_interval_covers_at_the_stated_rate_on_known_curves() -> None:
    """25 noisy runs of each member. The truth is of a known family, so 80 % is the least that may be expected."""
    random = np.random.default_rng(0)
    inside = []
    for curve in [curve for name in OWN for curve in OWN[name]]:
        for _ in range(25):
            noise = 0.01 * random.standard_normal(6)
            points = [Point(x, curve(x) * math.exp(e)) for x, e in zip(RUNGS[1:6], noise, strict=False)]
            found = forecast(points, TARGET, samples=400)
            inside.append(found.lo80 <= curve(TARGET) * math.exp(noise[-1]) <= found.hi80)
    assert 0.76 <= np.mean(inside) <= 0.97
