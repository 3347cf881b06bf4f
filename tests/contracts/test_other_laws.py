"""What laws must do that are no curve along one x: sizes, schedules, repeats, replay, transfer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from dono.curves import (
    SCHEDULE_LAWS,
    SIZE_LAWS,
    Expected,
    MixedPoint,
    RepeatedPoint,
    ScheduledRun,
    SizePoint,
    Transferred,
    best_share,
    effective,
    fit_repeats,
    fit_replay,
    fit_sizes,
    fit_transfer,
    forecast_schedule,
    forecast_sizes,
    schedule_curves,
)
from dono.curves.expected import expected
from dono.curves.repeats import published_loss
from dono.curves.schedules import path_of
from dono.curves.sizes import chinchilla
from dono.curves.transfer import MIXED_TO_CODE, TEXT_TO_CODE
from dono.errors import Mistake

SIZES = [(n, 20 * n * k) for n in (1e7, 4e7, 1.6e8, 6.4e8) for k in (0.5, 2.0, 8.0)]
BIG = (6e9, 4e11)


def two_powers(n: float, d: float, alpha: float = 0.34, beta: float = 0.37) -> float:
    return 1.7 + 400 * n**-alpha + 1800 * d**-beta


def repeated(n: float, d: float, unique: float) -> float:
    return two_powers(n, unique + unique * 8.0 * (1 - math.exp(-(d / unique - 1) / 8.0)) if d > unique else d)


def mixed(d: float, share: float) -> float:
    return 1.2 + 0.3 * share**0.2 * (d / 1e9) ** -0.3 + 0.35 * (share + 0.01) ** -0.25


REPEATS = [(n, 1e9 * k, 1e9) for n in (4e7, 1.6e8, 6.4e8) for k in (0.5, 1, 4, 16, 64)]
MIXTURES = [(d, r) for d in (1e8, 4e8, 1e9) for r in (0.1, 0.3, 0.6, 0.9)]


@dataclass(frozen=True)
class Kind:
    """A law to try: noiseless rows, the fit asked for its target, the truth there, and how near it must come."""

    rows: list[Any]
    ask: Callable[[Sequence[Any]], float]
    truth: float
    near: float
    least: int


KINDS = {
    "tied exponents": Kind(
        [SizePoint(n, d, two_powers(n, d, 0.35, 0.35)) for n, d in SIZES],
        lambda rows: fit_sizes(SIZE_LAWS["tied exponents"], rows, *BIG).log_mean(*BIG),
        two_powers(*BIG, 0.35, 0.35), 0.01, 3,
    ),
    "chinchilla": Kind(
        [SizePoint(n, d, two_powers(n, d)) for n, d in SIZES],
        lambda rows: fit_sizes(SIZE_LAWS["chinchilla"], rows, *BIG).log_mean(*BIG),
        two_powers(*BIG), 0.01, 4,
    ),
    "repeats": Kind(
        [RepeatedPoint(n, d, u, repeated(n, d, u)) for n, d, u in REPEATS],
        lambda rows: fit_repeats(rows, 2e9, 6.4e10, 2e9).log_mean(2e9, 6.4e10, 2e9),
        repeated(2e9, 6.4e10, 2e9), 0.02, 3,
    ),
    "replay": Kind(
        [MixedPoint(d, r, mixed(d, r)) for d, r in MIXTURES],
        lambda rows: fit_replay(rows).log_mean(8e9, 0.5),
        mixed(8e9, 0.5), 0.02, 4,
    ),
    "transfer": Kind(
        [Transferred(d, n, 3e4 * d**0.2 * n**0.35) for d in (1e5, 1e6) for n in (1e7, 1e8)],
        lambda rows: math.log(fit_transfer(rows).transferred(5e6, 4e8, usable=1e9)),
        3e4 * 5e6**0.2 * 4e8**0.35, 0.05, 2,
    ),
}  # fmt: skip
EACH = pytest.mark.parametrize("name", KINDS)


@EACH
def test_a_law_recovers_the_truth_from_runs_of_its_own_family(name: str) -> None:
    kind = KINDS[name]
    assert math.exp(kind.ask(kind.rows)) == pytest.approx(kind.truth, rel=kind.near)


@EACH
def test_a_law_is_indifferent_to_the_order_of_rows(name: str) -> None:
    kind = KINDS[name]
    assert kind.ask(kind.rows) == kind.ask(kind.rows[::-1])


@EACH
def test_a_law_refuses_fewer_runs_than_it_needs(name: str) -> None:
    kind = KINDS[name]
    few = kind.rows[-(kind.least - 1) :]
    with pytest.raises(Mistake, match=f"the law needs {kind.least}"):
        kind.ask(few)
    assert math.isfinite(kind.ask(kind.rows[-kind.least :]))


@EACH
def test_a_law_is_finite_for_whatever_was_measured(name: str) -> None:
    kind, random = KINDS[name], np.random.default_rng(0)
    value = "transferred" if name == "transfer" else "loss"
    for spread in (0.01, 1.0, 10.0):
        noise = np.exp(spread * random.standard_normal(len(kind.rows)))
        rows = [
            type(r)(**(vars(r) | {value: getattr(r, value) * float(e)})) for r, e in zip(kind.rows, noise, strict=True)
        ]
        assert math.isfinite(kind.ask(rows))


@EACH
def test_a_value_that_makes_no_sense_is_refused(name: str) -> None:
    kind = KINDS[name]
    value = "transferred" if name == "transfer" else "loss"
    with pytest.raises(Mistake, match="not above 0"):
        kind.ask([*kind.rows[1:], type(kind.rows[0])(**(vars(kind.rows[0]) | {value: math.nan}))])


def test_exponents_of_sizes_are_found() -> None:
    rows = [SizePoint(n, d, two_powers(n, d, 0.35, 0.35)) for n, d in SIZES]
    found = fit_sizes(SIZE_LAWS["tied exponents"], rows, *BIG).params
    assert found["alpha"] == pytest.approx(0.35, abs=0.02) and found["floor"] == pytest.approx(1.7, rel=0.05)


def test_the_interval_of_sizes_covers_at_the_stated_rate_on_known_truth() -> None:
    random, inside = np.random.default_rng(0), []
    for alpha, beta in ((0.34, 0.37), (0.3, 0.3), (0.4, 0.3), (0.28, 0.4)):
        for _ in range(20):
            rows = [
                SizePoint(n, d, two_powers(n, d, alpha, beta) * math.exp(0.004 * random.standard_normal()))
                for n, d in SIZES
            ]
            said = forecast_sizes(rows, *BIG)
            inside.append(said.lo80 <= two_powers(*BIG, alpha, beta) <= said.hi80)
    assert 0.7 <= np.mean(inside) <= 1.0


def test_too_few_sizes_for_any_law_are_answered_widely() -> None:
    said = forecast_sizes([SizePoint(1e8, 2e9, 3.0)], 1e9, 2e10)
    assert said.laws == () and said.hi80 / said.lo80 > 1.2 and said.mean < 3.0


def test_published_losses_at_full_precision() -> None:
    """Chinchilla's own model by the replication's constants, and 8.7 B parameters on four epochs of 25 B tokens."""
    assert chinchilla(70e9, 1.4e12) == pytest.approx(1.9738818631585637, rel=1e-12)
    assert chinchilla(70e9, 1.4e12) == 1.8172 + 482.01 / 70e9**0.3478 + 2085.43 / 1.4e12**0.3658
    assert effective(100e9, 25e9) == pytest.approx(25e9 * (1 + 15.387756 * (1 - math.exp(-3 / 15.387756))), rel=1e-12)
    assert published_loss(1e8, 2e9, 2e9) == pytest.approx(
        math.exp(0.6254804) + math.exp(6.255414) / 1e8**0.3526596 + math.exp(7.3049974) / 2e9**0.3526596, rel=1e-12
    )
    assert published_loss(1e8, 8e9, 2e9) < published_loss(1e8, 2e9, 2e9)
    assert published_loss(1e8, 8e9, 2e9) > published_loss(1e8, 8e9, 8e9)


def test_repeats_are_worth_what_they_were_measured_to_be() -> None:
    rows: list[RepeatedPoint] = KINDS["repeats"].rows
    assert fit_repeats(rows, 2e9, 6.4e10, 2e9).worth == pytest.approx(8.0, rel=0.35)
    with pytest.raises(Mistake, match="several epochs"):
        fit_repeats([p for p in rows if p.tokens <= p.unique], 2e9, 6.4e10, 2e9)


def test_transfer_speaks_of_its_regime_only() -> None:
    """Figure 1 of Hernandez et al.: 1.9e4 · D_F^0.18 · N^0.38."""
    assert TEXT_TO_CODE.transferred(3e6, 4e7, usable=1e9) == pytest.approx(1.9e4 * 3e6**0.18 * 4e7**0.38, rel=1e-12)
    assert MIXED_TO_CODE.multiplier(3e6, 4e7, usable=1e9) > 1
    with pytest.raises(Mistake, match="measure both starts"):
        TEXT_TO_CODE.transferred(2e8, 4e7, usable=1e9)


def test_the_best_share_keeps_the_old_domain() -> None:
    new, old = (fit_replay([MixedPoint(d, r, mixed(d, r)) for d, r in MIXTURES]) for _ in range(2))
    free, kept = best_share(new, old, 1e9, 10.0), best_share(new, old, 1e9, mixed(1e9, 0.3))
    assert free is not None and kept is not None and kept <= 0.71 and kept <= free
    assert best_share(new, old, 1e9, 0.5) is None


def decayed(steps: int, final: float, falls_from: float) -> ScheduledRun:
    at = np.arange(40.0, steps + 1, 40.0)
    rates = np.where(
        at < falls_from * steps, 1e-3, 1e-3 + (final - 1e-3) * (at / steps - falls_from) / (1 - falls_from)
    )
    path = path_of(ScheduledRun(at, rates, at))
    return ScheduledRun(at, rates, 2.4 + 0.6 * path.area**-0.45 - 150 * (1e-3 - rates))


RUNS = [decayed(4000, 1e-3, 0.9), decayed(4000, 1e-4, 0.0), decayed(2400, 2e-4, 0.6)]
PLAN = decayed(12000, 1e-4, 0.7)


@pytest.mark.parametrize("name", SCHEDULE_LAWS)
def test_a_law_of_schedules_foretells_a_longer_run_on_another_one(name: str) -> None:
    kept = [np.arange(len(r.steps))[10:] for r in RUNS]
    curve = SCHEDULE_LAWS[name](RUNS, kept, [np.ones(len(k)) for k in kept])
    assert curve(path_of(PLAN))[-1] == pytest.approx(PLAN.losses[-1], rel=0.01)


def test_schedules_are_averaged_in_any_order_and_no_loss_of_the_plan_is_looked_at() -> None:
    blind = ScheduledRun(PLAN.steps, PLAN.rates, np.array([]))
    said: list[Expected] = [forecast_schedule(schedule_curves(r), blind, 12000) for r in (RUNS, RUNS[::-1])]
    assert said[0] == said[1] and said[0].laws == tuple(SCHEDULE_LAWS)
    assert said[0].mean == pytest.approx(PLAN.losses[-1], rel=0.01)


def test_schedules_need_a_run_that_reports() -> None:
    with pytest.raises(Mistake, match="no run with 8 reports"):
        schedule_curves([ScheduledRun(np.array([1.0]), np.array([1e-3]), np.array([3.0]))])
    with pytest.raises(Mistake, match="missing or negative"):
        schedule_curves([ScheduledRun(RUNS[0].steps, RUNS[0].rates, -RUNS[0].losses)])


def test_an_expectation_is_symmetric_in_logs() -> None:
    said = expected(0.0, 0.1, ("one",))
    assert said.mean == 1.0 and said.lo80 * said.hi80 == pytest.approx(1.0)
