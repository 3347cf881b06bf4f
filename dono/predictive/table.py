"""A classifier of table rows: gradient-boosted trees, with words as categories and blanks as blanks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import regex
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.tree import DecisionTreeClassifier

from dono.errors import Mistake
from dono.predictive.kept import keep, kept
from dono.predictive.tables import Cell, Columns, as_label, as_number, is_date

Probabilities = npt.NDArray[np.float64]

NEARLY_ALL = 0.95
"""A column is of numbers (or dates) when so many of its filled cells are (assumed)."""

MOSTLY_DIFFERENT = 0.5
"""A column of words with more different values than this share of its rows is a name or free text (assumed)."""

MOST_CATEGORIES = 250
"""The most frequent words of a column; the rest share one category (the trees take at most 255)."""

LEAK = 0.99
"""A column that alone reaches this balanced accuracy on rows it has not seen is named as a leak (assumed)."""

_IDENTITY = regex.compile(r"(?:^|[_\s.-])(?:id|uuid|guid|key|number|no|phone|mobile|aadhaar|pan)$|(?<=[a-z])(?:ID|Id)$")


@dataclass(frozen=True)
class Column:
    """How one column is read: a number, or one of `categories`."""

    name: str
    categories: tuple[str, ...] | None

    def read(self, cells: Sequence[Cell]) -> npt.NDArray[np.float64]:
        """The column as floats [rows]: numbers, or places in `categories`; NaN for blanks and for what is new."""
        if self.categories is None:
            numbers = [as_number(cell) for cell in cells]
            return np.asarray([math.nan if number is None else number for number in numbers])
        place = {name: float(number) for number, name in enumerate(self.categories)}
        rest = float(len(self.categories)) if len(self.categories) == MOST_CATEGORIES else math.nan
        return np.asarray([math.nan if not (word := as_label(cell)) else place.get(word, rest) for cell in cells])


class TableModel:
    """Rows of columns to classes. `notes` says which columns were left out, and what looks suspicious."""

    def __init__(self, *, rate: float = 0.06, trees: int = 150, leaves: int = 12) -> None:
        """Learning rate, number of trees (for each class) and leaves of each (assumed, small and steady)."""
        self.rate, self.trees, self.leaves = rate, trees, leaves
        self.classes: tuple[str, ...] = ()
        self.notes: list[str] = []
        self.columns: tuple[Column, ...] = ()
        self._prior: Probabilities = np.zeros(0)
        self._boosting: HistGradientBoostingClassifier | None = None

    def fit(self, rows: Columns, labels: Sequence[str], seed: int = 0) -> TableModel:
        """Learn from columns of equal length and each row's class.

        One class only, or no column of use: answers with the classes' shares, and a note says so.
        Raises `Mistake` when there are no rows.
        """
        assert all(len(cells) == len(labels) for cells in rows.values())
        if not labels:
            raise Mistake("there is no row to learn from", where="train", remedy="Add rows with a target")
        counts = Counter(labels)
        self.classes = tuple(sorted(counts))
        self._prior = np.asarray([counts[name] / len(labels) for name in self.classes])
        self.notes, self._boosting = [], None
        self.columns = tuple(c for name, cells in rows.items() if (c := self._column(name, cells)) is not None)
        if len(self.classes) == 1:
            self.notes.append(f"all {len(labels)} rows are {self.classes[0]!r}: nothing can be told apart")
        elif not self.columns:
            self.notes.append("no column can be learned from: the classes' shares are answered")
        else:
            values = self._values(rows, len(labels))
            self._name_leaks(values, labels, seed)
            self._boost(values, labels, seed)
        return self

    def _column(self, name: str, cells: Sequence[Cell]) -> Column | None:
        """How to read a column; None, with a note, where it is left out."""
        filled = [cell for cell in cells if as_label(cell)]
        different = {as_label(cell) for cell in filled}
        if len(different) <= 1 and len(filled) in (0, len(cells)):
            self.notes.append(f"{name}: the same in every row, left out")
            return None
        numbers = [number for cell in filled if (number := as_number(cell)) is not None]
        if len(numbers) >= NEARLY_ALL * len(filled):
            return self._number(name, numbers, len(cells), len(filled))
        if sum(map(is_date, filled)) >= NEARLY_ALL * len(filled):
            self.notes.append(f"{name}: dates, left out; columns such as days since it happened could be learned from")
            return None
        if len(different) > max(20.0, MOSTLY_DIFFERENT * len(filled)):
            self.notes.append(
                f"{name}: {len(different):,} different values in {len(cells):,} rows, names or free text, left out"
            )
            return None
        frequent = Counter(as_label(cell) for cell in filled).most_common(MOST_CATEGORIES)
        return Column(name, tuple(sorted(word for word, _ in frequent)))

    def _number(self, name: str, numbers: list[float], rows: int, filled: int) -> Column | None:
        real = [number for number in numbers if not math.isnan(number)]
        whole = all(number.is_integer() for number in real)
        if whole and len(set(real)) == rows > 20 and _IDENTITY.search(name):
            self.notes.append(f"{name}: a different number in every row, an identity, left out")
            return None
        if len(set(real)) <= 1 and len(real) == rows:
            self.notes.append(f"{name}: the same in every row, left out")
            return None
        blanks, words = rows - filled + len(numbers) - len(real), filled - len(numbers)
        if words or (blanks and filled < rows):
            self.notes.append(f"{name}: numbers; {blanks + words:,} cells without one are taken as missing")
        return Column(name, None)

    def _values(self, rows: Columns, count: int) -> npt.NDArray[np.float64]:
        """[rows, columns]; a column that is absent is all missing."""
        blank: list[Cell] = [None] * count
        return np.stack([column.read(rows.get(column.name, blank)) for column in self.columns], axis=1)

    def _name_leaks(self, values: npt.NDArray[np.float64], labels: Sequence[str], seed: int) -> None:
        """Note each column that alone tells the class: a tree on one half of the rows, judged on the other."""
        truth = np.asarray(labels)
        half = np.random.default_rng(seed).permutation(len(truth))
        learn, judge = half[: len(half) // 2], half[len(half) // 2 :]
        if min(len(set(truth[learn])), len(set(truth[judge]))) < 2 or not set(truth[judge]) <= set(truth[learn]):
            return
        for number, column in enumerate(self.columns):
            one = values[:, [number]]
            tree = DecisionTreeClassifier(min_samples_leaf=max(1, len(learn) // 500), random_state=seed)
            tree.fit(one[learn], truth[learn])
            score = balanced_accuracy_score(truth[judge], tree.predict(one[judge]))
            if score >= LEAK:
                self.notes.append(
                    f"{column.name}: alone it tells the target ({score:.1%} of rows unseen); "
                    "if it is only known afterwards, take it out of the table"
                )

    def _boost(self, values: npt.NDArray[np.float64], labels: Sequence[str], seed: int) -> None:
        self._boosting = HistGradientBoostingClassifier(
            learning_rate=self.rate,
            max_iter=self.trees,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=max(2, min(20, len(labels) // 20)),
            l2_regularization=1.0,
            categorical_features=[column.categories is not None for column in self.columns],
            early_stopping=False,
            random_state=seed,
        )
        self._boosting.fit(values, list(labels))

    def predict_proba(self, rows: Columns) -> Probabilities:
        """Probabilities [rows, classes], classes in the order of `classes`; a column that is absent is missing."""
        assert self.classes, "fit comes first"
        count = len(next(iter(rows.values()), ()))
        if self._boosting is None or not count:
            return np.tile(self._prior, (count, 1))
        return np.asarray(self._boosting.predict_proba(self._values(rows, count)), dtype=np.float64)

    def predict(self, rows: Columns) -> list[str]:
        """The most probable class of each row."""
        return [self.classes[best] for best in self.predict_proba(rows).argmax(axis=1)]

    def save(self, directory: Path) -> None:
        """Write to a directory."""
        keep(self, directory)

    @classmethod
    def load(cls, directory: Path) -> TableModel:
        """Read what `save` wrote; only directories that Dono made (see `kept`)."""
        model = kept(directory, cls.__name__)
        assert isinstance(model, cls)
        return model
