"""What a test's items leave in doubt: a part of it is between the rungs of an arm, all of it moves the whole curve."""

from __future__ import annotations

import numpy as np
import pytest

from dono.curves import Point
from dono.decisions import compare
from dono.decisions.measured import BETWEEN, between, items_error
from dono.decisions.metrics import METRICS
from dono.decisions.outlook import outlook
from tests.rooms.decisions.evidence import arm, pilot, question

POINTS = [Point(0.1, 2.0, 0.1), Point(0.2, 1.9, 0.095)]


@pytest.mark.parametrize(("metric", "share"), [("bits_per_byte", BETWEEN), ("macro_f1", 1.0)])
def test_rungs_that_read_the_same_documents_differ_by_less_than_their_own_errors(metric: str, share: float) -> None:
    said = between(POINTS, METRICS[metric])
    assert [(p.x, p.y, p.seed) for p in said] == [(p.x, p.y, p.seed) for p in POINTS]
    assert [p.stderr for p in said] == pytest.approx([share * p.stderr for p in POINTS])


def test_the_whole_error_of_the_largest_pilot_moves_the_curve() -> None:
    factors = items_error(POINTS, np.random.default_rng(0), 2000)
    assert np.std(np.log(factors)) == pytest.approx(0.05, rel=0.01)


@pytest.mark.parametrize("top", [0.98, 1.0])
def test_text_measured_whole_is_off_together_with_the_others(top: float) -> None:
    """What makes a document hard does so for a model that was run whole, too."""
    asked = question(metric="bits_per_byte")
    base = arm("prompt/zero-shot", [pilot(1.0, 1.05, stderr=0.03)], has_scale=False)
    tuned = arm("continue/kept", [pilot(s, v, stderr=0.03) for s, v in ((0.5, 1.01), (top, 1.0))])
    other = outlook(asked, base, 0)
    found = outlook(asked, tuned, 0, beside=[base])
    assert np.corrcoef(found.losses, other.losses)[0, 1] > 0.8
    assert np.std(found.losses) >= 0.03 * 0.98


def test_a_score_measured_whole_has_its_error_once() -> None:
    found = outlook(question(), arm("finetune/full", [pilot(0.5, 0.7), pilot(1.0, 0.75)]), 0)
    assert np.std(found.along([1.0])) <= 1.01 * np.std(found.losses)


@pytest.mark.parametrize("metric", ["macro_f1", "bits_per_byte"])
def test_the_curve_ends_in_the_interval_of_the_table(metric: str) -> None:
    pilots = [pilot(s, 0.7 + 0.02 * i, stderr=0.05, n=100) for i, s in enumerate((1 / 16, 1 / 8, 1 / 4))]
    (row,) = compare(question(metric=metric), [arm("scratch/own", pilots)], seed=0).arms
    assert (row.curve[-1].mean, row.curve[-1].lo, row.curve[-1].hi) == (
        row.quality.value,
        row.quality.lo,
        row.quality.hi,
    )
