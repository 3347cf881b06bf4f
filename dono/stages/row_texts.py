"""The rows of a table as texts for a language model: the rows that the trees learn from, and those they are held to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from dono.corpus import Example
from dono.predictive import Cell, Labelled
from dono.predictive.columns import understood
from dono.predictive.tables import as_label
from dono.project import Project, UseCase
from dono.stages.tables import Parts

MOST_ROWS = 50_000
"""A language model learns from at most so many rows of a table, drawn at random: it pays for each (assumed)."""


def asked_of_models(project: Project) -> bool:
    """Whether a language model takes part: there is one to start from, and a route that asks or fine-tunes it."""
    bases = any(isinstance(base, str) for base in project.bases)
    return bases and (project.wants("prompt") or project.wants("finetune"))


def row_examples(parts: Parts, use_case: UseCase, seed: int) -> tuple[list[Example], list[Example]]:
    """Rows to learn from and at most `test_limit` held out, as `column: value; …` with the class as the answer.

    Columns that tell nothing (`understood`) and blank cells are left out, as are held-out rows of a class not learned.
    """
    train, kept = parts.train, told_columns(parts, use_case)
    rows = np.random.default_rng(seed).permutation(len(train.labels))[:MOST_ROWS]
    known = set(train.labels)
    asked = limited_rows(len(parts.test.labels), use_case.test_limit)
    held_out = [row for row in asked if parts.test.labels[row] in known]
    return examples_of(train, kept, np.sort(rows).tolist()), examples_of(parts.test, kept, held_out)


def told_columns(parts: Parts, use_case: UseCase) -> list[str]:
    """The columns that are put into words: those that tell something of the rows to learn from."""
    columns = parts.train.columns.items()
    return [name for name, cells in columns if understood(name, cells, use_case.table.dates)[0] is not None]


def limited_rows(count: int, most: int) -> list[int]:
    """Some of the held-out rows: at most so many, spread evenly, the same ones for all who are asked."""
    limit = min(count, most)
    return [i * count // limit for i in range(limit)]


def row_text(cells: Iterable[tuple[str, Cell]]) -> str:
    """One row on one line; what is blank is not mentioned."""
    said = ((name, " ".join(as_label(cell).split())) for name, cell in cells)
    return "; ".join(f"{name}: {word}" for name, word in said if word)


def examples_of(part: Labelled, kept: Sequence[str], rows: Sequence[int]) -> list[Example]:
    """Some rows of a table with their classes, the columns that are `kept` in words."""
    return [Example(row_text((name, part.columns[name][i]) for name in kept), part.labels[i], None) for i in rows]
