"""Numbers as people read them: money, hours, shares and scores, with as many digits as they deserve."""

from __future__ import annotations

import math
from collections.abc import Callable

from dono.decisions import METRICS, Number, wording
from dono.decisions.wording import grouped

SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
LARGEST_IN_FULL = 1e15
"""Beyond this a number is written as a power of ten."""


def power_of_ten(value: float) -> str:
    """A very large number: 1.2 × 10¹⁸."""
    exponent = math.floor(math.log10(abs(value)))
    return f"{value / 10.0**exponent:.1f} × 10{str(exponent).translate(SUPERSCRIPTS)}"


def money(value: float, currency: str) -> str:
    """An amount with its symbol: whole from 100 up, with cents below, two digits below a tenth."""
    sign = SYMBOLS.get(currency, f"{currency}\u00a0")
    if abs(value) >= LARGEST_IN_FULL:
        return sign + power_of_ten(value)
    if value == 0:
        return f"{sign}0"
    if abs(value) >= 99.995:
        return sign + grouped(round(value), currency)
    if abs(value) >= 0.095:
        return f"{sign}{value:.2f}"
    return f"{sign}{value:.2g}" if abs(value) >= 1e-4 else f"under {sign}0.0001"


def money_to(value: float, currency: str, decimals: int) -> str:
    """An amount with its symbol and so many decimals, as the rows of a bill have them."""
    sign = SYMBOLS.get(currency, f"{currency}\u00a0")
    if abs(value) >= LARGEST_IN_FULL:
        return sign + power_of_ten(value)
    whole, _, part = f"{abs(value):.{decimals}f}".partition(".")
    minus = "−" if value < 0 and (int(whole) or part.strip("0")) else ""
    return f"{minus}{sign}{grouped(int(whole), currency)}{'.' + part if part else ''}"


def duration(hours: float) -> str:
    """Hours as a person says them: 42 s, 12 min, 3 h 20 min, 124 h."""
    seconds = hours * 3600
    if seconds == 0:
        return "0 min"
    if seconds < 0.95:
        return "under 1 s"
    if seconds < 59.5:
        return f"{seconds:.0f}\u00a0s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes}\u00a0min"
    if hours < 100:
        whole, rest = divmod(minutes, 60)
        return f"{whole}\u00a0h" + (f" {rest}\u00a0min" if rest else "")
    return f"{count(hours)}\u00a0h"


def percent(share: float) -> str:
    """A share as a percentage: two digits below ten, never a 0 or 100 that is not one."""
    value = share * 100
    if value == 0:
        return "0\u00a0%"
    if value < 0.1:
        return f"{value:.1g}\u00a0%" if value >= 1e-4 else "under 0.0001\u00a0%"
    if value < 9.95:
        return f"{value:.2g}\u00a0%"
    return f"{count(value)}\u00a0%"


def probability(share: float) -> str:
    """A probability; it is counted in draws, so that none is certain: < 1 %, 42 %, > 99 %."""
    if share < 0.01:
        return "<\u00a01\u00a0%"
    return ">\u00a099\u00a0%" if share > 0.99 else f"{share * 100:.0f}\u00a0%"


def count(value: float) -> str:
    """A count in full, by thousands."""
    return power_of_ten(value) if abs(value) >= LARGEST_IN_FULL else grouped(round(value))


def compact(value: float) -> str:
    """A large number for an axis: 310, 31 k, 3.1 M, 2 G."""
    return wording.count(value).replace(" ", "\u00a0") if abs(value) < LARGEST_IN_FULL else power_of_ten(value)


def score(value: float, metric: str) -> str:
    """A value of a metric with its decimals, without its unit."""
    return f"{value:.{METRICS[metric].decimals}f}"


def between(lo: str, hi: str) -> str:
    """Two ends of an interval."""
    return lo if lo == hi else f"{lo}\u2009–\u2009{hi}"


def interval(number: Number, show: Callable[[float], str]) -> str:
    """The interval of a number, each end shown by `show`; one without an upper end says so; empty without any."""
    if number.lo is not None and number.hi is not None:
        return between(show(number.lo), show(number.hi))
    return "" if number.lo is None else f"{show(number.lo)} and above"


def plain(value: float) -> str:
    """Any other number: whole ones in full, others with four digits."""
    if value == round(value) or abs(value) >= 1e4:
        return count(value)
    return f"{value:.4g}"


def shower(unit: str, currency: str) -> Callable[[float], str]:
    """How a number of this unit is shown."""
    if unit.split(" ", maxsplit=1)[0] == currency:
        return lambda value: money(value, currency)
    if unit in ("hours", "hour", "h"):
        return duration
    if unit in METRICS:
        return lambda value: score(value, unit)
    if unit in ("share", "share of the full run", "of the full run"):
        return percent
    if unit in ("FLOP/s", "FLOPs"):
        return lambda value: compact(value) + ("" if "\u00a0" in compact(value) else "\u00a0") + unit
    return lambda value: f"{plain(value)} {unit}"
