from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.decisions.metrics import METRICS
from tests.rooms.decisions.evidence import question


@pytest.mark.parametrize("name", sorted(METRICS))
@given(value=st.floats(-5, 120), best=st.floats(-1, 3))
def test_a_value_comes_back_from_its_badness_and_the_best_has_none(name: str, value: float, best: float) -> None:
    for metric in (METRICS[name], replace(METRICS[name], best=best)):
        assert metric.from_badness(metric.to_badness(value)) == pytest.approx(value, abs=1e-9)
        assert metric.to_badness(metric.best) == 0
        worse = metric.best - 0.5 if metric.higher_is_better else metric.best + 0.5
        assert metric.to_badness(worse) > 0


def test_what_is_known_of_the_test_items_moves_the_best_and_the_blind() -> None:
    plain = question(metric="category_bits").judged_by
    assert plain.best == 0 and plain.unlearned is None
    known = replace(question(metric="category_bits"), least=3.2, unlearned=3.4).judged_by
    assert known.to_badness(3.2) == 0 and known.unlearned == pytest.approx(0.2)
    assert question(metric="macro_f1").judged_by.unlearned == 1.0, "a score of nothing"
    assert question(metric="auc").judged_by.unlearned == 0.5, "rows in any order"


def test_a_lift_has_a_level_only_where_the_share_of_positives_is_known() -> None:
    assert question(metric="lift").judged_by.unlearned is None
    half = replace(question(metric="lift"), least=2.0, unlearned=1.0).judged_by
    assert half.to_badness(2.0) == 0 and half.unlearned == pytest.approx(0.1)
    assert half.worst is not None and half.from_badness(half.worst) == pytest.approx(0.0), "no lift is below nothing"
    rare = replace(question(metric="lift"), unlearned=1.0).judged_by
    assert (rare.best, rare.worst, rare.unlearned) == (10.0, 1.0, 0.9)
