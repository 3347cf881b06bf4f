"""The search behind a portfolio: one option per use case, least loss under a budget, shared stages paid once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import cached_property

import numpy as np

MOST_STATES = 300
"""Partial portfolios kept after each use case; with fewer the search is exact."""
ROUNDING = 9
"""Decimals to which losses and costs are compared: sums of the same terms in another order must be equal."""


@dataclass(frozen=True)
class Cost:
    """Money and hours of training, which the budget caps, and `weight`: what is minimised, serving included."""

    money: float = 0.0
    hours: float = 0.0
    weight: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.money + other.money, self.hours + other.hours, self.weight + other.weight)

    def beyond(self, other: Cost) -> Cost:
        """What of this is not covered by the other, each at least 0."""
        return Cost(*(max(0.0, a - b) for a, b in zip(astuple(self), astuple(other), strict=True)))


NOTHING = Cost()


@dataclass(frozen=True, kw_only=True)
class Option:
    """One arm for one use case. `regret` is what it has beyond the least, as a share of the metric's scale, and `loss`
    the same or, within the metric's margin, 0. `own` is its cost without `shared`, the stage named `shared_key`.
    """

    use_case: str
    arm: str
    loss: float
    regret: float
    own: Cost
    shared: Cost = NOTHING
    shared_key: str | None = None

    @property
    def alone(self) -> Cost:
        """What it costs when nobody shares with it."""
        return self.own + self.shared


@dataclass(frozen=True)
class Chosen:
    """A (partial) portfolio: options so far, use cases left without one, sums, and the shared stages already paid."""

    options: tuple[Option, ...] = ()
    dropped: tuple[str, ...] = ()
    loss: float = 0.0
    regret: float = 0.0
    cost: Cost = NOTHING
    paid: dict[str, Cost] = field(default_factory=dict)

    def take(self, option: Option) -> Chosen:
        """With one more use case served; a shared stage costs only what no other arm with its key has paid."""
        cost, paid = self.cost + option.own, self.paid
        if option.shared_key is not None:
            before = paid.get(option.shared_key, NOTHING)
            more = option.shared.beyond(before)
            cost, paid = cost + more, {**paid, option.shared_key: before + more}
        loss, regret = self.loss + option.loss, self.regret + option.regret
        return Chosen((*self.options, option), self.dropped, loss, regret, cost, paid)

    def drop(self, use_case: str) -> Chosen:
        """With one more use case left out."""
        return replace(self, dropped=(*self.dropped, use_case))

    def fits(self, money: float | None, hours: float | None) -> bool:
        """Whether the caps allow it; None is no cap."""
        slack = 10**-ROUNDING
        return all(
            cap is None or spent <= cap + slack for spent, cap in ((self.cost.money, money), (self.cost.hours, hours))
        )

    @cached_property
    def sums(self) -> tuple[float, ...]:
        """What is minimised, in this order: use cases left out, loss, weight, regret; then what the budget caps."""
        return (
            len(self.dropped), *(round(v, ROUNDING) for v in (self.loss, self.cost.weight, self.regret)),
            *(round(v, ROUNDING) for v in (self.cost.money, self.cost.hours)),
        )  # fmt: skip

    @cached_property
    def key(self) -> tuple[object, ...]:
        """A total order, so that the same options always give the same portfolio."""
        return (*self.sums, tuple(o.arm for o in self.options))


def allocate(cases: Sequence[tuple[str, Sequence[Option]]], *, money: float | None, hours: float | None) -> Chosen:
    """The portfolio that leaves the fewest use cases out, then has the least loss, then is the cheapest.

    Partial portfolios that another one beats in everything are dropped: exact while at most `MOST_STATES` remain;
    beyond that the best, and the least demanding in money and in hours, are kept.
    """
    states = [Chosen()]
    for use_case, options in cases:
        grown = [s.take(o) for s in states for o in options] + [s.drop(use_case) for s in states]
        states = _kept([s for s in grown if s.fits(money, hours)])
    return min(states, key=lambda s: s.key)


def _kept(states: Sequence[Chosen]) -> list[Chosen]:
    """States that no other with the same shared stages beats in everything, at most `MOST_STATES`, in order."""
    groups: dict[tuple[tuple[str, Cost], ...], list[Chosen]] = {}
    for state in sorted(states, key=lambda s: s.key):
        groups.setdefault(tuple(sorted(state.paid.items(), key=lambda p: p[0])), []).append(state)
    front = sorted((s for group in groups.values() for s in _unbeaten(group)), key=lambda s: s.key)
    if len(front) <= MOST_STATES:
        return front
    third = MOST_STATES // 3
    frugal = sorted(front, key=lambda s: (len(s.dropped), s.cost.money, s.key))[:third]
    quick = sorted(front, key=lambda s: (len(s.dropped), s.cost.hours, s.key))[:third]
    kept = {id(s): s for s in (*front[:third], *frugal, *quick)}
    return sorted(kept.values(), key=lambda s: s.key)


def _unbeaten(ordered: Sequence[Chosen]) -> list[Chosen]:
    """Of states in order, those of which no earlier one is at least as good in every sum."""
    sums = np.array([s.sums for s in ordered])
    kept: list[int] = []
    for number, row in enumerate(sums):
        if not (sums[kept] <= row).all(axis=1).any():
            kept.append(number)
    return [ordered[k] for k in kept]
