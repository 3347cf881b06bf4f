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
    train = parts.train
    kept = [n for n, cells in train.columns.items() if understood(n, cells, use_case.table.dates)[0] is not None]
    rows = np.random.default_rng(seed).permutation(len(train.labels))[:MOST_ROWS]
    known = set(train.labels)
    held_out = [row for row in limited_rows(len(parts.test.labels), use_case) if parts.test.labels[row] in known]
    return _examples(train, kept, np.sort(rows).tolist()), _examples(parts.test, kept, held_out)


def limited_rows(count: int, use_case: UseCase) -> list[int]:
    """The held-out rows that language models are asked: at most `test_limit`, spread evenly, the same ones for all."""
    limit = min(count, use_case.test_limit)
    return [i * count // limit for i in range(limit)]


def row_text(cells: Iterable[tuple[str, Cell]]) -> str:
    """One row on one line; what is blank is not mentioned."""
    said = ((name, " ".join(as_label(cell).split())) for name, cell in cells)
    return "; ".join(f"{name}: {word}" for name, word in said if word)


def _examples(part: Labelled, kept: Sequence[str], rows: Sequence[int]) -> list[Example]:
    return [Example(row_text((name, part.columns[name][i]) for name in kept), part.labels[i], None) for i in rows]
