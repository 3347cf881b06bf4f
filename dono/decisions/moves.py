"""What if: the grounds of a verdict with the budget, the data, the traffic, the horizon or a bar moved."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dono.costs.ranges import weakest
from dono.decisions.evidence import FAILED_RUNS, STORAGE, ArmEvidence, Lever, UseCaseQuestion
from dono.decisions.grounds import Grounds, Seen
from dono.decisions.verdict import CostPart, LanguageScore, Number, PilotPoint

TRAFFIC, MONTHS = "traffic", "the months of serving"
"""Levers that are moved with the grounds."""


@dataclass(frozen=True, kw_only=True)
class Moves:
    """What is moved; None and nothing where it stays.

    `data`: text and examples of the full run, in times those of the plan. `traffic` in requests a day, `months` of
    serving, `money` and `hours` cap the full runs (infinite: not at all). `bars` by use case; None takes a bar away.
    """

    money: float | None = None
    hours: float | None = None
    data: float = 1.0
    traffic: float | None = None
    months: float | None = None
    bars: Mapping[str, float | None] = field(default_factory=dict)


def moved(grounds: Grounds, moves: Moves) -> Grounds:
    """The grounds as they would be. Traffic and months move only what is served: without traffic nothing is.

    With `data` every quantity of a run is multiplied, as a pilot's is: a pilot becomes a smaller share of the full run,
    machines and the runs that fail cost in proportion. The deadline of a project is not looked at again.
    """
    return replace(
        grounds,
        questions={name: _question(q, moves) for name, q in grounds.questions.items()},
        evidence={name: tuple(_evidence(e, grounds, moves) for e in of) for name, of in grounds.evidence.items()},
        money=_cap(grounds.money, moves.money),
        hours=_cap(grounds.hours, moves.hours),
    )


def _cap(now: float | None, wanted: float | None) -> float | None:
    return now if wanted is None else None if math.isinf(wanted) else wanted


def seen_again(seen: Seen, grounds: Grounds) -> Seen:
    """Forecasts made before, beside evidence that differs from theirs in costs alone."""
    return {
        name: [replace(o, evidence=e) for o, e in zip(of, measured(grounds.evidence[name]), strict=True)]
        for name, of in seen.items()
    }


def measured(evidence: Sequence[ArmEvidence]) -> list[ArmEvidence]:
    """The rows that forecasts are made of, in their order."""
    return sorted((e for e in evidence if e.measured), key=lambda e: e.arm)


def _question(question: UseCaseQuestion, moves: Moves) -> UseCaseQuestion:
    bar = moves.bars.get(question.name, question.bar)
    served = question.traffic is not None
    return replace(
        question,
        bar=bar,
        goal="quality" if bar is None else question.goal,
        traffic=moves.traffic if served and moves.traffic is not None else question.traffic,
        levers=tuple(_lever(lever, moves) for lever in question.levers),
    )


def _lever(lever: Lever, moves: Moves) -> Lever:
    value = {TRAFFIC: moves.traffic, MONTHS: moves.months}.get(lever.name)
    return lever if value is None else replace(lever, now=lever.now.model_copy(update={"value": value}))


def _evidence(row: ArmEvidence, grounds: Grounds, moves: Moves) -> ArmEvidence:
    return _with_data(_served(row, grounds, moves), moves.data)


def _served(row: ArmEvidence, grounds: Grounds, moves: Moves) -> ArmEvidence:
    """A month's serving grows with the traffic, the storage of what is served with the months."""
    now = next((q.traffic for q in grounds.questions.values() if q.traffic), None)
    serving, beside, months = row.serving_per_month, row.beside, row.serving_months
    if serving is not None and moves.traffic is not None and now:
        serving = _times(serving, moves.traffic / now)
    if moves.months is not None and months:
        longer, months = moves.months / months, moves.months
        beside = tuple(
            CostPart(name=p.name, amount=_times(p.amount, longer), shared=p.shared * longer) if p.name == STORAGE else p
            for p in beside
        )
    return replace(row, serving_per_month=serving, beside=beside, serving_months=months)


def _with_data(row: ArmEvidence, data: float) -> ArmEvidence:
    if data == 1.0 or not row.has_scale:
        return row
    return replace(
        row,
        points=tuple(_point(p, data) for p in row.points),
        languages=tuple(_score(s, data) for s in row.languages),
        full_cost=_scaled(row.full_cost, data),
        full_hours=_scaled(row.full_hours, data),
        shared_cost=None if row.shared_cost is None else _scaled(row.shared_cost, data),
        shared_hours=None if row.shared_hours is None else _scaled(row.shared_hours, data),
        beside=tuple(_part(p, data) for p in row.beside),
        notes=tuple(f"in the plan as it stands: {note}" for note in row.notes),
    )


def _point(point: PilotPoint, data: float) -> PilotPoint:
    return point.model_copy(update={"scale": point.scale / data})


def _score(score: LanguageScore, data: float) -> LanguageScore:
    return score.model_copy(update={"scale": score.scale / data})


def _part(part: CostPart, data: float) -> CostPart:
    """Failed runs grow with the machines, the text on disk with the data; people do not."""
    if part.name == FAILED_RUNS:
        return CostPart(name=part.name, amount=_scaled(part.amount, data), shared=part.shared * data)
    if part.name == STORAGE and part.amount.value:
        grown = (part.amount.value + (data - 1) * part.shared) / part.amount.value
        return CostPart(name=part.name, amount=_times(part.amount, grown), shared=part.shared * data)
    return part


def _scaled(number: Number, factor: float) -> Number:
    """A cost at another size of the run: nobody has measured it there."""
    label = number.label if number.value == 0 else weakest(number.label, "extrapolated")
    return _times(number, factor).model_copy(update={"label": label})


def _times(number: Number, factor: float) -> Number:
    ends = {name: None if end is None else end * factor for name, end in (("lo", number.lo), ("hi", number.hi))}
    return number.model_copy(update={"value": number.value * factor, **ends})
