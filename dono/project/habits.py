"""Habits: the columns of records of who takes what, where and when."""

from __future__ import annotations

from pydantic import Field, model_validator

from dono.project.sections import Section


class Habits(Section):
    """What people take where and when, as columns of records: who, in which region, which category.

    The period is a column (`period`), or the festival of the day in `time`, whose waiting begins `lead` days before it.
    Where there is a `time`, what is learned from is older than what is held out.
    `phrases` are the words of each category (its own name unless given), `words` those of regions and periods.
    """

    region: str
    category: str
    customer: str
    period: str | None = None
    time: str | None = None
    lead: int = Field(default=14, ge=0)
    phrases: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    words: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _some_period(self) -> Habits:
        if self.period is None and self.time is None:
            raise ValueError("habits need `period` (a column) or `time` (a column of dates)")
        return self
