"""What one more pilot would be worth, as the report says it: small amounts, and for how much money."""

from __future__ import annotations

from dono.decisions import UseCaseVerdict
from dono.studio.amounts import duration, money

READABLE = 0.001
"""What is saved is given for the least power of ten of the cost that shows at least this (assumed: three decimals)."""
LEAST = 1e-4


def small(value: float) -> str:
    """A small amount of a metric: two digits."""
    if value == 0:
        return "0"
    return f"{value:.2g}" if value >= LEAST else f"under {LEAST:g}"


def for_how_much(case: UseCaseVerdict) -> tuple[float, str]:
    """How many units of the cost the worth is given for, and that cost in words. The case has further pilots."""
    unit, best = case.more[0].cost.unit, max(row.per_cost for row in case.more)
    units = 1.0
    while best * units < READABLE and units < 1e9:
        units *= 10
    return units, duration(units) if unit == "hours" else money(units, unit)
