from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from dono.costs.ranges import HALF
from dono.decisions.abstaining import Candidate, Decided, best_of_three, pairs
from dono.stages.exam_confidence import candidates, table


def world(seed: int, *, true_sd: float = 0.1, stated_sd: float = 0.1, arms: int = 12) -> list[Candidate]:
    """Arms whose logs differ by about 0.1, forecast with an error of `true_sd` and stated with `stated_sd`."""
    random = np.random.default_rng(seed)
    truth = random.normal(0, 0.1, arms)
    said = truth + random.normal(0, true_sd, arms)
    return [
        Candidate(math.exp(s), math.exp(s - HALF * stated_sd), math.exp(s + HALF * stated_sd), math.exp(t))
        for s, t in zip(said, truth, strict=True)
    ]


WORLDS = [world(k) for k in range(60)]


@pytest.mark.parametrize("decide", [pairs, best_of_three])
def test_who_is_surer_is_right_more_often(decide: object) -> None:
    assert callable(decide)
    shares = decide(WORLDS).accuracy_at_share()
    assert shares["1.0"] + 0.03 < shares["0.8"] + 0.015 < shares["0.5"]


def test_a_confidence_that_says_nothing_is_worth_nothing() -> None:
    random = np.random.default_rng(3)
    blind = Decided(random.random(20_000), (random.random(20_000) < 0.7).astype(float), np.zeros(20_000))
    assert blind.surest(0.5).right.mean() == pytest.approx(0.7, abs=0.01)


def test_pairs_are_right_as_often_as_their_probability_says_where_the_truth_is_as_wide_as_stated() -> None:
    wide = [[Candidate(c.mean, c.lo80, c.hi80, c.truth) for c in world(k, true_sd=0.1)] for k in range(300)]
    # what is known of the arms beforehand (spread 0.1) makes each difference half as large as it looks
    known = [[Candidate(m := math.sqrt(c.mean), m * math.exp(-HALF * 0.1 / math.sqrt(2)),
                        m * math.exp(HALF * 0.1 / math.sqrt(2)), c.truth) for c in g] for g in wide]  # fmt: skip
    found = pairs(known)
    for lo, hi in itertools.pairwise((0.5, 0.6, 0.7, 0.8, 0.9)):
        sure = (found.p >= lo) & (found.p < hi)
        assert found.right[sure].mean() == pytest.approx(found.p[sure].mean(), abs=0.03)


def test_best_of_three_takes_the_lowest_forecast_and_counts_its_regret() -> None:
    group = [Candidate(1.0, 0.99, 1.01, 1.2), Candidate(1.1, 1.09, 1.11, 1.0), Candidate(2.0, 1.9, 2.1, 2.0)]
    found = best_of_three([group])
    assert (len(found), found.right[0]) == (1, 0.0)
    assert found.regret[0] == pytest.approx(0.2) and found.p[0] > 0.99


def test_ties_are_no_decision_and_groups_of_two_have_no_three() -> None:
    same = [Candidate(1.0, 0.9, 1.1, 1.0), Candidate(1.2, 1.1, 1.3, 1.0)]
    assert len(pairs([same])) == 0 and len(best_of_three([same])) == 0


def test_the_table_has_a_row_per_threshold_and_none_without_groups() -> None:
    lines = list(table(WORLDS))
    assert len(lines) == 6 and "100%" in lines[1] and "at least 0.95" in lines[-1]
    assert list(table([])) == []


def test_only_cases_that_were_forecast_and_came_out_are_held_to() -> None:
    said = {"a": (1.0, 0.9, 1.1), "b": (2.0, 1.9, 2.1), "c": (3.0, 2.9, 3.1)}
    groups = candidates([("a", "g"), ("b", "g"), ("c", "alone"), ("d", "g")], said, {"a": 1.0, "b": 2.0, "c": 3.0})
    assert [len(g) for g in groups] == [2]
