"""What a person wants of an answer, what it may not break, and what people and storage cost: parts of `dono.yaml`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from dono.project.sections import Section

Goal = Literal["quality", "bar", "monthly"]
"""quality: the best that the budget allows. bar: the bar reached at the least cost, once. monthly: the bar reached at
the least cost a month, the training spread over the months of serving."""
RouteName = Literal["prompt", "hosted", "finetune", "continue", "scratch", "predictive"]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
"""Two capital letters (ISO 3166)."""
Positive = Annotated[float, Field(gt=0)]
AtLeastZero = Annotated[float, Field(ge=0)]


class Constraints(Section):
    """What an arm may not break, whatever its quality. One that does is shown with the reason, and never chosen."""

    latency_ms: Positive | None = None
    """The longest that one request may take, from its arrival to the last token of the answer."""
    parameters: Positive | None = None
    """The most parameters that the model may have."""
    gigabytes: Positive | None = None
    """The memory of the device that answers: weights of two bytes a parameter, and one request's keys and values."""
    country: Country | None = None
    """Data stays here: machine and endpoints must be in this country. `gpu: this` counts as here."""
    base_licences: tuple[str, ...] | None = None
    """Licences (SPDX, e.g. Apache-2.0) that a base model may have; its model card must state one of them."""
    deadline: date | None = None
    """The day on which the model must be there; the full run starts today."""


class Overheads(Section):
    """What is paid beside the machine hours of a full run. What is left out has the value of `costs.overheads`' table.

    Money is in the project's currency.
    """

    engineer_per_hour: AtLeastZero | None = None
    engineer_hours: dict[RouteName, AtLeastZero] = Field(default_factory=dict)
    """Hours from data at hand to a model in service, by route."""
    rater_per_hour: AtLeastZero | None = None
    ratings: AtLeastZero | None = None
    """Ratings by people for each use case that writes answers: how good they are, and pairs for a preference stage."""
    minutes_per_rating: AtLeastZero | None = None
    failed_runs: AtLeastZero | None = None
    """What runs that fail cost, as a share of the run that succeeds."""
    storage_per_gigabyte_month: AtLeastZero | None = None
