"""Train now, or wait? What waiting is expected to save, against what the time without the model is worth."""

from __future__ import annotations

from collections.abc import Sequence

from dono.costs.ranges import Range
from dono.costs.trend import Waiting, longest_wait, waiting
from dono.decisions.evidence import FALLING
from dono.decisions.spending import summed
from dono.decisions.verdict import CostPart, Number, Outset, Wait
from dono.decisions.wording import money

MONTHS = (6, 12, 18)
LEAST_MONTHS = 0.5
"""A best wait below this is none."""


def outset(parts: Sequence[CostPart], worth_per_month: float | None, currency: str) -> Outset:
    """The answer for a plan that costs these parts. What falls with time are machines and failed runs; what is saved is
    counted in its middle value, the interval is that of the trend. `worth_per_month`: of having the whole plan.
    """
    falling = summed([p for p in parts if p.name in FALLING], currency)
    found = [waiting(falling.value, worth_per_month or 0.0, months) for months in MONTHS]
    return Outset(
        falling=falling,
        worth_per_month=worth_per_month,
        waits=[_row(w, worth_per_month, currency) for w in found],
        sentence=_sentence(falling.value, worth_per_month, found, currency),
    )


def _row(found: Waiting, worth: float | None, currency: str) -> Wait:
    return Wait(
        months=found.months,
        saves=_number(found.saves, currency),
        forgone=None if worth is None else found.forgone,
        wrong_from=_number(found.wrong_from, f"{currency} a month"),
    )


def _number(found: Range, unit: str) -> Number:
    return Number(value=found.mid, lo=found.lo, hi=found.hi, unit=unit, label=found.label, source=found.source)


def _sentence(falling: float, worth: float | None, found: Sequence[Waiting], currency: str) -> str:
    if falling <= 0:
        return "Train now: the machines of this plan cost nothing more, so waiting saves nothing."
    year = next(w for w in found if w.months == 12)
    saving = f"{money(year.saves.mid, currency)} ({money(year.saves.lo, currency)} to {money(year.saves.hi, currency)})"
    if worth is None:
        return (
            f"Waiting a year is expected to save {saving}; it is wrong where having the model is worth more than "
            f"{money(year.wrong_from.mid, currency)} a month."
        )
    best = longest_wait(falling, worth)
    if best < LEAST_MONTHS:
        return (
            f"Train now: a month without it costs {money(worth, currency)}, more than the price falls in a month. "
            f"A year's wait is expected to save {saving} and to cost {money(year.forgone, currency)}."
        )
    near = waiting(falling, worth, min(max(1, round(best)), MONTHS[-1]))
    how_long = f"{near.months:.0f} months" + (" or more" if best > MONTHS[-1] else "")
    gain = f"{money(near.saves.mid, currency)} saved, {money(near.forgone, currency)} forgone meanwhile"
    if near.pays is None:
        return (
            f"Cannot be said: waiting {how_long} pays by the trend's middle ({gain}), but not by all of its interval."
        )
    return f"Wait {how_long}: it pays over the whole interval of the trend ({gain}, in the middle)."
