"""What the head is asked, and what it is told: one question per use case, one row of evidence per arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dono.curves import Learned
from dono.decisions.metrics import METRICS, Metric
from dono.decisions.verdict import CostPart, LanguageScore, Lifts, Number, PilotPoint, Sample
from dono.project import Goal

MOST_SCALE = 4.0
"""Nothing is said beyond this multiple of the full run (assumed: the budget would be another one)."""


SUPPORT = 64.0
"""Beyond this multiple of an arm's largest pilot nothing is said of it (assumed: forecasts of public curves were tried
up to a sixty-fourth, see `dono exam`)."""
MACHINES = "machines"
"""The name of the first part of a cost: the full run's machine hours."""
FAILED_RUNS = "failed runs"
STORAGE = "storage"
ENGINEERS = "engineers"
RATERS = "raters"
"""The names of the parts beside it."""
FALLING = (MACHINES, FAILED_RUNS)
"""Parts that fall by the trend of hardware and of algorithms."""
SERVING = "serving"
"""The name under which a lever moves a month's serving."""


@dataclass(frozen=True, kw_only=True)
class Lever:
    """An assumption about money: its value now, and the parts of the cost that grow with it (`MACHINES`, `SERVING`, a
    name in `ArmEvidence.beside`). `inverse`: they shrink with it. `arms`: only theirs, None for all.
    """

    name: str
    now: Number
    parts: Sequence[str]
    inverse: bool = False
    arms: Sequence[str] | None = None


@dataclass(frozen=True, kw_only=True)
class UseCaseQuestion:
    """Which arm serves this use case best? `bar` is the value of `metric` that is good enough, None if none is set.

    `width` is the factor on intervals that earlier full runs taught (`calibration`); `known` is what other people's
    curves taught the forecasts: all of it, unless a set of theirs is what is asked about.

    `least` is what no way of answering can pass on these test items, and `unlearned` what one gets who has learned
    nothing of them, in the metric's unit, where they are not the metric's own (see `evals.lift.bits_between`, and
    `stages.baseline` for labels).
    `traffic` in requests a day, `levers` are the assumptions about money whose flips are asked for.
    """

    name: str
    kind: str
    metric: str
    bar: float | None
    width: float = 1.0
    known: Learned | None = None
    goal: Goal = "quality"
    traffic: float | None = None
    levers: Sequence[Lever] = ()
    least: float | None = None
    unlearned: float | None = None

    @property
    def judged_by(self) -> Metric:
        """The metric's row, with what is known of the least and the worst here."""
        metric = METRICS[self.metric]
        metric = metric if self.least is None else metric.no_better_than(self.least)
        return metric if self.unlearned is None else replace(metric, blind=metric.to_badness(self.unlearned))


@dataclass(frozen=True, kw_only=True)
class ArmEvidence:
    """What the pilots showed of one arm on one use case, and what its full run costs.

    `full_cost` and `full_hours` include the corpus stage; `shared_cost` (and `shared_hours`) are the part of them that
    arms with the same `shared_key` pay once. `has_scale` is False for an arm that learns nothing: what was measured is
    what it does. `failed` is the reason why there are no points. `broken` are the constraints that it breaks. `beside`
    is what is paid once beside the machines; the shared part of each is paid once by arms with the same `shared_key`.
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
    broken: Sequence[str] = ()
    beside: Sequence[CostPart] = ()
    latency: Number | None = None
    lifts: Lifts | None = None

    @property
    def parts(self) -> tuple[CostPart, ...]:
        """All that is paid once, the machines first; nothing where only the machines are known."""
        if not self.beside:
            return ()
        shared = self.shared_cost.value if self.shared_cost and self.shared_key is not None else 0.0
        machines = CostPart(name=MACHINES, amount=self.full_cost, shared=min(shared, self.full_cost.value))
        return (machines, *self.beside)

    @property
    def once(self) -> float:
        """What is paid once: the machines of the full run, and all that is beside them."""
        return self.full_cost.value + sum(p.amount.value for p in self.beside)

    @property
    def measured(self) -> bool:
        """Whether anything is known of it."""
        return self.failed is None and bool(self.points)

    @property
    def money(self) -> float:
        """What is paid once and `serving_months` of serving, in the project's currency."""
        served = self.serving_months * self.serving_per_month.value if self.serving_per_month else 0.0
        return self.once + served


def run_whole(evidence: ArmEvidence) -> bool:
    """Whether an arm that learns was measured at its full run."""
    return evidence.has_scale and any(p.scale >= 1 for p in evidence.points)


def in_one_order(evidence: Sequence[ArmEvidence]) -> list[ArmEvidence]:
    """By arm: a verdict does not depend on the order in which pilots were run."""
    assert len({e.arm for e in evidence}) == len(evidence), "an arm occurs twice"
    return sorted(evidence, key=lambda e: e.arm)


def prices(evidence: Sequence[ArmEvidence]) -> list[float]:
    """What each arm costs: money, or hours of training where no machine and no serving costs money."""
    money = [e.money for e in evidence]
    return money if any(money) else [e.full_hours.value for e in evidence]
