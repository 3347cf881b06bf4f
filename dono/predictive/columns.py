"""How a table's columns are read: numbers, dates, categories and texts told apart, and made into one matrix."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import regex
from sklearn.model_selection import KFold

from dono.corpus.dates import read_date
from dono.corpus.rows import Malformed
from dono.predictive.embedded_text import EmbeddedTexts, Embedder
from dono.predictive.tables import Cell, Columns, as_label, as_number, is_date
from dono.predictive.text import TextClassifier
from dono.project import DateOrder

Matrix = npt.NDArray[np.float64]
ColumnKind = Literal["number", "category", "date", "text"]
T = TypeVar("T")

NEARLY_ALL = 0.95
"""A column is of numbers (or dates) when so many of its filled cells are (assumed)."""

MOSTLY_DIFFERENT = 0.5
"""A column of words with more different values than this share of its rows is of names, or text (assumed)."""

MOST_CATEGORIES = 250
"""The most frequent words of a column; the rest share one category (the trees take at most 255)."""

WORDS_OF_TEXT = 3.0
"""A column of different values is text, not names, from so many words a cell on average (assumed)."""

TEXT_FOLDS = 5
SMALLEST_CHANCE = 1e-4
"""What a text column says of a class is cut off here before the logarithm is taken (assumed)."""

_IDENTITY = regex.compile(r"(?:^|[_\s.-])(?:id|uuid|guid|key|number|no|phone|mobile|aadhaar|pan)$|(?<=[a-z])(?:ID|Id)$")
_DIGITS, _NAMES = regex.compile(r"\d+"), regex.compile(r"\p{L}{2,}")


class TextModel(Protocol):
    """Texts to classes."""

    classes: tuple[str, ...]

    def fit(self, rows: Sequence[str], labels: Sequence[str], seed: int = 0) -> object:
        """Learn from texts and their classes."""

    def predict_proba(self, rows: Sequence[str]) -> Matrix:
        """Probabilities [rows, classes]."""


@dataclass(frozen=True)
class Column:
    """How one column is read. `categories` are those of kind category, `texts` the fitted models of kind text."""

    name: str
    kind: ColumnKind
    categories: tuple[str, ...] = ()
    texts: tuple[TextModel, ...] = ()
    dates: DateOrder = "day"

    @property
    def categorical(self) -> tuple[bool, ...]:
        """For each feature that the column gives, whether its values are places in a list."""
        features = {"number": 1, "category": 1, "date": 3, "text": 0}[self.kind]
        features += sum(max(1, len(model.classes) - 1) for model in self.texts)
        return (self.kind == "category",) * features

    def read(self, cells: Sequence[Cell]) -> Matrix:
        """Features [rows, features]; NaN for blanks and for what is new.

        A number is itself, a category its place, a date days since 1970, month and weekday, a text the log-odds of
        each class but the first by its words (and by its embedding).
        """
        if self.kind == "number":
            return np.asarray(_each(cells, _number_or_nan)).reshape(-1, 1)
        if self.kind == "date":
            return np.asarray(_each(cells, lambda cell: _moment(cell, self.dates))).reshape(-1, 3)
        if self.texts:
            texts = [as_label(cell) for cell in cells]
            return np.concatenate([log_odds(model.predict_proba(texts)) for model in self.texts], axis=1)
        place = {name: float(number) for number, name in enumerate(self.categories)}
        rest = float(len(self.categories)) if len(self.categories) == MOST_CATEGORIES else math.nan
        return np.asarray(
            _each(cells, lambda cell: place.get(word, rest) if (word := as_label(cell)) else math.nan)
        ).reshape(-1, 1)


def _each(cells: Sequence[Cell], read: Callable[[Cell], T]) -> list[T]:
    """What `read` makes of each cell; of the same cell once."""
    known = {cell: read(cell) for cell in set(cells)}
    return [known[cell] for cell in cells]


def _number_or_nan(cell: Cell) -> float:
    number = as_number(cell)
    return math.nan if number is None else number


def log_odds(chances: Matrix) -> Matrix:
    """Probabilities [rows, classes] as log-odds against the first class [rows, classes - 1]."""
    logs = np.log(np.maximum(chances, SMALLEST_CHANCE))
    return logs[:, 1:] - logs[:, :1] if chances.shape[1] > 1 else logs


def moment_of(cell: Cell, dates: DateOrder) -> datetime | None:
    """A cell as a moment, None where it is none (or could be read two ways, under `refuse`)."""
    try:
        return read_date(cell, dates)
    except Malformed:
        return None


def _moment(cell: Cell, dates: DateOrder) -> tuple[float, float, float]:
    moment = moment_of(cell, dates)
    if moment is None:
        return math.nan, math.nan, math.nan
    days = moment.replace(tzinfo=UTC).timestamp() / 86_400
    return days, float(moment.month), float(moment.weekday())


def date_form(written: str) -> str:
    """How a date is written: each run of digits as that many 0s, each name as a."""
    return _NAMES.sub("a", _DIGITS.sub(lambda digits: "0" * len(digits.group()), written))


def understood(name: str, cells: Sequence[Cell], dates: DateOrder) -> tuple[Column | None, list[str]]:
    """How to read a column (a text's model is fitted later); None where it is left out. The notes say what was odd."""
    counts = Counter(cells)
    words: Counter[str] = Counter()
    for cell, count in counts.items():
        words[as_label(cell)] += count
    blanks = words.pop("", 0)
    filled = len(cells) - blanks
    if len(words) <= 1 and filled in (0, len(cells)):
        return None, [f"{name}: the same in every row, left out"]
    numbers = {cell: number for cell in counts if as_label(cell) and (number := as_number(cell)) is not None}
    if sum(counts[cell] for cell in numbers) >= NEARLY_ALL * filled:
        return _number(name, [(number, counts[cell]) for cell, number in numbers.items()], len(cells), filled)
    if sum(count for cell, count in counts.items() if _dated(cell)) >= NEARLY_ALL * filled:
        return Column(name, "date", dates=dates), _about_dates(name, words, dates)
    if len(words) > max(20.0, MOSTLY_DIFFERENT * filled):
        if sum(len(word.split()) * count for word, count in words.items()) >= WORDS_OF_TEXT * filled:
            return Column(name, "text"), [f"{name}: text, learned from by its words"]
        return None, [f"{name}: {len(words):,} different values in {len(cells):,} rows, names, left out"]
    notes = []
    if len(words) > MOST_CATEGORIES:
        rare = len(words) - MOST_CATEGORIES
        notes = [f"{name}: {len(words):,} different values; the {rare:,} rarest are one category"]
    frequent = sorted(words, key=lambda word: (-words[word], word))[:MOST_CATEGORIES]
    return Column(name, "category", tuple(sorted(frequent))), notes


def _dated(cell: Cell) -> bool:
    return is_date(cell) or (not isinstance(cell, int | float) and moment_of(cell, "day") is not None)


def _about_dates(name: str, words: Counter[str], dates: DateOrder) -> list[str]:
    forms: Counter[str] = Counter()
    for word, count in words.items():
        forms[date_form(word)] += count
    unread = [word for word in words if moment_of(word, dates) is None]
    notes = []
    if len(forms) > 1:
        shown = ", ".join(form for form, _ in forms.most_common(4))
        order = "those that could be read two ways are missing" if dates == "refuse" else f"read with the {dates} first"
        notes.append(f"{name}: dates in {len(forms)} forms ({shown}), {order}")
    if unread:
        many = sum(words[word] for word in unread)
        notes.append(f"{name}: {many:,} of {words.total():,} are no certain dates ({unread[0]!r}), taken as missing")
    return notes


def _number(name: str, numbers: list[tuple[float, int]], rows: int, filled: int) -> tuple[Column | None, list[str]]:
    real = {number for number, _ in numbers if not math.isnan(number)}
    with_one = sum(count for number, count in numbers if not math.isnan(number))
    if all(number.is_integer() for number in real) and len(real) == rows > 20 and _IDENTITY.search(name):
        return None, [f"{name}: a different number in every row, an identity, left out"]
    if len(real) <= 1 and with_one == rows:
        return None, [f"{name}: the same in every row, left out"]
    notes = []
    if with_one < rows:
        notes.append(f"{name}: numbers; {rows - with_one:,} cells without one are taken as missing")
    return Column(name, "number"), notes


class Reading:
    """All columns of a table as one matrix, as they were understood on the rows learned from."""

    def __init__(self, columns: tuple[Column, ...], notes: list[str]) -> None:
        self.columns, self.notes = columns, notes

    @classmethod
    def of(
        cls,
        rows: Columns,
        labels: Sequence[str],
        *,
        dates: DateOrder = "day",
        seed: int = 0,
        embedder: Embedder | None = None,
    ) -> tuple[Reading, Matrix]:
        """Understand the columns; also the matrix of these rows. An `embedder`, if any, reads texts too.

        A text's features on the rows learned from are those of models that had not seen them (stacking, Wolpert 1992).
        """
        columns: list[Column] = []
        notes: list[str] = []
        parts: list[Matrix] = []
        for name, cells in rows.items():
            column, said = understood(name, cells, dates)
            notes += said
            if column is None:
                continue
            if column.kind == "text":
                texts = [as_label(cell) for cell in cells]
                kinds: list[Callable[[], TextModel]] = [TextClassifier]
                if embedder is not None:
                    kinds.append(partial(EmbeddedTexts, embedder))
                models = tuple(_fitted(kind, texts, labels, seed) for kind in kinds)
                column = Column(name, "text", texts=models)
                parts += [_unseen_log_odds(kind, texts, labels, seed) for kind in kinds]
            else:
                parts.append(column.read(cells))
            columns.append(column)
        matrix = np.concatenate(parts, axis=1) if parts else np.zeros((len(labels), 0))
        return cls(tuple(columns), notes), matrix

    @property
    def categorical(self) -> list[bool]:
        """For each column of the matrix, whether it holds places in a list of categories."""
        return [flag for column in self.columns for flag in column.categorical]

    def matrix(self, rows: Columns, count: int) -> Matrix:
        """Other rows as [count, features]; a column that is absent is all missing."""
        blank: list[Cell] = [None] * count
        parts = [column.read(rows.get(column.name, blank)) for column in self.columns]
        return np.concatenate(parts, axis=1) if parts else np.zeros((count, 0))


def _fitted(kind: Callable[[], TextModel], texts: Sequence[str], labels: Sequence[str], seed: int) -> TextModel:
    model = kind()
    model.fit(texts, labels, seed)
    return model


def _unseen_log_odds(kind: Callable[[], TextModel], texts: Sequence[str], labels: Sequence[str], seed: int) -> Matrix:
    classes = sorted(set(labels))
    found = np.full((len(texts), len(classes)), 1.0 / len(classes))
    for learn, judge in KFold(min(TEXT_FOLDS, len(texts)), shuffle=True, random_state=seed).split(texts):
        model = _fitted(kind, [texts[i] for i in learn], [labels[i] for i in learn], seed)
        places = [classes.index(name) for name in model.classes]
        found[np.ix_(judge, places)] = model.predict_proba([texts[i] for i in judge])
    return log_odds(found)
