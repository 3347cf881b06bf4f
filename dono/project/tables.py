"""How the table of a predict use case is split and learned."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dono.project.sections import Section
from dono.project.sources import DateOrder

TableLearner = Literal["trees", "linear", "lightgbm"]
USUAL_LEARNERS: tuple[TableLearner, ...] = ("trees", "linear")


class TableChoices(Section):
    """How the table of a predict use case is split and learned. Without any of it: at random, with a small search."""

    time: str | None = None
    """The column of when a row was known: the newest rows are held out, and the column is not learned from."""
    group: str | None = None
    """The column of whose row it is: a group is held out as a whole, and the column is not learned from."""
    dates: DateOrder = "day"
    treated: str | None = None
    """The column of who was treated (called, sent an offer), of two values: the uplift of treating is reported too."""
    learners: tuple[TableLearner, ...] = Field(default=USUAL_LEARNERS, min_length=1)
    """What learns: scikit-learn's boosted trees, a logistic regression, LightGBM (an extra)."""
    embeddings: str | None = None
    """A model (a directory, or the name of a base) by whose embeddings a column of texts is read, beside its words."""
    trials: int = Field(default=10, ge=1)
    """Settings that are tried by cross-validation; 1: only the first learner as it is."""
    minutes: float | None = Field(default=None, gt=0)
    """No further setting is tried after so long; the outcome then depends on the machine."""
