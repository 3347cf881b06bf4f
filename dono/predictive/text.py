"""A classifier of short texts without a language model: TF-IDF of words and letters, and a logistic regression."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import regex
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from dono.errors import Mistake
from dono.predictive.kept import keep, kept

Probabilities = npt.NDArray[np.float64]

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}\u200c\u200d]+")

STRENGTH = 10.0
"""Inverse regularisation of the regression. Measured: of 1, 10 and 50, it was best or close to it on parts of the train
files of four Indic and English tasks (one seed; 50 gained 0.02 macro-F1 on one)."""

MOST_FEATURES = 200_000
"""Of each sort (words, letters), the most frequent are kept: bounds memory."""

MANY = 2000
"""From so many texts on, a feature must occur in two of them."""


def words(text: str) -> list[str]:
    """Words and pairs of words, case folded; marks and joiners stay with their letters."""
    single = _WORD.findall(text.casefold())
    return single + [f"{first} {second}" for first, second in pairwise(single)]


def letters(text: str) -> list[str]:
    """Runs of two to five code points within a word and its two edges, signs included, case folded."""
    found: list[str] = []
    for word in text.casefold().split():
        edged = f" {word} "
        for length in range(2, 6):
            found += [edged[i : i + length] for i in range(len(edged) - length + 1)]
    return found


class TextClassifier:
    """Texts to classes. `notes` says what was odd about the data that it was fitted on."""

    def __init__(self, *, strength: float = STRENGTH) -> None:
        self.strength = strength
        self.classes: tuple[str, ...] = ()
        self.notes: list[str] = []
        self._prior: Probabilities = np.zeros(0)
        self._sorts: list[TfidfVectorizer] = []
        self._regression: LogisticRegression | None = None

    def fit(self, rows: Sequence[str], labels: Sequence[str], seed: int = 0) -> TextClassifier:
        """Learn from texts and their classes.

        One class only, or texts without any letter: answers with the classes' shares, and a note says so.
        Raises `Mistake` when there are no rows.
        """
        assert len(rows) == len(labels)
        if not rows:
            raise Mistake("there is no example to learn from", where="train", remedy="Add rows with a text and a label")
        counts = Counter(labels)
        self.classes = tuple(sorted(counts))
        self._prior = np.asarray([counts[name] / len(labels) for name in self.classes])
        self.notes, self._sorts, self._regression = [], [], None
        if len(self.classes) == 1:
            self.notes.append(f"all {len(rows)} examples are {self.classes[0]!r}: nothing can be told apart")
            return self
        for analyzer in (words, letters):
            if any(analyzer(text) for text in rows):
                self._sorts.append(self._sort(analyzer, rows))
        if not self._sorts:
            self.notes.append("the texts are empty: the most frequent class is answered")
            return self
        self._regress(self._features(rows), labels, seed)
        return self

    @staticmethod
    def _sort(analyzer: object, rows: Sequence[str]) -> TfidfVectorizer:
        needed = 2 if len(rows) >= MANY else 1
        sort = TfidfVectorizer(
            analyzer=analyzer, sublinear_tf=True, min_df=needed, max_features=MOST_FEATURES, dtype=np.float32
        )
        return sort.fit(rows)

    def _regress(self, features: sparse.csr_matrix, labels: Sequence[str], seed: int) -> None:
        self._regression = LogisticRegression(C=self.strength, max_iter=300, random_state=seed)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self._regression.fit(features, list(labels))
        for warning in caught:
            if issubclass(warning.category, ConvergenceWarning):
                self.notes.append("the regression stopped before it converged; its score may be a little low")
            else:
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)

    def _features(self, rows: Sequence[str]) -> sparse.csr_matrix:
        return sparse.csr_matrix(sparse.hstack([sort.transform(rows) for sort in self._sorts]))

    def predict_proba(self, rows: Sequence[str]) -> Probabilities:
        """Probabilities [rows, classes], classes in the order of `classes`."""
        assert self.classes, "fit comes first"
        if self._regression is None or not rows:
            return np.tile(self._prior, (len(rows), 1))
        return np.asarray(self._regression.predict_proba(self._features(rows)), dtype=np.float64)

    def predict(self, rows: Sequence[str]) -> list[str]:
        """The most probable class of each row."""
        return [self.classes[best] for best in self.predict_proba(rows).argmax(axis=1)]

    def save(self, directory: Path) -> None:
        """Write to a directory."""
        keep(self, directory)

    @classmethod
    def load(cls, directory: Path) -> TextClassifier:
        """Read what `save` wrote; only directories that Dono made (see `kept`)."""
        model = kept(directory, cls.__name__)
        assert isinstance(model, cls)
        return model
