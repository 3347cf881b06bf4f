"""A classifier of table rows: boosted trees and a regression averaged, words as categories and blanks as blanks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dono.errors import Mistake
from dono.predictive.columns import Reading
from dono.predictive.embedded_text import Embedder
from dono.predictive.kept import keep, kept
from dono.predictive.leaks import leaks
from dono.predictive.learners import Learner
from dono.predictive.settings import Found, fitted
from dono.predictive.tables import Columns
from dono.project import DateOrder

Probabilities = npt.NDArray[np.float64]

FEW_ROWS = 200
"""Below so many rows a note says that little can be told from them (assumed)."""


class TableModel:
    """Rows of columns to classes. `notes` says which columns were left out and what is odd, `leaks` which tell all."""

    def __init__(
        self, found: Found | None = None, *, dates: DateOrder = "day", embedder: Embedder | None = None
    ) -> None:
        """What a search found (the plain trees by default), what comes first in a date like 03/04/2025, and what reads
        texts beside their words.
        """
        self.found, self.dates, self.embedder = found or Found(), dates, embedder
        self.classes: tuple[str, ...] = ()
        self.notes: list[str] = []
        self.leaks: list[str] = []
        self.reading = Reading((), [])
        self._prior: Probabilities = np.zeros(0)
        self._members: list[tuple[Learner, float]] = []

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
        self.reading, values = Reading.of(rows, labels, dates=self.dates, seed=seed, embedder=self.embedder)
        self.notes, self.leaks, self._members = list(self.reading.notes), [], []
        if len(labels) < FEW_ROWS:
            self.notes.append(f"only {len(labels):,} rows to learn from: another such table may say otherwise")
        if len(self.classes) == 1:
            self.notes.append(f"all {len(labels)} rows are {self.classes[0]!r}: nothing can be told apart")
        elif not self.reading.columns:
            self.notes.append("no column can be learned from: the classes' shares are answered")
        else:
            self.leaks = leaks(self.reading, values, labels, seed)
            flags = self.reading.categorical
            self._members = [(fitted(one, values, labels, flags, seed), share) for one, share in self.found.members]
        return self

    def predict_proba(self, rows: Columns) -> Probabilities:
        """Probabilities [rows, classes], classes in the order of `classes`; a column that is absent is missing."""
        assert self.classes, "fit comes first"
        count = len(next(iter(rows.values()), ()))
        if not self._members or not count:
            return np.tile(self._prior, (count, 1))
        values = self.reading.matrix(rows, count)
        mean = sum(share * learner.predict_proba(values) for learner, share in self._members)
        return self.found.calibration.of(np.asarray(mean, dtype=np.float64))

    def predict(self, rows: Columns) -> list[str]:
        """The most probable class of each row; of two classes the second from the search's threshold on."""
        return self.answers(self.predict_proba(rows))

    def answers(self, chances: Probabilities) -> list[str]:
        """The classes that probabilities [rows, classes] stand for."""
        if len(self.classes) == 2:
            return [self.classes[int(chance >= self.found.threshold)] for chance in chances[:, 1]]
        return [self.classes[best] for best in chances.argmax(axis=1)]

    def save(self, directory: Path) -> None:
        """Write to a directory."""
        keep(self, directory)

    @classmethod
    def load(cls, directory: Path) -> TableModel:
        """Read what `save` wrote; only directories that Dono made (see `kept`)."""
        model = kept(directory, cls.__name__)
        assert isinstance(model, cls)
        return model
