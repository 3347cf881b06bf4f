from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from dono.evals.lift import (
    Records,
    bits_between,
    calibrated,
    category_bits,
    compare_lifts,
    counted,
    expected,
    largest_misses,
    log_lifts,
    model_log_lifts,
    own_lifts,
    strongest,
)

SHAPE = (3, 4, 5)


def world(seed: int = 0, strength: float = 1.0) -> np.ndarray:
    """True ln P(c | r, p) [R, P, C]."""
    raw = np.random.default_rng(seed).normal(0, strength, SHAPE)
    return np.asarray(raw - np.log(np.exp(raw).sum(2, keepdims=True)))


def drawn(log_p: np.ndarray, n: int, seed: int, *, per_customer: int = 1) -> Records:
    random = np.random.default_rng(seed)
    region, period = random.integers(0, SHAPE[0], n), random.integers(0, SHAPE[1], n)
    shares = np.exp(log_p[region, period]).cumsum(1)
    category = np.minimum((random.random((n, 1)) > shares).sum(1), SHAPE[2] - 1)
    names = [tuple(f"{kind}{i}" for i in range(size)) for kind, size in zip("rpc", SHAPE, strict=True)]
    return Records(names[0], names[1], names[2], region, period, category, np.arange(n) // per_customer)


def test_a_lift_is_observed_over_expected_each_shrunk_by_a_half() -> None:
    counts = np.array([[[30.0, 10.0], [10.0, 50.0]]])
    assert expected(counts)[0] == pytest.approx(np.array([[16.0, 24.0], [24.0, 36.0]]))
    assert np.exp(log_lifts(counts))[0] == pytest.approx(
        np.array([[30.5 / 16.5, 10.5 / 24.5], [10.5 / 24.5, 50.5 / 36.5]])
    )


def test_a_model_that_knows_the_shares_has_the_lifts_of_the_counts() -> None:
    counts = np.random.default_rng(0).integers(50, 500, SHAPE).astype(np.float64)
    log_p = np.log(counts / counts.sum(2, keepdims=True))
    plain = np.log(counts / expected(counts))
    assert model_log_lifts(log_p, counts) == pytest.approx(plain, abs=1e-12)


def test_a_model_that_never_looks_at_the_period_has_no_lift() -> None:
    counts = np.random.default_rng(0).integers(1, 9, SHAPE).astype(np.float64)
    flat = np.broadcast_to(world()[:, :1], SHAPE)
    assert model_log_lifts(flat, counts) == pytest.approx(np.zeros(SHAPE), abs=1e-12)


def test_cells_that_no_record_is_in_change_nothing() -> None:
    log_p = world()
    counts = np.random.default_rng(0).integers(1, 9, SHAPE).astype(np.float64)
    counts[:, 3] = 0
    other = log_p.copy()
    other[:, 3] = -5.0
    assert model_log_lifts(log_p, counts)[:, :3] == pytest.approx(model_log_lifts(other, counts)[:, :3])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-6, 6), min_size=5, max_size=5))
def test_what_a_phrase_costs_by_its_length_is_taken_away(offsets: list[float]) -> None:
    truth = world()
    validation = 2000 * np.exp(truth)
    found = calibrated(truth + np.array(offsets), validation)
    assert np.exp(found).sum(2) == pytest.approx(np.ones(SHAPE[:2]))
    assert found == pytest.approx(truth, abs=5e-3)


def test_calibration_reaches_the_likeliest_intercepts() -> None:
    validation = drawn(world(), 4000, 1).counts()
    found = calibrated(world(seed=5), validation)
    # At the likeliest intercepts each category is foreseen as often as it came (the ridge moves it by less).
    assert (validation.sum(2, keepdims=True) * np.exp(found)).sum((0, 1)) == pytest.approx(
        validation.sum((0, 1)), abs=0.2
    )


def test_the_truth_correlates_as_far_as_the_noise_of_the_records_allows() -> None:
    truth = world(strength=0.6)
    few, many = (compare_lifts(drawn(truth, n, 2), truth) for n in (600, 20_000))
    assert few.correlation < many.correlation > 0.95
    assert few.ceiling == pytest.approx(few.correlation, abs=0.12)
    assert many.ceiling == pytest.approx(many.correlation, abs=0.03)
    assert many.slope == pytest.approx(1.0, abs=0.05) and many.sign_share > 0.97
    assert few.correlation_stderr > many.correlation_stderr


def test_the_correlation_is_spearmans() -> None:
    records, model = drawn(world(), 3000, 3), world(seed=8)
    own = own_lifts(records)
    mine = model_log_lifts(model, records.counts())
    oracle = spearmanr(own.log_lift[own.compared], mine[own.compared]).statistic
    assert compare_lifts(records, model).correlation == pytest.approx(oracle, abs=1e-12)


def test_the_records_own_errors_cover_the_truth() -> None:
    truth = world(strength=0.5)
    exact = 1e9 * np.exp(truth)
    inside = []
    for seed in range(8):
        records = drawn(truth, 1500, seed)
        own = own_lifts(records)
        gap = np.abs(own.log_lift - log_lifts(exact))[own.compared]
        inside.append((gap < 1.2816 * own.stderr[own.compared]).mean())
    assert 0.76 < np.mean(inside) < 0.92  # 80 % intervals (measured: 0.84)


def test_where_nothing_was_seen_the_error_is_wide() -> None:
    shares = np.full(SHAPE, 0.2)
    shares[0, 0] = [0.0, 0.25, 0.25, 0.25, 0.25]
    records = drawn(np.log(np.maximum(shares, 1e-12)), 600, 4)
    own = own_lifts(records)
    assert records.counts()[0, 0, 0] == 0 and own.stderr[0, 0, 0] > 1


def test_customers_who_buy_ten_times_the_same_are_no_ten_customers() -> None:
    one, random = drawn(world(strength=0.5), 400, 6), np.random.default_rng(5)
    again = [np.repeat(a, 10) for a in (one.region, one.period, one.category)]
    names = one.regions, one.periods, one.categories
    same = Records(*names, again[0], again[1], again[2], np.repeat(one.customer, 10))
    strangers = Records(*names, again[0], again[1], again[2], random.permutation(4000))
    assert own_lifts(same).stderr.mean() > 1.5 * own_lifts(strangers).stderr.mean()


def test_without_habits_hardly_a_lift_is_significant() -> None:
    records = drawn(np.broadcast_to(world()[:1, :1], SHAPE), 6000, 7)
    assert own_lifts(records).significant.sum() <= 1
    assert own_lifts(drawn(world(), 6000, 7)).significant.sum() > 20


def test_of_one_period_nothing_can_be_said() -> None:
    records = drawn(world(), 500, 8)
    alone = Records(records.regions, ("all",), records.categories, records.region, np.zeros_like(records.period),
                    records.category, records.customer)  # fmt: skip
    assert not own_lifts(alone).compared.any()


def test_the_largest_miss_is_the_cell_that_the_model_has_wrong() -> None:
    truth = world(strength=0.3)
    records = drawn(truth, 20_000, 9)
    wrong = truth.copy()
    wrong[1, 2, 3] += 1.0
    assert (1, 2, 3) in largest_misses(records, own_lifts(records), wrong, 3)  # its region's others move with it
    assert len(strongest(own_lifts(records), 10)) == 10


def test_bits_are_those_of_the_categories_that_came() -> None:
    records, log_p = drawn(world(), 50, 10), world()
    first = log_p[records.region[0], records.period[0], records.category[0]]
    assert category_bits(records, log_p)[0] == pytest.approx(-first / np.log(2))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000))
def test_no_distribution_per_cell_has_fewer_bits_than_the_records_own_entropy(seed: int) -> None:
    records = drawn(world(seed), 60, seed)
    train = drawn(world(seed), 200, seed + 1).counts()
    least, unlearned = bits_between(records, train)
    for log_p in (world(seed), world(seed + 1), counted(train), counted(records.counts(), prior=1e-6)):
        assert category_bits(records, log_p).mean() >= least - 1e-12
    assert category_bits(records, counted(records.counts(), prior=1e-9)).mean() == pytest.approx(least, abs=1e-6)
    assert least < unlearned


def test_who_knows_neither_region_nor_period_has_the_bits_of_the_shares_of_the_train() -> None:
    records = drawn(world(), 400, 0)
    train = np.zeros(SHAPE)
    train[0, 0] = [9, 9, 9, 9, 59]
    came = np.bincount(records.category, minlength=SHAPE[2])
    by_hand = -(came * np.log2([0.1, 0.1, 0.1, 0.1, 0.6])).sum() / 400
    assert bits_between(records, train)[1] == pytest.approx(by_hand, rel=1e-12)


def test_counts_come_nearer_to_the_truth_with_more_of_them() -> None:
    truth, test = world(), drawn(world(), 5000, 11)
    bits = [category_bits(test, counted(drawn(truth, n, 12).counts())).mean() for n in (50, 500, 50_000)]
    assert bits[0] > bits[1] > bits[2]
    assert bits[2] == pytest.approx(category_bits(test, truth).mean(), abs=0.01)
    assert np.exp(counted(np.zeros(SHAPE))) == pytest.approx(np.full(SHAPE, 0.2))
