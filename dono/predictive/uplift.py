"""Uplift: how much likelier somebody answers when treated (called, sent an offer), not how likely they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingRegressor

from dono.errors import Mistake
from dono.predictive.columns import Reading
from dono.predictive.learners import Learner, Settings
from dono.predictive.settings import fitted
from dono.predictive.tables import Columns
from dono.project import DateOrder

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
LearnerKind = Literal["T", "X"]

RESAMPLES = 200
"""Bootstrap resamples behind an interval (assumed)."""
FEWEST = 20
"""Fewer rows with and without an answer, treated and not, teach nothing (assumed)."""


class UpliftModel:
    """T- and X-learner of Künzel et al. (2019, "Metalearners for estimating heterogeneous treatment effects").

    T: one model of the treated, one of the others, and their difference. X: what each row would have done in the other
    group is imputed by the other group's model; the two models of the differences are weighed by the share treated, as
    in a campaign whose treated were drawn at random.
    """

    def __init__(self, *, dates: DateOrder = "day", settings: Settings | None = None) -> None:
        """What comes first in a date like 03/04/2025; the trees that learn (the plain ones)."""
        self.dates, self.settings = dates, settings or Settings(rate=0.05, trees=100, leaves=8, rows_of_leaf=40)
        self.reading = Reading((), [])
        self.share = 0.5
        self._response: tuple[Learner, Learner] | None = None
        self._effects: tuple[HistGradientBoostingRegressor, HistGradientBoostingRegressor] | None = None

    def fit(self, rows: Columns, answered: Sequence[bool], treated: Sequence[bool], seed: int = 0) -> UpliftModel:
        """Learn from rows, whether each answered, and whether it was treated.

        Raises `Mistake` where too few were treated (or not), or answered in either way.
        """
        truth, given = np.asarray(answered), np.asarray(treated)
        for name, group in (("treated", given), ("not treated", ~given)):
            least = min(int(truth[group].sum()), int((~truth[group]).sum()))
            if least < FEWEST:
                what = f"of the {int(group.sum()):,} rows {name}, only {least} are of one outcome"
                raise Mistake(what, where="table.treated", remedy=f"Give rows with at least {FEWEST} of each")
        self.reading, values = Reading.of(rows, [str(flag) for flag in answered], dates=self.dates, seed=seed)
        self.share, flags = float(given.mean()), self.reading.categorical
        words = [str(flag) for flag in truth]
        of_others, of_treated = (
            fitted(self.settings, values[group], [words[i] for i in np.flatnonzero(group)], flags, seed)
            for group in (~given, given)
        )
        self._response = (of_others, of_treated)
        gained = truth[given] - of_others.predict_proba(values[given])[:, 1]
        missed = of_treated.predict_proba(values[~given])[:, 1] - truth[~given]
        self._effects = (self._effect(values[~given], missed, seed), self._effect(values[given], gained, seed))
        return self

    def _effect(self, values: Floats, effect: Floats, seed: int) -> HistGradientBoostingRegressor:
        settings = self.settings
        model = HistGradientBoostingRegressor(
            learning_rate=settings.rate, max_iter=settings.trees, max_leaf_nodes=settings.leaves,
            min_samples_leaf=max(2, min(settings.rows_of_leaf, len(effect) // 20)),
            l2_regularization=settings.penalty, categorical_features=self.reading.categorical, early_stopping=False,
            random_state=seed,
        )  # fmt: skip
        return model.fit(values, effect)

    def uplift(self, rows: Columns, kind: LearnerKind = "X") -> Floats:
        """How much likelier each row answers when treated [rows], -1 to 1."""
        assert self._response is not None and self._effects is not None, "fit comes first"
        values = self.reading.matrix(rows, len(next(iter(rows.values()))))
        if kind == "T":
            others, treated = (model.predict_proba(values)[:, 1] for model in self._response)
            return np.asarray(treated - others)
        others, treated = (model.predict(values) for model in self._effects)
        return np.asarray(np.clip(self.share * others + (1 - self.share) * treated, -1, 1))


@dataclass(frozen=True)
class Qini:
    """A Qini curve: answers gained after treating the first `treated` rows; its coefficient with a 90 % interval.

    The coefficient is the area above treating at random, 1 for an order that puts every row gained first.
    """

    treated: Floats
    gained: Floats
    coefficient: float
    low: float
    high: float


def qini_curve(uplift: Floats, answered: Flags, treated: Flags) -> tuple[Floats, Floats]:
    """Rows taken and answers gained by them, the highest uplift first; rows of one uplift are taken together.

    Gained are the answers of the treated among them, less those of the others scaled to as many rows (Radcliffe 2007,
    "Using control groups to target on predicted lift").
    """
    order = np.argsort(-uplift, kind="stable")
    score, hit, given = uplift[order], answered[order].astype(float), treated[order].astype(float)
    ends = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    many, hits = np.cumsum(given)[ends], np.cumsum(hit * given)[ends]
    others, other_hits = (ends + 1) - many, np.cumsum(hit * (1 - given))[ends]
    scaled = np.divide(other_hits * many, others, out=np.zeros_like(hits), where=others > 0)
    return np.append(0.0, ends + 1.0), np.append(0.0, hits - scaled)


def qini_coefficient(uplift: Floats, answered: Flags, treated: Flags) -> float:
    """Area between the Qini curve and treating at random, as a share of a perfect order's."""

    def above_random(curve: tuple[Floats, Floats]) -> float:
        rows, gained = curve
        return float(np.trapezoid(gained, rows) - rows[-1] * gained[-1] / 2)

    perfect = answered.astype(float) * np.where(treated, 1.0, -1.0)
    best = above_random(qini_curve(perfect, answered, treated))
    return above_random(qini_curve(uplift, answered, treated)) / best if best else 0.0


def qini(uplift: Floats, answered: Flags, treated: Flags, seed: int = 0) -> Qini:
    """The curve on rows not learned from, its coefficient, and a bootstrap interval over rows."""
    random, n = np.random.default_rng(seed), len(uplift)
    found = []
    for _ in range(RESAMPLES):
        rows = random.integers(0, n, n)
        found.append(qini_coefficient(uplift[rows], answered[rows], treated[rows]))
    low, high = np.quantile(found, [0.05, 0.95])
    curve = qini_curve(uplift, answered, treated)
    return Qini(*curve, qini_coefficient(uplift, answered, treated), float(low), float(high))


def gain_of_first(uplift: Floats, answered: Flags, treated: Flags, share: float) -> float:
    """How much likelier the share with the most uplift answered when treated, measured: points of probability."""
    first = uplift >= np.quantile(uplift, 1 - share)
    of_treated, of_others = answered[first & treated], answered[first & ~treated]
    if not len(of_treated) or not len(of_others):
        return float("nan")
    return float(of_treated.mean() - of_others.mean())
