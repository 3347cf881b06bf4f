"""A table as the GAN sees it: each number as a mode and a place in it, each category one of several; and back.

Mode-specific normalisation of Xu et al. (2019, "Modeling tabular data using conditional GAN", section 4.2).
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture

from dono.predictive.columns import Column, understood
from dono.predictive.tables import Cell, Columns, as_label, as_number
from dono.project import DateOrder

Floats = npt.NDArray[np.float64]

MODES, LEAST_WEIGHT, SPREADS = 10, 0.005, 4.0
"""Of the mixture of a number: components, the weight below which one is dropped, and how many standard deviations of
its component a value may be away (section 4.2 and the authors' code)."""
FEW_NUMBERS = 12
"""A number with at most so many different values is taken for categories (assumed)."""
MOST_LEVELS = 100
"""The most frequent categories of a column; the rest share one level (assumed)."""
CROWD = 5
"""Nothing is written out that fewer rows than this have: rare words become `RARE`, extremes are those of the crowd."""
RARE = "(rare)"
FITTED_ROWS = 10_000
"""Rows that a mixture is fitted on (assumed)."""


@dataclass(frozen=True)
class Number:
    """A number or date: means and standard deviations [modes], bounds, decimals; `blanks`: may be missing."""

    name: str
    means: Floats
    spreads: Floats
    weights: Floats
    low: float
    high: float
    decimals: int
    blanks: bool
    dated: bool = False
    dates: DateOrder = "day"

    @property
    def width(self) -> int:
        """Numbers in an encoded row: the place, then one for each mode, then one for a blank."""
        return 1 + len(self.means) + self.blanks

    def encode(self, values: Floats, random: np.random.Generator) -> Floats:
        """[rows, width]; the mode of each value is drawn from its posterior."""
        rows = len(values)
        missing = np.isnan(values)
        known = np.where(missing, self.means[0], values)
        logs = np.log(self.weights) - np.log(self.spreads) - 0.5 * ((known[:, None] - self.means) / self.spreads) ** 2
        mode = (logs + random.gumbel(size=logs.shape)).argmax(1)
        place = (known - self.means[mode]) / (SPREADS * self.spreads[mode])
        encoded = np.zeros((rows, self.width))
        encoded[:, 0] = np.where(missing, 0.0, np.clip(place, -0.99, 0.99))
        encoded[np.arange(rows), 1 + np.where(missing, len(self.means), mode)] = 1
        return encoded

    def decode(self, encoded: Floats, random: np.random.Generator) -> list[Cell]:
        """Cells from encoded rows."""
        mode = encoded[:, 1:].argmax(1)
        known = np.minimum(mode, len(self.means) - 1)
        values = encoded[:, 0] * SPREADS * self.spreads[known] + self.means[known]
        values = np.round(np.clip(values, self.low, self.high), self.decimals)
        return [None if m >= len(self.means) else self._cell(v) for m, v in zip(mode, values, strict=True)]

    def _cell(self, value: float) -> Cell:
        if self.dated:
            return datetime.fromtimestamp(round(value) * 86_400, tz=UTC).date()
        return int(value) if self.decimals == 0 else float(value)


@dataclass(frozen=True)
class Levels:
    """Categories (blank as ""). The last level stands for `rest`, the rarer ones and their counts, where there are."""

    name: str
    levels: tuple[str, ...]
    rest: tuple[tuple[str, int], ...]
    whole: bool
    """Whether the levels are numbers, then in one spelling."""

    @property
    def width(self) -> int:
        """Numbers in an encoded row: one for each level."""
        return len(self.levels) + bool(self.rest)

    def places(self, cells: Sequence[Cell]) -> npt.NDArray[np.int64]:
        """The level of each cell [rows]; one never seen is of the last level."""
        known = {level: place for place, level in enumerate(self.levels)}
        return np.asarray([known.get(word, self.width - 1) for word in _words(cells, whole=self.whole)])

    def encode(self, cells: Sequence[Cell]) -> Floats:
        """[rows, width] of zeros and ones."""
        return np.eye(self.width)[self.places(cells)]

    def decode(self, encoded: Floats, random: np.random.Generator) -> list[Cell]:
        """Cells from encoded rows; of the rest one is drawn by its count."""
        words: list[str] = []
        counts = np.asarray([count for _, count in self.rest], dtype=float)
        for place in encoded.argmax(1):
            if place < len(self.levels):
                words.append(self.levels[place])
            else:
                words.append(self.rest[int(random.choice(len(counts), p=counts / counts.sum()))][0])
        return [self._cell(word) for word in words]

    def _cell(self, word: str) -> Cell:
        if not word:
            return None
        return (int(float(word)) if float(word).is_integer() else float(word)) if self.whole else word


class Layout:
    """How a table's columns become encoded rows [rows, width] and back. `notes` say what was left out or changed."""

    def __init__(self, columns: Sequence[Number | Levels], constant: dict[str, Cell], notes: list[str]) -> None:
        self.columns, self.constant, self.notes = tuple(columns), constant, notes

    @classmethod
    def of(cls, rows: Columns, *, seed: int = 0, dates: DateOrder = "day") -> Layout:
        """Understand the columns. Names, texts and identities are left out: writing them again would publish them."""
        found: list[Number | Levels] = []
        constant: dict[str, Cell] = {}
        notes: list[str] = []
        for name, cells in rows.items():
            column, said = understood(name, cells, dates)
            words = Counter(map(as_label, cells))
            if len(words) == 1:
                constant[name] = cells[0]
                continue
            if column is None or column.kind == "text":
                notes += [note if column is None else f"{name}: text, left out" for note in said]
                continue
            notes += [note for note in said if column.kind == "date"]
            if column.kind == "category" or (column.kind == "number" and len(words) <= FEW_NUMBERS):
                whole = column.kind == "number"
                found.append(_levels(name, Counter(_words(cells, whole=whole)), whole=whole, notes=notes))
            else:
                values = column.read(cells)[:, 0]
                found.append(_number(name, values, dated=column.kind == "date", dates=dates, seed=seed))
        return cls(found, constant, notes)

    @property
    def width(self) -> int:
        """Numbers in an encoded row."""
        return sum(column.width for column in self.columns)

    @property
    def starts(self) -> list[int]:
        """Where each column begins in an encoded row."""
        return [0, *np.cumsum([column.width for column in self.columns]).tolist()][:-1]

    def encode(self, rows: Columns, random: np.random.Generator) -> Floats:
        """A table as encoded rows [rows, width]."""
        return np.concatenate([_encoded(column, rows[column.name], random) for column in self.columns], axis=1)

    def decode(self, encoded: Floats, names: Sequence[str], random: np.random.Generator) -> dict[str, list[Cell]]:
        """Encoded rows as a table, its columns in the order of `names` (those left out are not there)."""
        cells: dict[str, list[Cell]] = {name: [cell] * len(encoded) for name, cell in self.constant.items()}
        for column, start in zip(self.columns, self.starts, strict=True):
            cells[column.name] = column.decode(encoded[:, start : start + column.width], random)
        return {name: cells[name] for name in names if name in cells}


def _encoded(column: Number | Levels, cells: Sequence[Cell], random: np.random.Generator) -> Floats:
    if isinstance(column, Levels):
        return column.encode(cells)
    return column.encode(numbers_of(column, cells), random)


def numbers_of(column: Number, cells: Sequence[Cell]) -> Floats:
    """A column of numbers or dates as floats [rows], NaN for blanks."""
    return Column(column.name, "date" if column.dated else "number", dates=column.dates).read(cells)[:, 0]


def _words(cells: Sequence[Cell], *, whole: bool) -> list[str]:
    """Cells as levels: numbers in one spelling, `1.0` as `1`."""
    return [as_label(as_number(cell)) if whole else as_label(cell) for cell in cells]


def _levels(name: str, words: Counter[str], *, whole: bool, notes: list[str]) -> Levels:
    ordered = sorted(words, key=lambda word: (-words[word], word))
    levels = [word for word in ordered[:MOST_LEVELS] if words[word] >= CROWD or not word]
    others = [word for word in ordered if word not in set(levels)]
    rest = [(word, words[word]) for word in others if words[word] >= CROWD]
    rare = sum(words[word] for word in others if words[word] < CROWD)
    if rare:
        rest.append((levels[0] if whole else RARE, rare))
        notes.append(f"{name}: {rare:,} cells with words of fewer than {CROWD} rows are written as {rest[-1][0]!r}")
    return Levels(name, tuple(levels), tuple(rest), whole)


def _number(name: str, values: Floats, *, dated: bool, dates: DateOrder, seed: int) -> Number:
    real = np.sort(values[~np.isnan(values)])
    low, high = real[min(CROWD - 1, len(real) - 1)], real[max(len(real) - CROWD, 0)]
    some = np.random.default_rng(seed).permutation(real)[:FITTED_ROWS, None]
    mixture = BayesianGaussianMixture(
        n_components=min(MODES, len(np.unique(some))), weight_concentration_prior=0.001, max_iter=100, n_init=1,
        random_state=seed,
    )  # fmt: skip
    scale = float(some.std()) or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fit that is nearly done serves as well
        mixture.fit((some - some.mean()) / scale)
    kept = mixture.weights_ > LEAST_WEIGHT
    means = mixture.means_[kept, 0] * scale + some.mean()
    spreads = np.sqrt(mixture.covariances_[kept, 0, 0]) * scale
    weights = mixture.weights_[kept] / mixture.weights_[kept].sum()
    decimals = 0 if dated else _decimals(real)
    blanks = bool(np.isnan(values).any())
    return Number(name, means, spreads, weights, float(low), float(high), decimals, blanks, dated, dates)


def _decimals(values: Floats) -> int:
    """Digits behind the point that nearly all values need, at most 6."""
    for digits in range(6):
        if np.mean(np.isclose(values, np.round(values, digits), rtol=0, atol=1e-9)) > 0.999:
            return digits
    return 6
