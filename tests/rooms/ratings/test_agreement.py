"""Alpha and strengths of models against published examples and against libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.ratings import Comparison, alpha, fit
from dono.ratings.tasks import Level

KRIPPENDORFF_2011 = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
"""Four observers, twelve units, missing data: "Computing Krippendorff's Alpha-Reliability", section C."""


def units(rows: list[list[int | None]]) -> list[list[int]]:
    return [[v for v in column if v is not None] for column in zip(*rows, strict=True)]


@pytest.mark.parametrize(
    ("level", "published", "golden"),
    [
        ("nominal", 0.743, 0.743421052631579),
        ("ordinal", 0.815, 0.8153875037548814),
        ("interval", 0.849, 0.8491071428571428),
    ],
)
def test_krippendorffs_own_example(level: Level, published: float, golden: float) -> None:
    found = alpha(units(KRIPPENDORFF_2011), level)
    assert found.value is not None and round(found.value, 3) == published
    assert found.value == pytest.approx(golden, rel=1e-9)
    assert (found.units, found.ratings) == (11, 40)
    assert found.lo is not None and found.hi is not None and found.lo < found.value < found.hi


TABLES = st.integers(2, 4).flatmap(
    lambda raters: st.lists(
        st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=raters, max_size=raters), min_size=2, max_size=12
    )
)


@settings(max_examples=60, deadline=None)
@given(TABLES, st.sampled_from(["nominal", "ordinal", "interval"]))
def test_the_library_says_the_same(table: list[list[int | None]], level: Level) -> None:
    krippendorff = pytest.importorskip("krippendorff")
    ours = alpha([[v for v in row if v is not None] for row in table], level)
    matrix = np.array([[np.nan if v is None else v for v in row] for row in table], dtype=float).T
    if ours.value is None:
        return
    theirs = krippendorff.alpha(reliability_data=matrix, level_of_measurement=level)
    assert ours.value == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize(
    ("ratings", "why"), [([["a"], ["b"], []], "no item has two ratings"), ([["a", "a"], ["a", "a"]], "are the same")]
)
def test_what_is_undefined_is_said_and_is_no_number(ratings: list[list[str]], why: str) -> None:
    found = alpha(ratings, "nominal")
    assert found.value is None and why in found.why


def played(a: str, b: str, wins: float, losses: float, rater: str = "r") -> list[Comparison]:
    return [Comparison(a, b, 1.0, rater)] * int(wins) + [Comparison(a, b, 0.0, rater)] * int(losses)


def test_two_models_differ_by_the_log_odds_with_half_a_win_each_way() -> None:
    strengths = fit(played("a", "b", 6, 4))
    assert 400 / math.log(10) * (strengths.theta[0] - strengths.theta[1]) == pytest.approx(
        400 * math.log10(6.5 / 4.5), rel=1e-9
    )


def test_a_model_that_always_won_has_a_finite_strength() -> None:
    strengths = fit(played("a", "b", 5, 0))
    assert 400 / math.log(10) * (strengths.theta[0] - strengths.theta[1]) == pytest.approx(416.5570740632898, rel=1e-9)


def test_the_library_says_the_same_of_strengths() -> None:
    choix = pytest.importorskip("choix")
    random = np.random.default_rng(5)
    truth = np.array([0.0, 0.5, 1.0, -0.7])
    pairs = [tuple(random.choice(4, 2, replace=False)) for _ in range(400)]
    games = [(i, j) if random.random() < 1 / (1 + np.exp(truth[j] - truth[i])) else (j, i) for i, j in pairs]
    ours = fit([Comparison(f"m{a}", f"m{b}", 1.0, "r") for a, b in games])
    # the prior is half a win each way: twice the games, once more each way, is the same likelihood
    doubled = [g for g in games for _ in range(2)] + [(i, j) for i in range(4) for j in range(4) if i != j]
    theirs = choix.opt_pairwise(4, doubled, alpha=0.0, tol=1e-12)
    assert ours.theta == pytest.approx(theirs - theirs.mean(), abs=1e-6)


def test_models_that_nothing_connects_are_not_ranked_together() -> None:
    strengths = fit(played("a", "b", 3, 1) + played("c", "d", 2, 2))
    assert strengths.part == (0, 0, 1, 1)
    assert strengths.connected("a", "b") and not strengths.connected("a", "c")
    with pytest.raises(AssertionError, match="never compared"):
        strengths.wins("a", "d")


def test_one_rater_gives_no_interval() -> None:
    assert fit(played("a", "b", 30, 10)).wins("a", "b").lo is None


def test_raters_who_differ_make_the_interval_wider_than_their_answers_alone() -> None:
    of_one_mind = [c for r in "uvwx" for c in played("a", "b", 15, 10, r)]
    divided = [c for r, w in zip("uvwx", (25, 25, 5, 5), strict=True) for c in played("a", "b", w, 25 - w, r)]
    together, apart = fit(of_one_mind).wins("a", "b"), fit(divided).wins("a", "b")
    assert together.value == pytest.approx(apart.value)
    assert apart.half_width > 2 * together.half_width


@pytest.mark.parametrize("differ", ["rater", "item"])
def test_intervals_hold_the_truth_where_raters_or_items_differ(differ: str) -> None:
    random = np.random.default_rng(0)
    truth, held = 0.4, 0
    mean = np.mean(1 / (1 + np.exp(-(truth + np.random.default_rng(1).normal(0, 1.0, 20_000)))))
    for _ in range(100):
        tastes = random.normal(0, 1.0, 15)
        found = []
        for cluster in range(15):
            for other in range(15):
                wins = random.random() < 1 / (1 + np.exp(-(truth + tastes[cluster])))
                rater, item = (cluster, other) if differ == "rater" else (other, cluster)
                found.append(Comparison("a", "b", float(wins), f"r{rater}", f"i{item}"))
        interval = fit(found).wins("a", "b")
        assert interval.lo is not None and interval.hi is not None
        held += interval.lo <= mean <= interval.hi
    assert 88 <= held <= 99


def test_nothing_compared_is_nothing_known() -> None:
    strengths = fit([])
    assert strengths.models == () and not strengths.connected("a", "b")
    assert strengths.information("a", "b") > 0
