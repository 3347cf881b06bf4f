"""The outlook of one arm: draws of what its full run would score, and of its whole learning curve."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dono.curves import Forecast, Link, forecast
from dono.curves.drawn import LEAST_BADNESS
from dono.decisions.diminishing import Diminishing, diminishing
from dono.decisions.dormant import Dormant, dormant
from dono.decisions.evidence import SUPPORT, ArmEvidence, UseCaseQuestion
from dono.decisions.head_start import FROM_NOTHING, HeadStart, alike, head_start, starts_ahead
from dono.decisions.linked import Linked, linked
from dono.decisions.measured import as_measured, between, bounded, items_error, points_of
from dono.decisions.metrics import TEXT, Metric
from dono.decisions.routes import short_name
from dono.decisions.settling import Settling, settling
from dono.decisions.verdict import CurvePoint, Label, Number

Floats = NDArray[np.float64]
Owners = NDArray[np.int64]

SAMPLES = 2000
"""Draws per arm: the error of a probability that is made of them is about 0.01."""
FULL = 1.0
INTERVAL = (0.1, 0.5, 0.9)
"""Intervals are 80 % everywhere."""


@dataclass(frozen=True)
class Outlook:
    """Draws for one measured arm. `losses` [SAMPLES] is the distance from a perfect score at the full run, in the
    metric's unit: lower is better whatever the metric. `off` [SAMPLES] is by what factor the test's own error moves a
    curve. `forecast` is None for an arm that has no scale. `views` are further ways to see its curve, and `owner`
    [SAMPLES] says which draw is of which: 0 of the forecast, 1 of the first view and so on. The interval is wide where
    they disagree. `width` is a factor on the whole spread of what is forecast, around its middle in log badness.
    """

    evidence: ArmEvidence
    metric: Metric
    losses: Floats
    off: Floats
    forecast: Forecast | None
    views: tuple[Linked | Dormant, ...] = ()
    owner: Owners = field(default_factory=lambda: np.zeros(SAMPLES, dtype=np.int64))
    holds: tuple[Settling | HeadStart | Diminishing, ...] = ()
    width: float = 1.0

    def along(self, scales: Sequence[float]) -> Floats:
        """Losses [SAMPLES, scales] along the drawn curves; the same everywhere for an arm that has no scale."""
        if self.forecast is None:
            return np.repeat(self.losses[:, None], len(scales), axis=1)
        drawn = self.forecast.paths(scales) * self.off[:, None]
        beyond = np.asarray(scales) > max(self.trained)  # what was measured needs no second view
        for number, view in enumerate(self.views, start=1):
            drawn[np.ix_(self.owner == number, beyond)] = view.paths(scales)[np.ix_(self.owner == number, beyond)]
        for hold in self.holds:
            drawn = hold.held(drawn, scales)
        if self.width != 1.0:
            logs = np.log(np.maximum(drawn[:, beyond], LEAST_BADNESS))
            middle = np.median(logs, axis=0)
            drawn[:, beyond] = np.exp(middle + self.width * (logs - middle))
        return bounded(drawn, self.metric) * self.metric.scale

    def badness(self, scales: Sequence[float]) -> Floats:
        """Badness [SAMPLES, scales] along the drawn curves."""
        return self.along(scales) / self.metric.scale

    def value(self, loss: float) -> float:
        """The metric's value at a loss."""
        return self.metric.from_badness(loss / self.metric.scale)

    @property
    def by_its_curve_alone(self) -> bool:
        """Whether nothing but the curve of its own score says where the arm ends."""
        return not self.views and not self.holds and self.width == 1.0

    @property
    def short(self) -> str:
        """The arm in a few words."""
        return short_name(self.evidence.arm)

    @property
    def trained(self) -> list[float]:
        """Scales above 0 that were measured."""
        return [p.scale for p in self.evidence.points if p.scale > 0]

    @property
    def support(self) -> float:
        """The largest multiple of the full run that its pilots support; infinite for an arm that has no scale."""
        return np.inf if self.forecast is None else SUPPORT * max(self.trained)

    @property
    def sleeps(self) -> bool:
        """Whether its pilots have not begun to learn: where it ends is said by what such arms usually do."""
        return any(isinstance(view, Dormant) for view in self.views)

    @property
    def expected(self) -> float:
        """Mean loss over the draws."""
        return float(np.mean(self.losses))

    @property
    def quality(self) -> Number:
        """The value at full scale with its 80 % interval."""
        low, middle, high = interval(self.losses)
        if self.forecast is None:
            middle = self.expected
        elif self.by_its_curve_alone:
            middle = self.forecast.mean * self.metric.scale
        lo, hi = sorted((self.value(min(low, middle)), self.value(max(high, middle))))
        label: Label = "measured" if self.forecast is None else self.forecast.label
        return Number(value=self.value(middle), lo=lo, hi=hi, unit=self.metric.unit, label=label, source=self._source())

    def _source(self) -> str:
        if self.forecast is None:
            return "measured as it is"
        pilots = "1 pilot" if len(self.evidence.points) == 1 else f"{len(self.evidence.points)} pilots"
        said = f"{pilots}, the largest {max(p.scale for p in self.evidence.points):.3g} of the full run"
        if any(isinstance(view, Linked) for view in self.views):
            said += "; by the score's own curve and by the curve of the loss under it"
        if any(isinstance(hold, Settling) for hold in self.holds):
            said += "; below what any pilot has reached it is taken to fall at the usual pace of language models"
        if any(isinstance(hold, HeadStart) for hold in self.holds):
            said += "; it is not taken to gain on the model from scratch beyond its pilots, whose head start fades"
        if any(isinstance(hold, Diminishing) for hold in self.holds):
            said += "; no later token is taken to teach it more than those so far did"
        if self.sleeps:
            said += "; it has not begun to learn, so little can be said of where it ends"
        if self.width != 1.0:
            said += f"; its interval times {self.width:.3g}, by how earlier forecasts held"
        return f"{said}; {self.forecast.note}" if self.forecast.note else said

    @property
    def curve(self) -> tuple[CurvePoint, ...]:
        """The forecast curve in the metric's unit; one point for an arm that has no scale."""
        if self.forecast is None:
            number = self.quality
            assert number.lo is not None and number.hi is not None
            return (CurvePoint(scale=FULL, mean=number.value, lo=number.lo, hi=number.hi),)
        scales = [p.x for p in self.forecast.curve]
        drawn = np.quantile(self.along(scales), INTERVAL, axis=0)
        if self.by_its_curve_alone:
            drawn[1] = [p.mean * self.metric.scale for p in self.forecast.curve]
        rows = []
        for scale, low, middle, high in zip(scales, *drawn, strict=True):
            lo, hi = sorted((self.value(min(low, middle)), self.value(max(high, middle))))
            rows.append(CurvePoint(scale=scale, mean=self.value(float(middle)), lo=lo, hi=hi))
        full = self.quality  # where the curve is read against the table
        assert full.lo is not None and full.hi is not None
        ends = {FULL: CurvePoint(scale=FULL, mean=full.value, lo=full.lo, hi=full.hi)}
        return tuple(ends.get(row.scale, row) for row in rows)


def outlook(
    question: UseCaseQuestion, evidence: ArmEvidence, seed: int, link: Link | None = None, level: float | None = None,
    beside: Sequence[ArmEvidence] = (), scratch: Outlook | None = None, taught: Outlook | None = None,
) -> Outlook:  # fmt: skip
    """Draw one arm's full run. Every arm has its own stream of random numbers, whatever stands beside it.

    `link` leads from the loss to the metric, `level` is the least badness of all pilots (see `settling`): both are of
    all arms of the use case. `beside` are the other arms: how their pilots went on teaches how this one may. `scratch`
    is the one from a random start, where there is one (see `head_start`), `taught` the best one that was run whole (see
    `dormant`). `outlooks` finds all of these.
    """
    metric = question.judged_by
    points = points_of(evidence, metric)
    random = np.random.default_rng(seed_of(seed, question.name, evidence.arm))
    items = np.random.default_rng(seed_of(seed, question.name)) if metric.name == TEXT else random
    if not evidence.has_scale:
        losses = as_measured(points, metric, items, SAMPLES) * metric.scale
        return Outlook(evidence, metric, losses, np.ones(SAMPLES), None)
    from_nothing = metric.name == TEXT and evidence.route == FROM_NOTHING
    others = [e for e in beside if e.arm != evidence.arm and e.measured and e.has_scale]
    peers = [between(points_of(e, metric), metric) for e in others]
    found = forecast(
        between(points, metric), FULL, peers=peers, known=question.known, seed=int(random.integers(2**32)),
        samples=SAMPLES, ceiling=metric.worst, kind="scratch" if from_nothing else "pilots",
    )  # fmt: skip
    off = items_error(points, items, SAMPLES)
    if found.label == "measured":
        off = off if metric.name == TEXT else np.ones(SAMPLES)  # a measured score's draws have that error
        return Outlook(evidence, metric, bounded(found.samples * off, metric) * metric.scale, off, found)
    start = None if scratch is None else scratch.forecast
    if start is not None and start.label == "extrapolated" and starts_ahead(evidence, metric):
        found = found.reordered(alike(found.samples, start.samples, random))
    together = np.random.default_rng(seed_of(seed, question.name))
    views, owner = _views(evidence, metric, link, others, together, random, taught)
    seen = Outlook(evidence, metric, found.samples, off, found, views, owner, (), question.width)
    for hold in (
        settling(evidence, metric, found, level, random),
        head_start(evidence, metric, seen.along, scratch.along if scratch else None, random),
        diminishing(evidence, metric, seen.along, beside, random),
    ):
        seen = seen if hold is None else replace(seen, holds=(*seen.holds, hold))
    return replace(seen, losses=seen.along([FULL])[:, 0])


def _views(
    evidence: ArmEvidence, metric: Metric, link: Link | None, beside: Sequence[ArmEvidence],
    together: np.random.Generator, random: np.random.Generator, taught: Outlook | None,
) -> tuple[tuple[Linked | Dormant, ...], Owners]:  # fmt: skip
    """The further views of an arm that was not run whole, and which draw is of which.

    Score and loss count the same (assumed). While an arm sleeps, its score has no curve: the draws of it go to the view
    of an arm that wakes.
    """
    views: list[Linked | Dormant] = []
    owner = np.zeros(SAMPLES, dtype=np.int64)
    sleeping = dormant(evidence, metric, together, random, SAMPLES, None if taught is None else taught.badness)
    if sleeping is not None:
        views.append(sleeping)
        owner[:] = len(views)
    by_loss = linked(evidence, metric, link, beside=beside, samples=SAMPLES, seed=int(random.integers(2**32)))
    if by_loss is not None:
        views.append(by_loss)
        owner[1::2] = len(views)
    return tuple(views), owner


def interval(draws: Floats) -> tuple[float, float, float]:
    """Ends of the 80 % interval and the median between them, each one of the draws (some may be infinite)."""
    lo, middle, hi = np.quantile(draws, INTERVAL, method="inverted_cdf")
    return float(lo), float(middle), float(hi)


def seed_of(seed: int, *names: str) -> int:
    """A seed of one's own: the same names give the same draws on every machine."""
    return int.from_bytes(hashlib.sha256("\n".join([str(seed), *names]).encode()).digest()[:8], "big")
