"""What a scorecard measures: one row per measure, each a function of some test items, so that any slice has it.

A test as one model answered it is a table of columns, one row an item; a measure is read off the columns that it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from dono.evals.lift import comparable, log_lifts, model_log_lifts, spearman
from dono.evals.roc import RANKED
from dono.evals.scores import ChrfCounts, macro_f1_coded

Table = dict[str, NDArray[Any]]
"""A test as one model answered it: by name an array [items]; `probabilities` is [items, labels]."""
Columns = Mapping[str, NDArray[Any]]
"""The same, only read."""
Statistic = Callable[[NDArray[np.int64]], float]
"""The value on the items in these places, each as often as it occurs; NaN where they say nothing."""
BINS = 15
"""Of equal width, as Guo et al. (2017, "On calibration of modern neural networks") count the calibration error."""

RECORD = ("place", "period", "category", "category_nats")
"""Of a record: its region, period and category by number, and a model's ln-probabilities of all categories there."""
FEWEST_CELLS = 3
"""Of fewer compared cells no rank correlation of lifts is told (assumed)."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure: how it reads, which way is better, the columns it needs, and how it is read off them.

    `decimals` as people read it; `of` what it is about: the answer's quality, its language, or what it costs.
    """

    name: str
    label: str
    unit: str = ""
    higher_is_better: bool
    decimals: int
    needs: tuple[str, ...]
    statistic: Callable[[Columns], Statistic]
    of: str = "quality"

    def show(self, value: float) -> str:
        """A value as people read it."""
        return f"{value:,.{self.decimals}f}" + (f" {self.unit}" if self.unit else "")


def _mean(column: str) -> Callable[[Columns], Statistic]:
    def statistic(columns: Columns) -> Statistic:
        values = np.asarray(columns[column], dtype=np.float64)
        return lambda rows: float(values[rows].mean()) if len(rows) else float("nan")

    return statistic


def _ratio(above: str, below: str) -> Callable[[Columns], Statistic]:
    """Sums before the quotient: long items count as much as they are long."""

    def statistic(columns: Columns) -> Statistic:
        a, b = (np.asarray(columns[name], dtype=np.float64) for name in (above, below))

        def value(rows: NDArray[np.int64]) -> float:
            whole = float(b[rows].sum())
            return float(a[rows].sum()) / whole if whole else float("nan")

        return value

    return statistic


def _macro_f1(columns: Columns) -> Statistic:
    codes = {label: code for code, label in enumerate(sorted({*columns["answer"], *columns["expected"]}))}
    said, wanted = (np.array([codes[x] for x in columns[name]], dtype=np.int64) for name in ("answer", "expected"))
    return lambda rows: macro_f1_coded(said[rows], wanted[rows]) if len(rows) else float("nan")


def _chrf(columns: Columns) -> Statistic:
    counts = ChrfCounts([str(a) for a in columns["answer"]], [str(e) for e in columns["expected"]], words=2)
    return lambda rows: counts.score(rows) if len(rows) else float("nan")


def _auc(columns: Columns) -> Statistic:
    """Each label against the rest, averaged over those that occur and are not all: scikit-learn's, but by ranks of all
    labels at once, as a bootstrap asks for it a thousand times.
    """
    chances, right = (
        np.asarray(columns["probabilities"], dtype=np.float64),
        np.asarray(columns["right"], dtype=np.int64),
    )

    def value(rows: NDArray[np.int64]) -> float:
        positive = right[rows, None] == np.arange(chances.shape[1])
        m = positive.sum(0)
        pairs = m * (len(rows) - m)  # of a row with the label and one without
        there = pairs > 0
        if not there.any():
            return float("nan")
        above = (rankdata(chances[rows], axis=0) * positive).sum(0) - m * (m + 1) / 2
        return float((above[there] / pairs[there]).mean())

    return value


def _ranked(name: str, *, of_one: bool = False) -> Callable[[Columns], Statistic]:
    """A score of two classes by the chance of the positive one; NaN where all rows are of one class, unless `of_one`
    says that it is known then too.
    """

    def statistic(columns: Columns) -> Statistic:
        chance, happened = np.asarray(columns["chance"], dtype=np.float64), np.asarray(columns["happened"], dtype=bool)

        def value(rows: NDArray[np.int64]) -> float:
            positive = happened[rows]
            told = len(rows) if of_one else positive.any() and not positive.all()
            return RANKED[name](chance[rows], positive) if told else float("nan")

        return value

    return statistic


def _lift_correlation(columns: Columns) -> Statistic:
    """Over the cells of region, period and category in which enough of the records is expected."""
    place, period, category, nats = (np.asarray(columns[name]) for name in RECORD)
    shape = int(place.max(initial=0)) + 1, int(period.max(initial=0)) + 1, nats.shape[1]
    codes = np.ravel_multi_index((place, period, category), shape)
    model = np.zeros(shape)
    model[place, period] = nats

    def value(rows: NDArray[np.int64]) -> float:
        counts = np.bincount(codes[rows], minlength=model.size).reshape(shape).astype(np.float64)
        there = counts.any((1, 2))
        counts, said = counts[there], model[there]
        at = comparable(counts)
        if at.sum() < FEWEST_CELLS:
            return float("nan")
        return spearman(log_lifts(counts)[at], model_log_lifts(said, counts)[at])

    return value


def _calibration(columns: Columns) -> Statistic:
    """How far the stated confidence is from the share that is right, in bins, each by its share of the items."""
    sure, right = (np.asarray(columns[n], dtype=np.float64) for n in ("confidence", "correct"))
    bins = np.minimum((sure * BINS).astype(np.int64), BINS - 1)

    def value(rows: NDArray[np.int64]) -> float:
        if not len(rows):
            return float("nan")
        gaps = np.bincount(bins[rows], weights=right[rows] - sure[rows], minlength=BINS)
        return float(np.abs(gaps).sum() / len(rows))

    return value


_ALL = (
    Measure(name="accuracy", label="right answers", higher_is_better=True, decimals=3, needs=("correct",),
            statistic=_mean("correct")),
    Measure(name="macro_f1", label="F1, averaged over the classes", higher_is_better=True, decimals=3,
            needs=("answer", "expected", "confidence"), statistic=_macro_f1),
    Measure(name="auc", label="area under the ROC curve, each class against the rest", higher_is_better=True,
            decimals=3, needs=("probabilities", "right"), statistic=_auc),
    Measure(name="average_precision", label="average precision of the positive class", higher_is_better=True,
            decimals=3, needs=("chance", "happened"), statistic=_ranked("average_precision")),
    Measure(name="brier", label="Brier score of its probability", higher_is_better=False, decimals=4,
            needs=("chance", "happened"), statistic=_ranked("brier", of_one=True)),
    Measure(name="lift", label="lift of the tenth scored highest", higher_is_better=True, decimals=2,
            needs=("chance", "happened"), statistic=_ranked("lift")),
    Measure(name="calibration", label="calibration error of the confidence", higher_is_better=False, decimals=3,
            needs=("confidence", "correct"), statistic=_calibration),
    Measure(name="label_bits", label="bits of the right label", unit="bits", higher_is_better=False, decimals=2,
            needs=("label_bits",), statistic=_mean("label_bits")),
    Measure(name="generated_accuracy", label="right answers when written out", higher_is_better=True, decimals=3,
            needs=("written_correct",), statistic=_mean("written_correct")),
    Measure(name="chrf_plus_plus", label="chrF++ (0 to 100)", higher_is_better=True, decimals=1,
            needs=("answer", "expected", "free"), statistic=_chrf),
    Measure(name="exact_match", label="answers that match exactly", higher_is_better=True, decimals=3,
            needs=("exact",), statistic=_mean("exact")),
    Measure(name="answer_bits_per_byte", label="bits per byte of the right answer", unit="bits/byte",
            higher_is_better=False, decimals=3, needs=("answer_bits", "answer_bytes"),
            statistic=_ratio("answer_bits", "answer_bytes")),
    Measure(name="bits_per_byte", label="bits per byte of held-out text", unit="bits/byte", higher_is_better=False,
            decimals=3, needs=("bits", "bytes"), statistic=_ratio("bits", "bytes")),
    Measure(name="category_bits", label="bits of the category that was taken", unit="bits", higher_is_better=False,
            decimals=3, needs=("category_bits",), statistic=_mean("category_bits")),
    Measure(name="lift_correlation", label="rank correlation of the lifts with those of the records",
            higher_is_better=True, decimals=3, needs=RECORD, statistic=_lift_correlation),
    Measure(name="wrong_script", label="letters in another script than the language's", higher_is_better=False,
            decimals=3, needs=("wrong_letters", "letters"), statistic=_ratio("wrong_letters", "letters"),
            of="language"),
    Measure(name="repetition", label="runs of four words said before in the answer", higher_is_better=False, decimals=3,
            needs=("repeated", "runs"), statistic=_ratio("repeated", "runs"), of="language"),
    Measure(name="tokens_per_word", label="tokens per word", higher_is_better=False, decimals=2,
            needs=("tokens", "words"), statistic=_ratio("tokens", "words"), of="cost"),
    Measure(name="milliseconds", label="milliseconds of one request alone, here", unit="ms", higher_is_better=False,
            decimals=0, needs=("milliseconds",), statistic=_mean("milliseconds"), of="cost"),
)  # fmt: skip
MEASURES: dict[str, Measure] = {m.name: m for m in _ALL}
"""In the order in which a card has them."""


def measures_in(columns: Columns) -> list[Measure]:
    """The measures whose columns are there."""
    return [m for m in _ALL if all(name in columns for name in m.needs)]
