"""Turning points of money: the traffic, and the month, from which one arm costs less than another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np
from scipy.special import ndtri

from dono.costs.ranges import HALF, Range
from dono.costs.trend import CHEAPER_A_YEAR, SWING, SWING_YEARS, yearly_factor
from dono.decisions.crossovers import LEADING, OFTEN
from dono.decisions.evidence import FALLING, SUPPORT, ArmEvidence, UseCaseQuestion
from dono.decisions.outlook import SAMPLES, Floats, Outlook, interval, seed_of
from dono.decisions.ranking import Ranking
from dono.decisions.verdict import Crossover, Number
from dono.decisions.wording import count

MOST_MONTHS = 60
"""The trend is not believed further ahead (assumed)."""
PER_DAY = "requests a day"


def turns(question: UseCaseQuestion, outlooks: Sequence[Outlook], ranking: Ranking, taken: int) -> list[Crossover]:
    """Where the arm taken stops, or starts, being cheaper than another of the leading ones."""
    order = sorted(range(len(outlooks)), key=lambda i: (ranking.regret[i], i))[:LEADING]
    pairs = [(outlooks[a], outlooks[b]) for a, b in permutations(dict.fromkeys([taken, *order]), 2) if taken in (a, b)]
    found = [by_traffic(a, b, question.traffic) for a, b in pairs] if question.traffic else []
    found += [by_time(a, b) for a, b in pairs]
    return sorted((c for c in found if c is not None), key=lambda c: (c.scale.unit, c.scale.value, c.arm_a, c.arm_b))


def by_traffic(a: Outlook, b: Outlook, now: float) -> Crossover | None:
    """The requests a day from which b, dearer to make and cheaper to serve, costs less than a; None where there is none
    within `SUPPORT` times more or less than the traffic now.

    One machine and one price: the costs of both arms are high together or low together.
    """
    if a.evidence.serving_per_month is None or b.evidence.serving_per_month is None:
        return None
    random = np.random.default_rng(seed_of(0, "traffic", a.evidence.arm, b.evidence.arm))
    making, serving = _normal(random), _normal(random)
    extra = _once(b.evidence, making) - _once(a.evidence, making)
    saved = a.evidence.serving_months * (
        _drawn(a.evidence.serving_per_month, serving) - _drawn(b.evidence.serving_per_month, serving)
    )
    at = np.where((extra > 0) & (saved > 0), now * extra / np.where(saved > 0, saved, 1.0), np.inf)
    return _crossover(
        a, b, at, (now / SUPPORT, now * SUPPORT), PER_DAY,
        lambda v: f"From {count(v)} requests a day on {b.short} costs less than {a.short} in all "
        f"{a.evidence.serving_months:g} months",
        "prices of machines, and of serving",
    )  # fmt: skip


def by_time(a: Outlook, b: Outlook) -> Crossover | None:
    """The months from now at which b, dearer now, costs less than a; None where that is not likely in `MOST_MONTHS`.

    Machines get cheaper and need fewer operations (`costs.trend`), serving gets cheaper by the machines alone, people
    and storage do not.
    """
    random = np.random.default_rng(seed_of(0, "time", a.evidence.arm, b.evidence.arm))
    months = np.arange(1, MOST_MONTHS + 1, dtype=np.float64)
    both = np.exp(_years(_log(yearly_factor()), _normal(random), months) + _swing(_normal(random), months))
    hardware = CHEAPER_A_YEAR
    kept = Range(1 - hardware.hi, 1 - hardware.mid, 1 - hardware.lo, hardware.label, hardware.source)
    machines = np.exp(_years(_log(kept), _normal(random), months) + _swing(_normal(random), months))

    def cost(arm: ArmEvidence) -> Floats:
        served = arm.serving_months * arm.serving_per_month.value if arm.serving_per_month else 0.0
        falls = arm.full_cost.value + sum(p.amount.value for p in arm.beside if p.name in FALLING)
        return np.asarray(falls * both + served * machines + (arm.once - falls), dtype=np.float64)

    if b.evidence.money <= a.evidence.money:
        return None
    cheaper = cost(b.evidence) < cost(a.evidence)
    stays = np.flip(np.logical_and.accumulate(np.flip(cheaper, axis=1), axis=1), axis=1)
    at = np.where(stays.any(axis=1), months[stays.argmax(axis=1)], np.inf)
    return _crossover(
        a, b, at, (0.0, MOST_MONTHS), "months",
        lambda v: f"In {v:.0f} months {b.short} costs less than {a.short}, by the trend of prices and methods",
        "trend of costs (borrowed), prices otherwise as now",
    )  # fmt: skip


def _crossover(
    a: Outlook, b: Outlook, at: Floats, within: tuple[float, float], unit: str, said: Callable[[float], str],
    source: str,
) -> Crossover | None:  # fmt: skip
    lo, middle, hi = interval(at)
    likely = float(np.mean(np.isfinite(at)))
    if likely < OFTEN or not within[0] <= middle <= within[1]:
        return None
    high = hi if np.isfinite(hi) else None
    number = Number(value=middle, lo=lo, hi=high, unit=unit, label="borrowed", source=source)
    ends = f"{count(lo)} to {count(hi)}" if high is not None else f"{count(lo)} and above"
    return Crossover(
        arm_a=a.evidence.arm, arm_b=b.evidence.arm, scale=number, sentence=f"{said(middle)}, 80 % interval {ends}"
    )


def _normal(random: np.random.Generator) -> Floats:
    return random.permutation(ndtri((np.arange(SAMPLES) + 0.5) / SAMPLES))


def _drawn(number: Number, normal: Floats) -> Floats:
    """Draws of a number around its value, as wide as its interval on either side, never below 0."""
    lo, hi = (number.value if end is None else end for end in (number.lo, number.hi))
    width = np.where(normal > 0, hi - number.value, number.value - lo)
    return np.maximum(number.value + normal / HALF * width, 0.0)


def _once(arm: ArmEvidence, normal: Floats) -> Floats:
    """Draws of what is paid once. People's wages are drawn together with the machines: their ranges add up."""
    if not arm.beside:
        return _drawn(arm.full_cost, normal)
    return np.asarray(sum(_drawn(p.amount, normal) for p in arm.parts), dtype=np.float64)


def _log(factor: Range) -> tuple[float, float, float]:
    return math.log(factor.lo), math.log(factor.mid), math.log(factor.hi)


def _years(logs: tuple[float, float, float], normal: Floats, months: Floats) -> Floats:
    """Logarithms [samples, months] of what a cost has become, at a yearly rate that each draw keeps."""
    lo, mid, hi = logs
    rate = mid + normal / HALF * np.where(normal > 0, hi - mid, mid - lo)
    return rate[:, None] * months[None] / 12


def _swing(normal: Floats, months: Floats) -> Floats:
    """Logarithms [samples, months] of how far the price of the day lies from the trend."""
    return normal[:, None] / HALF * SWING * np.sqrt(months / 12 / SWING_YEARS)[None]
