"""Scores of ranked rows: against their definitions, worked by hand or in full."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_auc_score

from dono.evals.roc import auc_delong, average_precision, brier, lift, most_lift
from dono.evals.scores import score_probabilities


def by_definition(scores: np.ndarray, positive: np.ndarray) -> tuple[float, float]:
    """Area and its variance by DeLong et al. (1988), equations 3 to 6: placements of every pair of rows."""
    above, below = scores[positive], scores[~positive]
    wins = (above[:, None] > below) + 0.5 * (above[:, None] == below)
    ten, one = wins.mean(1), wins.mean(0)
    area = wins.mean()
    variance = ((ten - area) ** 2).sum() / (len(ten) - 1) / len(ten)
    variance += ((one - area) ** 2).sum() / (len(one) - 1) / len(one)
    return float(area), float(variance)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=4, max_size=40))
def test_the_error_of_the_area_is_delongs(rows: list[tuple[int, bool]]) -> None:
    scores, positive = np.array([s for s, _ in rows], dtype=float), np.array([p for _, p in rows])
    if min(positive.sum(), (~positive).sum()) < 2:
        return
    area, error = auc_delong(scores, positive)
    assert (area, error**2) == pytest.approx(by_definition(scores, positive), abs=1e-12)
    assert area == pytest.approx(roc_auc_score(positive, scores))


def test_the_interval_covers_as_often_as_it_says() -> None:
    random, held, truth = np.random.default_rng(0), 0, 0.7602499389065233  # Φ(1/√2): normals one apart
    for _ in range(400):
        positive = random.random(200) < 0.3
        area, error = auc_delong(random.normal(size=200) + positive, positive)
        held += abs(area - truth) < 1.96 * error
    assert 0.92 <= held / 400 <= 0.98


def test_one_row_of_a_class_still_has_an_error() -> None:
    area, error = auc_delong(np.array([0.9, 0.1, 0.2, 0.3]), np.array([True, False, False, False]))
    assert area == 1.0 and 0.2 < error < 0.5


def test_lift_precision_and_brier_of_a_small_table() -> None:
    positive = np.array([True, False, True, False, False, False, False, False, False, False])
    scores = np.array([0.9, 0.8, 0.7, 0.4, 0.3, 0.2, 0.1, 0.1, 0.1, 0.0])
    assert lift(scores, positive) == pytest.approx(5.0)  # the first of ten is one, where a fifth are
    assert average_precision(scores, positive) == pytest.approx((1 + 2 / 3) / 2)
    assert brier(scores, positive) == pytest.approx((0.01 + 0.64 + 0.09 + 0.16 + 0.09 + 0.04 + 0.03) / 10)


def test_the_lift_of_equal_scores_is_one() -> None:
    positive = np.arange(40) % 4 == 0
    assert lift(np.full(40, 0.3), positive) == pytest.approx(1.0)


def test_all_scores_of_two_classes_come_with_errors_and_the_answers_count_for_macro_f1() -> None:
    random = np.random.default_rng(0)
    truth = random.random(300) < 0.2
    chance = np.clip(0.2 + 0.2 * truth + 0.1 * random.normal(size=300), 0.01, 0.49)
    names = ["no", "yes"]
    expected, answers = [names[int(t)] for t in truth], [names[int(c > 0.3)] for c in chance]
    metrics = ["auc", "average_precision", "lift", "brier", "accuracy", "macro_f1"]
    found = {
        s.metric: s
        for s in score_probabilities(np.stack([1 - chance, chance], 1), names, expected, metrics, answers=answers)
    }
    assert set(found) == set(metrics) and all(s.stderr > 0 and s.n == 300 for s in found.values())
    assert found["accuracy"].value == pytest.approx(np.mean(~truth))  # all below one half: "no" is the likelier
    assert found["macro_f1"].value == pytest.approx(f1_score(expected, answers, average="macro"))


@pytest.mark.parametrize("positive", [1, 5, 10, 20, 50, 90])
def test_the_most_lift_is_that_of_a_perfect_order_and_equal_scores_have_one(positive: int) -> None:
    happened = np.arange(100) < positive
    assert lift(happened.astype(float), happened) <= most_lift(positive / 100) + 1e-9
    assert lift(-np.arange(100.0), happened) == pytest.approx(most_lift(positive / 100))
    assert lift(np.zeros(100), happened) == pytest.approx(1.0)
