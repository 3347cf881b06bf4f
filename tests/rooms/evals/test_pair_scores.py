"""The report on a judge of answers: shares with exact intervals, calibration, and whether it goes by length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import binomtest

from dono.evals.pair_scores import judge_report


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_interval_is_clopper_and_pearsons(right: int, wrong: int) -> None:
    n = right + wrong
    if n == 0:
        return
    margin = [1.0] * right + [-1.0] * wrong
    (share,) = judge_report(margin, [0.0] * n, ["hi"] * n, range(n)).accuracy
    known = binomtest(right, n).proportion_ci(method="exact")
    assert (share.lo, share.hi) == pytest.approx((known.low, known.high), abs=1e-9) and share.value == right / n


def test_each_language_has_its_own_share() -> None:
    report = judge_report([1, 1, 0, 1], [0, 0, 1, 1], ["hi", "hi", "ta", "ta"], [1, -1, 1, -1])
    assert {s.language: (s.value, s.n) for s in report.accuracy} == {"all": (0.625, 4), "hi": (1.0, 2), "ta": (0.25, 2)}


def test_a_judge_that_says_what_is_true_is_calibrated_and_a_boaster_is_not() -> None:
    random = np.random.default_rng(0)
    margin = random.normal(0, 1.5, 40_000)
    first_wins = random.random(40_000) < expit(margin)
    signed, nothing, languages = np.where(first_wins, margin, -margin), np.zeros(40_000), ["en"] * 40_000
    honest = judge_report(signed.tolist(), nothing.tolist(), languages, random.normal(size=40_000).tolist())
    boaster = judge_report((5 * signed).tolist(), nothing.tolist(), languages, random.normal(size=40_000).tolist())
    assert honest.calibration_error < 0.01 < 0.15 < boaster.calibration_error
    assert sum(b.n for b in honest.bins) == 40_000


def test_a_judge_that_goes_by_length_is_told_from_people_who_do_not() -> None:
    longer = np.arange(-20, 21)
    report = judge_report(longer.tolist(), [0.0] * 41, ["en"] * 41, longer.tolist())
    assert report.length_correlation == pytest.approx(1.0)
    assert report.people_length_correlation == pytest.approx(0.0, abs=1e-12)


def test_where_nothing_changes_there_is_no_correlation() -> None:
    report = judge_report([1.0, 1.0], [1.0, 1.0], ["en", "en"], [0, 0])
    assert report.length_correlation is None and report.people_length_correlation is None
    assert report.accuracy[0].value == 0.5
