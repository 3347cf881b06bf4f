"""What every metric must be, whatever it measures."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.decisions import METRICS, Metric
from dono.project import METRIC_OF_KIND, MetricName

ALL = [pytest.param(m, id=name) for name, m in METRICS.items()]


def test_every_metric_of_the_project_file_has_its_row() -> None:
    assert set(METRICS) == set(get_args(MetricName))
    assert {m for of in METRIC_OF_KIND.values() for m in of} == set(METRICS)
    assert all(name == m.name for name, m in METRICS.items())


@pytest.mark.parametrize("metric", ALL)
@given(badness=st.floats(min_value=0, max_value=1))
def test_badness_and_value_are_each_others_inverse(metric: Metric, badness: float) -> None:
    assert metric.to_badness(metric.from_badness(badness)) == pytest.approx(badness, abs=1e-12)


@pytest.mark.parametrize("metric", ALL)
def test_less_badness_is_a_better_value(metric: Metric) -> None:
    assert metric.better(metric.from_badness(0.2), metric.from_badness(0.3))
    assert not metric.better(metric.from_badness(0.3), metric.from_badness(0.2))
    assert metric.to_badness(metric.best) == 0


@pytest.mark.parametrize("metric", ALL)
def test_the_margin_is_positive_small_and_visible(metric: Metric) -> None:
    assert 0 < metric.margin / metric.scale <= 0.02
    assert metric.show(metric.margin) != metric.show(0.0)


@pytest.mark.parametrize("metric", ALL)
def test_a_value_is_shown_with_its_unit(metric: Metric) -> None:
    assert metric.show(0.5).endswith(metric.unit)
    assert metric.label
