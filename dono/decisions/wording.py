"""Numbers and names as a board reads them."""

from __future__ import annotations

from collections.abc import Sequence

from dono.decisions.evidence import ArmEvidence
from dono.decisions.metrics import Metric
from dono.decisions.verdict import Number

STEPS_OF_COUNT = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
ROUTE_VERBS = {
    "prompt": "ask a base model as it is",
    "hosted": "call a hosted model",
    "finetune": "fine-tune a base model",
    "continue": "keep training a base model on your corpus",
    "scratch": "train your own model from scratch",
    "predictive": "use no language model",
}


def verb(route: str) -> str:
    """What is done on a route, as a phrase that a use case can follow ("… for reply")."""
    return ROUTE_VERBS.get(route, route)


def grouped(whole: int, currency: str = "") -> str:
    """Digits in groups: by the Indian way (1,23,45,678) for INR, by thousands otherwise."""
    if currency != "INR":
        return f"{whole:,}"
    digits, sign = str(abs(whole)), "−" if whole < 0 else ""
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(0, i - 2) : i] for i in range(len(head), 0, -2)][::-1]
    return sign + ",".join([*pairs, tail])


def money(amount: float, currency: str) -> str:
    """Money: whole units from 100 up, hundredths below, two digits of less than one."""
    if 0 < amount < 1:
        return f"{currency} {amount:.2g}"
    return f"{currency} {grouped(round(amount), currency)}" if amount >= 99.995 else f"{currency} {amount:.2f}"


def time(hours: float) -> str:
    """Hours, or minutes below one hour."""
    if hours >= 99.95:
        return f"{hours:,.0f} hours"
    if hours >= 1:
        return f"{hours:.3g} hours"
    return f"{60 * hours:.2g} minutes" if hours >= 1 / 60 else "less than a minute"


def count(number: float) -> str:
    """A count to two or three digits: 3.1 M."""
    for step, letter in STEPS_OF_COUNT:
        if abs(number) >= 0.9995 * step:  # what would be rounded to a thousand of the step below
            return f"{number / step:.3g} {letter}"
    return f"{number:.3g}"


def share(probability: float) -> str:
    """A probability in per cent; nothing that was drawn is certain."""
    if probability > 0.99:
        return "more than 99 %"
    return "less than 1 %" if probability < 0.01 else f"{probability:.0%}".replace("%", " %")


def multiple(scale: float) -> str:
    """A share or a multiple of the full run."""
    if scale < 0.995:
        return f"{scale * 100:.2g} % of the full run"
    if scale < 1.005:
        return "the full run"
    times = f"{scale:.2g}" if scale < 99.5 else count(scale)
    return f"{times} times the full run"


def quality(number: Number, metric: Metric) -> str:
    """A value with its 80 % interval."""
    if number.lo is None or number.hi is None:
        return metric.show(number.value)
    return f"{metric.show(number.value)} ({number.lo:.{metric.decimals}f} to {number.hi:.{metric.decimals}f})"


def value(number: Number) -> str:
    """A number with its unit: money, hours, or a count of something."""
    currency, _, per = number.unit.partition(" ")
    if currency.isupper() and len(currency) == 3:
        return f"{money(number.value, currency)} {per}".rstrip()
    return f"{count(number.value)} {number.unit}".rstrip()


def price(evidence: ArmEvidence) -> str:
    """What is paid once, and serving where it is known."""
    unit = evidence.full_cost.unit
    said = f"{money(evidence.once, unit)}{' in all' if evidence.beside else ''}"
    if evidence.serving_per_month is None or evidence.serving_per_month.value == 0:
        return said
    return f"{said} and {money(evidence.serving_per_month.value, unit)} a month"


def named(evidence: ArmEvidence) -> str:
    """Title and name."""
    return f"{evidence.title} ({evidence.arm})"


def together(parts: Sequence[str]) -> str:
    """a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
