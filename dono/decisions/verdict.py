"""What a verdict says: frozen values, unknown keys refused. `Verdict.model_dump_json` is verdict.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

from dono.project import Goal

Label = Literal["measured", "extrapolated", "borrowed", "assumed"]
T = TypeVar("T")
ROUNDING = 1e-9
"""Ends of intervals have gone through badness and back: they are no more exact than this share of themselves."""
Rows = Annotated[Sequence[T], AfterValidator(tuple)]
"""Any sequence is taken; a tuple is kept, so that a verdict read back equals the one written."""


class Stated(BaseModel):
    """Part of a verdict."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Number(Stated):
    """A value with its unit, its 80 % interval where it has one, how it is known, and its source."""

    value: float
    lo: float | None = None
    hi: float | None = None
    unit: str
    label: Label
    source: str = ""

    def holds(self, value: float) -> bool:
        """Whether its interval has this value. An arm that sleeps to the end comes out at the interval's very end, and
        is not beyond it by rounding alone.
        """
        assert self.lo is not None and self.hi is not None
        room = ROUNDING * max(abs(self.lo), abs(self.hi))
        return self.lo - room <= value <= self.hi + room


class CostPart(Stated):
    """One part of what a route costs once: its name, the amount, and how much of it a shared corpus stage is."""

    name: str
    amount: Number
    shared: float = 0.0


class PilotPoint(Stated):
    """One measured pilot. `value` and `stderr` are in the metric's unit, `scale` is the share of the full run.

    `loss` is the loss on the right answers under the metric, in bits (see `metrics.LOSS_UNDER`), where it was measured.
    """

    scale: float
    tokens: float
    examples: int
    seed: int
    value: float
    stderr: float
    n: int
    seconds: float
    loss: float | None = None
    loss_stderr: float = 0.0


class CurvePoint(Stated):
    """One point of a forecast curve with its 80 % interval, in the metric's unit."""

    scale: float
    mean: float
    lo: float
    hi: float


class LanguageScore(Stated):
    """The metric in one language, measured at `scale`."""

    language: str
    value: float
    stderr: float
    n: int
    scale: float


class Sample(Stated):
    """One answer of a pilot, to be read by a person."""

    prompt: str
    answer: str
    expected: str
    language: str


class Lifts(Stated):
    """An arm's regional lifts held to those of records, at its largest pilot's `scale`.

    Spearman's correlation, at most `ceiling` for any model, since the records are noisy; `off` is the factor by which
    lifts differ (root mean square); `right` of the `significant` lifts have the right direction; a `slope` below 1 says
    that the model exaggerates. `misses` are its largest, in words.
    """

    scale: float
    correlation: float
    stderr: float
    ceiling: float
    off: float
    right: float | None
    significant: int
    slope: float
    slope_stderr: float
    cells: int
    misses: Rows[str]


class ArmVerdict(Stated):
    """What is known of one arm at full scale. A failed arm has the reason in `failed`; its numbers say nothing.

    `regret_without` is what is lost on average by who decides without this arm, in the metric's unit.

    `broken` are the constraints that it breaks: such an arm is shown and never chosen. `parts` are what it costs once,
    the machines of the full run first; `latency` is of one request, in milliseconds; `lifts` are those of habits.
    `asleep`: its pilots have not begun to learn (see `dormant`).
    """

    arm: str
    route: str
    title: str
    quality: Number
    p_best: float
    expected_regret: float
    regret_without: float = 0.0
    reaches_bar: float | None
    cost_to_bar: Number | None
    full_cost: Number
    full_hours: Number
    pilot_cost: Number
    serving_per_month: Number | None
    pilots: Rows[PilotPoint]
    curve: Rows[CurvePoint]
    laws: dict[str, float]
    backtest_error: float | None
    languages: Rows[LanguageScore]
    samples: Rows[Sample]
    notes: Rows[str]
    failed: str | None = None
    broken: Rows[str] = ()
    parts: Rows[CostPart] = ()
    latency: Number | None = None
    lifts: Lifts | None = None
    asleep: bool = False

    @property
    def said(self) -> float | None:
        """The single value that is said of its full run. None of an arm that has not begun to learn: the middle of all
        that it may come to would be read as a forecast, so its interval is said alone.
        """
        alone = self.asleep and self.quality.lo is not None and self.quality.hi is not None
        return None if alone else self.quality.value

    @property
    def choosable(self) -> bool:
        """Whether it was measured and breaks no constraint."""
        return self.failed is None and not self.broken


class Crossover(Stated):
    """The scale from which `arm_b` is better than `arm_a`."""

    arm_a: str
    arm_b: str
    scale: Number
    sentence: str


class NextPilot(Stated):
    """What one more pilot would be worth: `regret_avoided` is expected, in the metric's unit, `per_cost` that for one
    unit of `cost` (of the currency, or an hour), `chance` the probability that another arm is ahead after it.
    """

    arm: str
    scale: float
    seed: int
    cost: Number
    regret_avoided: float
    per_cost: float
    chance: float


class Elimination(Stated):
    """An arm that left a use case's race in `round`, with what that risked by the forecasts of the time: `p_best`, and
    `regret`, what is lost on average if the use case is decided without it. `scale` was its largest pilot then.
    """

    arm: str
    round: int
    scale: float
    p_best: float
    regret: float


class Flip(Stated):
    """An assumption at which the choice becomes another one: its value now, where it flips, and how many times that
    is (below 1: smaller).
    """

    assumption: str
    now: Number
    at: Number
    times: float
    other: str
    sentence: str


class LanguageChoice(Stated):
    """A language in which another arm is measurably better than the one chosen for the use case.

    `gain` is in the metric's unit; `sure` is the probability of a gain beyond the metric's margin.
    """

    language: str
    arm: str
    gain: Number
    sure: float


class UseCaseVerdict(Stated):
    """The answer for one use case. `winner` is None when it is too close to call; arms are sorted by expected regret,
    failed ones last: a winner that is as good and notably cheaper may stand below the first.

    Values and regrets are in the metric's unit; `confidence` is the probability that the winner (or the arm that would
    be taken) is the best, or within the metric's margin of the best.
    `arms` of a use case in which nothing could be measured all carry `failed`. `more` is empty where the verdict is
    clear, and where no pilot is left that could change it.
    """

    use_case: str
    kind: str
    metric: str
    higher_is_better: bool
    bar: float | None
    winner: str | None
    runner_up: str | None
    confidence: float
    sentence: str
    arms: Rows[ArmVerdict]
    crossovers: Rows[Crossover]
    flips: Rows[str]
    more: Rows[NextPilot] = ()
    eliminated: Rows[Elimination] = ()
    goal: Goal = "quality"
    taken: str | None = None
    """The arm that would be taken where the race is open; the winner where there is one."""
    turns: Rows[Crossover] = ()
    """Where one arm becomes cheaper than another: over traffic or time."""
    unsupported: Rows[str] = ()
    """What cannot be said, because no pilot is near enough."""
    sensitivity: Rows[Flip] = ()
    by_language: Rows[LanguageChoice] = ()
    least: float | None = None
    """What no way of answering can pass on these test items, where that is known."""

    @property
    def alone(self) -> bool:
        """Whether one way alone was measured: it won against nothing, however sure that sounds."""
        return sum(arm.failed is None for arm in self.arms) == 1


class PortfolioItem(Stated):
    """One use case's arm and what it costs by itself; what several share is counted once in the total.

    `language` where the arm serves one language of the use case alone. `cost` is of the machines; `parts` are all.
    """

    use_case: str
    arm: str
    cost: Number
    language: str | None = None
    parts: Rows[CostPart] = ()


class Wait(Stated):
    """Waiting so many months with the plan: what it saves, what the model is worth in that time where that is stated,
    and the worth a month from which waiting is wrong.
    """

    months: float
    saves: Number
    forgone: float | None
    wrong_from: Number


class Outset(Stated):
    """Train now, or wait? `falling` is the part of the plan's cost that falls with time."""

    falling: Number
    worth_per_month: float | None
    waits: Rows[Wait]
    sentence: str


class Assumption(Stated):
    """Something the verdict rests on besides measurements."""

    name: str
    value: str
    label: Label
    source: str


class Verdict(Stated):
    """The whole answer. `created` is ISO 8601 with a time zone, money is in `currency`.

    `width` is the factor on all intervals that `calibration` taught, `calibrated` says so in words.
    `changes` says what further pilots changed, where a person paid for them.
    """

    project: str
    created: str
    currency: str
    sentence: str
    use_cases: Rows[UseCaseVerdict]
    portfolio: Rows[PortfolioItem]
    portfolio_cost: Number
    shared: Rows[str]
    budget: dict[str, float | None]
    spent: dict[str, float]
    machine: str
    speed: Number
    assumptions: Rows[Assumption]
    data: dict[str, str | int | float]
    measured: Rows[str]
    warnings: Rows[str]
    calibration: Rows[dict[str, float | str]]
    width: float = 1.0
    calibrated: str = ""
    changes: Rows[str] = ()
    portfolio_parts: Rows[CostPart] = ()
    outset: Outset | None = None
