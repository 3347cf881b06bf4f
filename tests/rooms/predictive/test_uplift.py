"""Uplift against a generator whose truth is known, and the Qini figures against scikit-uplift's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from dono.errors import Mistake
from dono.predictive.uplift import UpliftModel, gain_of_first, qini, qini_coefficient, qini_curve


def campaign(rows: int, effect: float, seed: int) -> tuple[dict[str, list[float]], np.ndarray, np.ndarray, np.ndarray]:
    """Columns, answers, who was treated, and the true uplift: `effect` where `need` is above 0, nothing below."""
    random = np.random.default_rng(seed)
    need, wealth = random.normal(size=rows), random.normal(size=rows)
    treated = random.random(rows) < 0.4
    truth = effect * (need > 0)
    answered = random.random(rows) < 0.25 + 0.15 * (wealth > 0) + treated * truth
    return {"need": need.tolist(), "wealth": wealth.tolist()}, answered, treated, truth


def test_who_is_moved_by_a_campaign_is_found_and_not_who_answers_anyway() -> None:
    columns, answered, treated, _ = campaign(4000, 0.3, 0)
    model = UpliftModel().fit(columns, answered.tolist(), treated.tolist())
    unseen, answers, given, truth = campaign(4000, 0.3, 1)
    for kind in ("T", "X"):
        found = model.uplift(unseen, kind)  # type: ignore[arg-type]
        assert spearmanr(found, truth).statistic > 0.7
        assert found[truth > 0].mean() == pytest.approx(0.3, abs=0.06)
        assert abs(found[truth == 0].mean()) < 0.06
    measured = qini(model.uplift(unseen), answers, given)
    assert 0 < measured.low < measured.coefficient < measured.high
    assert gain_of_first(model.uplift(unseen), answers, given, 0.3) == pytest.approx(0.3, abs=0.1)


def test_of_a_campaign_without_effect_the_interval_holds_zero() -> None:
    columns, answered, treated, _ = campaign(2000, 0.0, 2)
    model = UpliftModel().fit(columns, answered.tolist(), treated.tolist())
    unseen, answers, given, _ = campaign(2000, 0.0, 3)
    measured = qini(model.uplift(unseen), answers, given)
    assert measured.low < 0 < measured.high


def test_the_qini_figures_are_those_of_scikit_uplift() -> None:
    random = np.random.default_rng(3)
    treated = random.random(400) < 0.4
    uplift = np.round(random.normal(size=400), 2)
    answered = random.random(400) < 0.2 + 0.2 * treated * (uplift > 0)
    # sklift 0.5.1: qini_auc_score(answered, uplift, treated), qini_curve(...)[1][-3:]
    assert qini_coefficient(uplift, answered, treated) == pytest.approx(0.12767621378668115, rel=1e-12)
    gained = qini_curve(uplift, answered, treated)[1]
    assert gained[-3:] == pytest.approx([23.71255061, 23.53846154, 23.64516129], abs=1e-8)


def test_a_perfect_order_has_coefficient_one() -> None:
    answered, treated = np.array([1, 0, 1, 0, 1, 0], dtype=bool), np.array([1, 1, 0, 0, 1, 0], dtype=bool)
    order = answered * np.where(treated, 1.0, -1.0)
    assert qini_coefficient(order, answered, treated) == pytest.approx(1)


def test_too_few_treated_are_named() -> None:
    columns, answered, treated, _ = campaign(100, 0.3, 0)
    treated[:] = False
    treated[:30] = True
    with pytest.raises(Mistake, match="of the 30 rows treated, only"):
        UpliftModel().fit(columns, answered.tolist(), treated.tolist())
