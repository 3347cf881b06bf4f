"""What the head is asked, and what it is told: one question per use case, one row of evidence per arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dono.curves import Learned
from dono.decisions.metrics import METRICS, Metric
from dono.decisions.verdict import LanguageScore, Number, PilotPoint, Sample

MOST_SCALE = 4.0
"""Nothing is said beyond this multiple of the full run (assumed: the budget would be another one)."""


@dataclass(frozen=True, kw_only=True)
class UseCaseQuestion:
    """Which arm serves this use case best? `bar` is the value of `metric` that is good enough, None if none is set.

    `width` is the factor on intervals that earlier full runs taught (`calibration`); `known` is what other people's
    curves taught the forecasts: all of it, unless a set of theirs is what is asked about.
    """

    name: str
    kind: str
    metric: str
    bar: float | None
    width: float = 1.0
    known: Learned | None = None

    @property
    def judged_by(self) -> Metric:
        """The metric's row."""
        return METRICS[self.metric]


@dataclass(frozen=True, kw_only=True)
class ArmEvidence:
    """What the pilots showed of one arm on one use case, and what its full run costs.

    `full_cost` and `full_hours` include the corpus stage; `shared_cost` (and `shared_hours`) are the part of them that
    arms with the same `shared_key` pay once. `has_scale` is False for an arm that learns nothing: what was measured is
    what it does. `failed` is the reason why there are no points.
    """

    arm: str
    route: str
    title: str
    points: Sequence[PilotPoint]
    full_cost: Number
    full_hours: Number
    pilot_cost: Number
    serving_per_month: Number | None
    languages: Sequence[LanguageScore]
    samples: Sequence[Sample]
    notes: Sequence[str]
    failed: str | None
    has_scale: bool
    shared_key: str | None
    shared_cost: Number | None
    shared_hours: Number | None = None
    serving_months: float = 12

    @property
    def measured(self) -> bool:
        """Whether anything is known of it."""
        return self.failed is None and bool(self.points)

    @property
    def money(self) -> float:
        """Training and `serving_months` of serving, in the project's currency."""
        served = self.serving_months * self.serving_per_month.value if self.serving_per_month else 0.0
        return self.full_cost.value + served


def in_one_order(evidence: Sequence[ArmEvidence]) -> list[ArmEvidence]:
    """By arm: a verdict does not depend on the order in which pilots were run."""
    assert len({e.arm for e in evidence}) == len(evidence), "an arm occurs twice"
    return sorted(evidence, key=lambda e: e.arm)


def prices(evidence: Sequence[ArmEvidence]) -> list[float]:
    """What each arm costs: money, or hours of training where no machine and no serving costs money."""
    money = [e.money for e in evidence]
    return money if any(money) else [e.full_hours.value for e in evidence]
