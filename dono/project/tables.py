"""How the table of a predict use case is split and learned."""

from __future__ import annotations

from pydantic import Field

from dono.project.sections import Section
from dono.project.sources import DateOrder


class TableChoices(Section):
    """How the table of a predict use case is split and learned. Without any of it: at random, with a small search."""

    time: str | None = None
    """The column of when a row was known: the newest rows are held out, and the column is not learned from."""
    group: str | None = None
    """The column of whose row it is: a group is held out as a whole, and the column is not learned from."""
    dates: DateOrder = "day"
    treated: str | None = None
    """The column of who was treated (called, sent an offer), of two values: the uplift of treating is reported too."""
    trials: int = Field(default=10, ge=1)
    """Settings that are tried by cross-validation; 1: only the plain trees."""
    minutes: float | None = Field(default=None, gt=0)
    """No further setting is tried after so long; the outcome then depends on the machine."""
