"""What every measure of a scorecard must be, whatever it measures."""

from __future__ import annotations

import numpy as np
import pytest

from dono.evals.measures import MEASURES, Columns, Measure, measures_in

ALL = [pytest.param(m, id=name) for name, m in MEASURES.items()]
N = 120
RANDOM = np.random.default_rng(0)
ODDS = RANDOM.dirichlet([0.5, 0.5, 0.5], N)
LABELS = np.array(["a", "b", "c"])
# Records of two regions, two periods and two categories, of which one period likes another category than the other.
CELLS = [np.repeat(of, N // 4) for of in ([0, 0, 1, 1], [0, 1, 0, 1])]
TAKEN = (np.arange(N) % np.where(CELLS[0] == CELLS[1], 4, 3) == 0).astype(int)
TRULY = np.log(np.where((CELLS[0] == CELLS[1])[:, None], [[0.75, 0.25]], [[0.65, 0.35]]))
RIGHT = np.where(RANDOM.random(N) < 0.6, ODDS.argmax(1), RANDOM.integers(0, 3, N))


def table(better: float = 0.0) -> Columns:
    """A test as a model answered it; `better` from 0 (as drawn) to 1 (perfect, cheap, quick)."""
    fixed = np.arange(N) < better * N
    odds = np.where(fixed[:, None], np.eye(3)[RIGHT], ODDS)
    answer = LABELS[odds.argmax(1)]
    good = 1.0 - better
    return {
        "language": np.array(["hi"] * N), "answer": answer, "expected": LABELS[RIGHT],
        "correct": (answer == LABELS[RIGHT]).astype(float), "confidence": odds.max(1), "probabilities": odds,
        "right": RIGHT, "label_bits": good * RANDOM.random(N), "written_correct": np.where(fixed, 1.0, 0.0),
        "free": np.ones(N), "exact": np.where(fixed, 1.0, 0.0), "answer_bits": good * np.full(N, 8.0),
        "answer_bytes": np.full(N, 4.0), "bits": good * np.full(N, 8.0), "bytes": np.full(N, 4.0),
        "wrong_letters": good * np.full(N, 3.0), "letters": np.full(N, 9.0), "repeated": good * np.ones(N),
        "runs": np.full(N, 5.0), "tokens": 5 + good * np.full(N, 9.0), "words": np.full(N, 5.0),
        "milliseconds": 1 + good * np.full(N, 9.0), "chance": np.where(fixed, RIGHT == 0, ODDS[:, 1]),
        "happened": RIGHT == 0, "category_bits": good * RANDOM.random(N), "place": CELLS[0], "period": CELLS[1],
        "category": TAKEN, "category_nats": TRULY if better else TRULY[:, ::-1],
    }  # fmt: skip


@pytest.mark.parametrize("measure", ALL)
def test_a_better_model_has_a_better_value(measure: Measure) -> None:
    worse, better = (measure.statistic(table(b))(np.arange(N)) for b in (0.0, 1.0))
    assert (better > worse) == measure.higher_is_better and better != worse


@pytest.mark.parametrize("measure", ALL)
def test_the_value_of_a_slice_is_that_of_its_items_alone(measure: Measure) -> None:
    whole, rows = table(), np.arange(0, N, 2)
    part = {name: values[rows] for name, values in whole.items()}
    assert measure.statistic(whole)(rows) == pytest.approx(measure.statistic(part)(np.arange(len(rows))))


@pytest.mark.parametrize("measure", ALL)
def test_nothing_is_said_of_no_items(measure: Measure) -> None:
    assert np.isnan(measure.statistic(table())(np.arange(0)))


@pytest.mark.parametrize("measure", ALL)
def test_it_reads_well_and_needs_no_more_than_its_columns(measure: Measure) -> None:
    assert measure.name == next(n for n, m in MEASURES.items() if m is measure)
    assert measure.label and measure.of in ("quality", "language", "cost")
    assert measure.show(0.5).endswith(measure.unit)
    only = {name: values for name, values in table().items() if name in measure.needs}
    assert measure in measures_in(only)
    assert measure not in measures_in({n: v for n, v in only.items() if n != measure.needs[0]})
    assert np.isfinite(measure.statistic(only)(np.arange(N)))
