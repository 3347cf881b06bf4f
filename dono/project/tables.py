"""How the table of a predict use case is split and learned."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

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
    region: str | None = None
    """The column of where a row is from: the scorecard has a row for each place."""
    language: str | None = None
    """The column of a row's language: the scorecard has a row for each."""
    segments: tuple[str, ...] = ()
    """Columns of categories (a tariff, a branch): the scorecard has a row for each of their values."""

    @property
    def shown_by(self) -> tuple[str, ...]:
        """The columns by which the scorecard has rows."""
        return tuple(name for name in (self.region, self.language, *self.segments) if name is not None)

    def learning(self) -> dict[str, Any]:
        """What of it changes what is split, learned and asked; the rest is for the scorecard alone."""
        return self.model_dump(mode="json", exclude={"region", "language", "segments"})

    @model_validator(mode="after")
    def _rows_of_columns(self) -> TableChoices:
        twice = next((name for name in self.shown_by if name in (self.time, self.group)), None)
        if twice is not None:
            raise ValueError(
                f"the table is split by {twice!r}; rows of the scorecard are by other columns: name one of categories"
            )
        return self
