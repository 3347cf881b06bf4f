"""What may be spent, on which machine, and the traffic that the model must carry."""

from __future__ import annotations

from pydantic import Field, model_validator

from dono.project.sections import Section
from dono.project.wishes import Country


class Budget(Section):
    """What the full run may cost, at least one of money and hours; `tokens` caps those of its corpus stage.

    `pilot_share` of it may be spent on pilots; no pilot is larger than `pilot_scale` of its full run.
    """

    money: float | None = Field(default=None, gt=0)
    hours: float | None = Field(default=None, gt=0)
    tokens: float | None = Field(default=None, gt=0)
    pilot_share: float = Field(default=0.05, gt=0, le=1)
    pilot_scale: float = Field(default=1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _some_cap(self) -> Budget:
        if self.money is None and self.hours is None:
            raise ValueError("a budget needs `money` or `hours`")
        return self


class MachineChoice(Section):
    """The machine that the full run is priced for. `gpu: this` is the machine that Dono runs on."""

    gpu: str = "this"
    count: int = Field(default=1, ge=1)
    price_per_hour: float | None = Field(default=None, ge=0)
    country: Country | None = None
    """Where it stands; `this` needs none."""
    ray: str | None = None
    """The Ray cluster on which corpora, pilots and full runs are made: local, auto, HOST:PORT or ray://HOST:PORT."""


class Serving(Section):
    """The traffic that the model must carry, for the monthly cost."""

    requests_per_day: float = Field(gt=0)
    tokens_in: float = Field(gt=0)
    tokens_out: float = Field(gt=0)
    months: float = Field(default=12, gt=0)
