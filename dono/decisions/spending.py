"""Sums of cost parts: what several arms pay together, a shared stage once, and each part's range."""

from __future__ import annotations

from collections.abc import Sequence

from dono.costs.ranges import sources, weakest
from dono.decisions.evidence import ArmEvidence
from dono.decisions.verdict import CostPart, Number


def summed(parts: Sequence[CostPart], currency: str) -> Number:
    """The total of some parts, with its range: ends add up, for costs err together."""
    return _sum([(p.amount, 1.0) for p in parts], currency)


def parts_together(arms: Sequence[ArmEvidence], currency: str) -> tuple[CostPart, ...]:
    """Each part over all arms; of arms with the same `shared_key` the largest shared share is counted, once."""
    names = list(dict.fromkeys(p.name for e in arms for p in e.parts))
    return tuple(_together(name, arms, currency) for name in names)


def _together(name: str, arms: Sequence[ArmEvidence], currency: str) -> CostPart:
    own: list[tuple[Number, float]] = []
    shared: dict[str, tuple[Number, float]] = {}
    for arm in arms:
        for part in (p for p in arm.parts if p.name == name):
            value = part.amount.value
            share = min(part.shared / value, 1.0) if value and arm.shared_key is not None else 0.0
            own.append((part.amount, 1 - share))
            if arm.shared_key is not None and share:
                before = shared.get(arm.shared_key)
                if before is None or before[0].value * before[1] < value * share:
                    shared[arm.shared_key] = (part.amount, share)
    return CostPart(name=name, amount=_sum([*own, *shared.values()], currency))


def _sum(weighed: Sequence[tuple[Number, float]], currency: str) -> Number:
    def end(number: Number, which: float | None) -> float:
        return number.value if which is None else which

    return Number(
        value=sum(n.value * share for n, share in weighed),
        lo=sum(end(n, n.lo) * share for n, share in weighed),
        hi=sum(end(n, n.hi) * share for n, share in weighed),
        unit=currency,
        label=weakest(*(n.label for n, _ in weighed)) if weighed else "measured",
        source=sources(*(n.source for n, _ in weighed)),
    )
