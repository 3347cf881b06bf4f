"""Whom to treat: the uplift of a campaign, learned on the rows to learn from, measured on those held out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dono.errors import Mistake
from dono.evals import Score
from dono.predictive import Labelled, positive_class
from dono.predictive.kept import keep
from dono.predictive.tables import Cell, as_label
from dono.predictive.uplift import Flags, LearnerKind, UpliftModel, gain_of_first, qini
from dono.project import UseCase
from dono.stages.tables import Parts

FOLDER = "uplift"
FIRST = 0.3
"""The share with the most uplift whose measured gain is told."""
LEARNERS: tuple[LearnerKind, ...] = ("X", "T")
Z90 = 1.645


@dataclass(frozen=True)
class Uplift:
    """The Qini coefficient of the X-learner as a score, and sentences for a person."""

    scores: list[Score]
    notes: list[str]


def uplift_or_why_not(use_case: UseCase, parts: Parts, seed: int, folder: Path) -> Uplift:
    """The uplift, or a note why there is none: the predictions beside it are not lost."""
    try:
        return measured_uplift(use_case, parts, seed, folder)
    except Mistake as mistake:
        return Uplift([], [f"no uplift: {mistake}"])


def measured_uplift(use_case: UseCase, parts: Parts, seed: int, folder: Path) -> Uplift:
    """Fit on train, measure on test, keep the model in `folder`/uplift.

    Raises `Mistake` where the target or the treated column is not of two values, or too few were treated.
    """
    name = use_case.table.treated
    assert name is not None
    where = f"use_cases[{use_case.name}].table.treated"
    yes = _positive(sorted(set(parts.train.labels)), f"use_cases[{use_case.name}].target")
    given = _positive(sorted({word for cell in parts.train.columns[name] if (word := as_label(cell))}), where)

    def flags(part: Labelled) -> tuple[dict[str, list[Cell]], Flags, Flags]:
        columns = {column: cells for column, cells in part.columns.items() if column != name}
        treated = np.asarray([as_label(cell) == given for cell in part.columns[name]])
        return columns, np.asarray([label == yes for label in part.labels]), treated

    columns, answered, treated = flags(parts.train)
    model = UpliftModel(dates=use_case.table.dates).fit(columns, answered.tolist(), treated.tolist(), seed)
    columns, answered, treated = flags(parts.test)
    if not 0 < treated.sum() < len(treated):
        raise Mistake("all rows held out are treated alike", where=where, remedy="Give a test of both")
    gap = float(answered[treated].mean() - answered[~treated].mean())
    notes = [f"{name}: of the treated held out, {answered[treated].mean():.1%} are {yes!r}, {gap:+.1%} to the others"]
    scores = []
    for kind in LEARNERS:
        uplift = model.uplift(columns, kind)
        found = qini(uplift, answered, treated, seed)
        gain = gain_of_first(uplift, answered, treated, FIRST)
        notes.append(
            f"{name}: {kind}-learner, Qini coefficient {found.coefficient:.3f} ({found.low:.3f} to {found.high:.3f}); "
            f"the {FIRST:.0%} with the most uplift gain {gain:+.1%} when treated"
        )
        if kind == "X":
            error = (found.high - found.low) / (2 * Z90)
            scores.append(Score("qini", "all", found.coefficient, error, len(answered)))
            if found.low <= 0:
                notes.append(f"{name}: whom to treat cannot be told better than at random from these rows")
    keep(model, folder / FOLDER)
    return Uplift(scores, notes)


def _positive(values: list[str], where: str) -> str:
    if len(values) != 2:
        what = f"{len(values)} different values ({', '.join(values[:4])}), uplift needs two"
        raise Mistake(what, where=where, remedy="Make two of them")
    return positive_class(values)
