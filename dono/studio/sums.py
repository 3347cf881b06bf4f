"""A bill: parts rounded to the same digit, and a total that is the sum of what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dono.decisions import CostPart, Number
from dono.studio.amounts import between, money_to

WHOLE_FROM, CENTS_FROM = 1000.0, 1.0
"""Bills from here on are written in whole units, from there on in hundredths, and below in ten thousandths."""


@dataclass(frozen=True)
class SumRow:
    """One part as it is shown."""

    name: str
    amount: str
    ends: str
    number: Number


@dataclass(frozen=True)
class Sums:
    """The bill; `value` is the total that is shown, a number."""

    rows: tuple[SumRow, ...]
    value: float
    total: str
    ends: str


def sums(parts: Sequence[CostPart], currency: str) -> Sums:
    """The parts in their order, all with as many decimals as their total deserves. Ends add up like the amounts."""
    whole = sum(p.amount.value for p in parts)
    decimals = 0 if whole >= WHOLE_FROM else 2 if whole >= CENTS_FROM else 4

    def rounded(value: float) -> float:
        return round(value, decimals)

    lo = [rounded(p.amount.value if p.amount.lo is None else p.amount.lo) for p in parts]
    hi = [rounded(p.amount.value if p.amount.hi is None else p.amount.hi) for p in parts]
    mid = [rounded(p.amount.value) for p in parts]

    def shown(value: float) -> str:
        return money_to(value, currency, decimals)

    rows = tuple(
        SumRow(p.name, shown(m), between(shown(low), shown(high)) if low < high else "", p.amount)
        for p, low, m, high in zip(parts, lo, mid, hi, strict=True)
    )
    total = rounded(sum(mid))
    return Sums(rows, total, shown(total), between(shown(rounded(sum(lo))), shown(rounded(sum(hi)))))
