"""What a test's items leave in doubt: a part of it is between the rungs of an arm, all of it moves the whole curve."""

from __future__ import annotations

import numpy as np
import pytest

from dono.curves import Point
from dono.decisions.measured import BETWEEN, between, items_error
from dono.decisions.metrics import METRICS

POINTS = [Point(0.1, 2.0, 0.1), Point(0.2, 1.9, 0.095)]


@pytest.mark.parametrize(("metric", "share"), [("bits_per_byte", BETWEEN), ("macro_f1", 1.0)])
def test_rungs_that_read_the_same_documents_differ_by_less_than_their_own_errors(metric: str, share: float) -> None:
    said = between(POINTS, METRICS[metric])
    assert [(p.x, p.y, p.seed) for p in said] == [(p.x, p.y, p.seed) for p in POINTS]
    assert [p.stderr for p in said] == pytest.approx([share * p.stderr for p in POINTS])


def test_the_whole_error_of_the_largest_pilot_moves_the_curve() -> None:
    factors = items_error(POINTS, np.random.default_rng(0), 2000)
    assert np.std(np.log(factors)) == pytest.approx(0.05, rel=0.01)
