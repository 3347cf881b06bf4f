"""What is measured of a synthetic table, and whether it may be released: usefulness beside privacy."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter
from sklearn.metrics import roc_auc_score

from dono.artifacts import Artifact, Json
from dono.evals.roc import auc_delong
from dono.predictive import TableModel
from dono.predictive.synthesis import Layout, Records, association_distance, closest
from dono.predictive.synthesis.judge import copies, neighbours
from dono.predictive.tables import Columns, as_label

JUDGED = 2000
"""Rows on each side whose closest record is looked for (assumed: the error of a share is then 1.1 points)."""
NEARER, TOLD_APART = 0.53, 0.55
"""The most that the lower ends of the 95 % intervals may be: the share of rows nearer to a row learned from than to one
never seen, and the areas under the curve of the membership attacks. 0.5 is what rows learned and unseen alike would
give (assumed)."""
Z = 1.645
"""One-sided 95 %."""


@dataclass(frozen=True)
class Useful:
    """One kind of rows: AUC on real unseen rows of a model trained on them, and how far their associations are off."""

    auc: float | None
    auc_error: float
    association_distance: float


@dataclass(frozen=True)
class Figures:
    """`real`, `made`, `independent` are the rows learned from, the GAN's, and columns drawn one by one.

    Shares with their standard errors: `nearer` of made rows nearer to a row learned from than to one never seen,
    `copied` of made rows that are a row learned from, `copied_unseen` the same of real rows never seen; `membership`
    is the area under the curve of telling rows learned from apart by how near a made row is, `by_target` that of
    telling them by how well a model of the made rows knows their target (0.5 without one).
    """

    real: Useful
    made: Useful
    independent: Useful
    nearer: float
    nearer_error: float
    copied: float
    copied_unseen: float
    copied_error: float
    membership: float
    membership_error: float
    by_target: float
    by_target_error: float
    distance: float
    distance_unseen: float

    @property
    def failed(self) -> list[str]:
        """The tests that the rows fail, in words; empty where they may be released."""
        found = []
        if self.nearer - Z * self.nearer_error > NEARER:
            found.append(f"{self.nearer:.1%} of the rows are nearer to a row learned from than to an unseen one")
        if self.copied - self.copied_unseen > Z * self.copied_error:
            found.append(f"{self.copied:.1%} are copies, of real unseen rows {self.copied_unseen:.1%}")
        if self.membership - Z * self.membership_error > TOLD_APART:
            found.append(f"an attacker tells rows learned from with AUC {self.membership:.3f}")
        if self.by_target - Z * self.by_target_error > TOLD_APART:
            found.append(f"an attacker tells them by their target with AUC {self.by_target:.3f}")
        return found

    def as_json(self) -> Json:
        """For a record."""
        found: Json = dataclasses.asdict(self)
        return found

    @classmethod
    def of(cls, made: Artifact) -> Figures:
        """Read back from a record."""
        return TypeAdapter(cls).validate_python(made.result["figures"])


def figures_of(
    layout: Layout, train: Columns, test: Columns, made: Columns, beside: Columns, *, target: str | None, seed: int
) -> Figures:
    """Measure synthetic rows `made`, and `beside` them those of independent marginals, against real rows.

    The distance to the closest record and the attack by it (Chen et al. 2020, "GAN-Leaks", full black box) compare
    equally many rows learned from and never seen. Each of these could as well be of the other sort if nothing were
    remembered, so the error of `nearer` counts how many made rows hang on the same real one: √Σw² ÷ 2m, where w are
    the made rows, of m, whose closest real row it is.
    """
    records, random = Records(layout, train), np.random.default_rng(seed)
    known, unseen, new = (records.points(rows) for rows in (train, test, made))
    size = min(len(known), len(unseen))
    some = known[random.permutation(len(known))[:size]]
    judged = new[random.permutation(len(new))[:JUDGED]]
    to_known, to_unseen = closest(judged, some), closest(judged, unseen)
    nearer = np.where(to_known < to_unseen, 1.0, np.where(to_known == to_unseen, 0.5, 0.0))
    asked = np.bincount(neighbours(judged, np.concatenate([some, unseen]))[1])
    apart_from = unseen[random.permutation(len(unseen))[:JUDGED]]  # a file may be in the order of time
    members, others = closest(some[:JUDGED], new), closest(apart_from, new)
    apart = auc_delong(-np.concatenate([members, others]), np.arange(len(members) + len(others)) < len(members))
    same, same_unseen = copies(new, known), copies(unseen, known)
    error = float(np.hypot(_error(same.mean(), len(same)), _error(same_unseen.mean(), len(same_unseen))))
    (real, _), (useful, model), (alone, _) = (
        _useful(layout, train, rows, test, target, seed) for rows in (train, made, beside)
    )
    by_target = (0.5, 0.0) if model is None or target is None else _told_by_target(model, train, test, target)
    return Figures(
        real=real, made=useful, independent=alone,
        nearer=float(nearer.mean()), nearer_error=float(np.sqrt((asked**2).sum()) / (2 * len(judged))),
        copied=float(same.mean()), copied_unseen=float(same_unseen.mean()), copied_error=error,
        membership=apart[0], membership_error=apart[1], by_target=by_target[0], by_target_error=by_target[1],
        distance=float(np.median(closest(judged, known))), distance_unseen=float(np.median(closest(unseen, known))),
    )  # fmt: skip


def _error(share: float, n: int) -> float:
    return float(np.sqrt(max(share * (1 - share), 0.25 / n) / n))


def _useful(
    layout: Layout, train: Columns, rows: Columns, test: Columns, target: str | None, seed: int
) -> tuple[Useful, TableModel | None]:
    """How useful `rows` are, and the model of the target that was fitted on them."""
    apart = association_distance(layout, train, rows)
    if target is None:
        return Useful(None, 0.0, apart), None
    truth = [as_label(cell) for cell in test[target]]
    model = TableModel().fit(_without(rows, target), [as_label(cell) for cell in rows[target]], seed)
    classes = list(model.classes)
    known = np.asarray([label in classes for label in truth])
    chances = model.predict_proba(_without(test, target))[known]
    places = np.asarray([classes.index(label) for label in truth if label in classes])
    return Useful(*_auc(chances, places), apart), model


def _told_by_target(model: TableModel, train: Columns, test: Columns, target: str) -> tuple[float, float]:
    """The area under the curve, and its error, of telling rows learned from by the probability that a model of made
    rows gives their own class (Yeom et al. 2018, "Privacy risk in machine learning").
    """
    known, classes = [], list(model.classes)
    for rows in (train, test):
        chances = model.predict_proba(_without(rows, target))
        places = [classes.index(name) if name in classes else -1 for name in map(as_label, rows[target])]
        known.append(np.where(np.asarray(places) < 0, 0.0, chances[np.arange(len(places)), places]))
    members = np.arange(sum(map(len, known))) < len(known[0])
    return auc_delong(np.concatenate(known), members)


def _auc(chances: npt.NDArray[np.float64], places: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Of one class against the rest, averaged; an error only of two classes. Half where one class only is told."""
    present = sorted(set(places.tolist()))
    if chances.shape[1] < 2 or len(present) < 2:
        return 0.5, 0.0
    if chances.shape[1] == 2:
        return auc_delong(chances[:, 1], places == 1)
    return float(np.mean([roc_auc_score(places == place, chances[:, place]) for place in present])), 0.0


def _without(rows: Columns, target: str) -> Columns:
    return {name: cells for name, cells in rows.items() if name != target}


def page(name: str, figures: Figures, notes: Sequence[str]) -> str:
    """The report as Markdown: usefulness beside independent marginals, privacy, what was left out, the outcome."""
    lines = [
        f"# Synthetic rows for {name}",
        "",
        "| | real rows | synthetic | independent columns |",
        "|---|---|---|---|",
    ]
    kinds = (figures.real, figures.made, figures.independent)
    if figures.real.auc is not None:
        shown = (f"{k.auc:.3f} ± {k.auc_error:.3f}" for k in kinds)
        lines.append(f"| AUC on unseen real rows after training on | {' | '.join(shown)} |")
    distances = " | ".join(f"{k.association_distance:.3f}" for k in kinds[1:])
    lines += [f"| mean difference of associations between columns | 0 | {distances} |", ""]
    lines += ["| privacy | measured | without any memory of a row |", "|---|---|---|"]
    lines += [
        f"| rows nearer to a row learned from than to an unseen one | {figures.nearer:.1%} ± {figures.nearer_error:.1%}"
        " | 50% |",
        f"| rows that are a row learned from | {figures.copied:.1%} | {figures.copied_unseen:.1%} (unseen real rows) |",
        f"| median distance to the closest row learned from, in columns | {figures.distance:.2f} | "
        f"{figures.distance_unseen:.2f} (unseen real rows) |",
        f"| AUC of telling rows learned from by nearness | {figures.membership:.3f} ± {figures.membership_error:.3f}"
        " | 0.5 |",
    ]  # fmt: skip
    if figures.real.auc is not None:
        told = f"{figures.by_target:.3f} ± {figures.by_target_error:.3f}"
        lines.append(f"| AUC of telling rows learned from by their target | {told} | 0.5 |")
    lines += ["", *(f"- {note}" for note in notes)]
    if notes:
        lines.append("")
    verdict = "Released." if not figures.failed else f"Not released: {'; '.join(figures.failed)}."
    return "\n".join([*lines, verdict, ""])
