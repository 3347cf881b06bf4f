"""Money: one currency for a project, and a meter that stops at the cap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dono.costs.ranges import Label, Range, exactly
from dono.errors import Capped, Mistake

RATES_READ = "2026-11"
DEFAULT_RATES: dict[tuple[str, str], float] = {("USD", "INR"): 88.0}
"""How much of the second one unit of the first costs: assumed; a project should give its own."""


@dataclass(frozen=True)
class Exchange:
    """Into one currency. `rates` says how much of `currency` one unit of another costs, e.g. {"USD": 88.0}."""

    currency: str
    rates: Mapping[str, float] = field(default_factory=dict)

    def rate(self, source: str) -> tuple[float, Label, str]:
        """The rate from `source`, how it is known, and where it is from.

        Raises `Mistake` where neither the project nor our table has one.
        """
        if source == self.currency:
            return 1.0, "measured", "the same currency"
        if source in self.rates:
            return self.rates[source], "assumed", f"rates.{source} of the project file"
        known = f"{source}/{self.currency} rate of {RATES_READ}"
        if (source, self.currency) in DEFAULT_RATES:
            return DEFAULT_RATES[source, self.currency], "assumed", known
        if (self.currency, source) in DEFAULT_RATES:
            return 1 / DEFAULT_RATES[self.currency, source], "assumed", known
        what = f"no rate from {source} to {self.currency}"
        raise Mistake(what, where="rates", remedy=f"Add `rates: {{{source}: …}}`, the {self.currency} that one costs")

    def into(self, amount: Range, source: str) -> Range:
        """An amount of `source` in this currency; the source names the rate that was used."""
        if source == self.currency:
            return amount
        rate, label, where = self.rate(source)
        return amount.by(exactly(rate, label, f"{where} ({rate:g})"))


class Meter:
    """Adds up seconds and money at a price an hour; says when a cap is reached. Caps may be None."""

    def __init__(
        self,
        price_per_hour: float,
        *,
        currency: str,
        cap_money: float | None = None,
        cap_hours: float | None = None,
        seconds: float = 0.0,
    ) -> None:
        """`seconds` were spent before, by an earlier start of the same work."""
        assert price_per_hour >= 0 and seconds >= 0
        self.price_per_hour, self.currency, self.seconds = price_per_hour, currency, seconds
        self.cap_money, self.cap_hours = cap_money, cap_hours

    def add(self, seconds: float) -> None:
        """Count `seconds` more."""
        assert seconds >= 0
        self.seconds += seconds

    @property
    def hours(self) -> float:
        """Hours spent."""
        return self.seconds / 3600

    @property
    def money(self) -> float:
        """Money spent."""
        return self.hours * self.price_per_hour

    @property
    def cap_seconds(self) -> float:
        """When the nearest cap is reached; infinity without one."""
        caps = [float("inf")]
        if self.cap_hours is not None:
            caps.append(self.cap_hours * 3600)
        if self.cap_money is not None and self.price_per_hour > 0:
            caps.append(self.cap_money / self.price_per_hour * 3600)
        return min(caps)

    @property
    def left_seconds(self) -> float:
        """How long work may still go on; infinity without a cap."""
        return max(0.0, self.cap_seconds - self.seconds)

    def affords(self, seconds: float) -> bool:
        """Whether so many seconds more stay within the caps."""
        return seconds <= self.left_seconds

    def reached(self) -> str | None:
        """The cap that is reached, in words, or None."""
        if self.cap_hours is not None and self.hours >= self.cap_hours:
            return f"{self.cap_hours:g} hours"
        if self.cap_money is not None and self.money >= self.cap_money and self.price_per_hour > 0:
            return f"{self.currency} {self.cap_money:,.0f}"
        return None

    def check(self) -> None:
        """Raise `Capped` when a cap is reached: call it after the state was saved."""
        cap = self.reached()
        if cap is not None:
            raise Capped(cap, str(self))

    def __str__(self) -> str:
        caps = [
            f"{self.currency} {self.money:,.2f}" + (f"/{self.cap_money:,.0f}" if self.cap_money is not None else "")
        ]
        caps.append(f"{self.hours:.2f}" + (f"/{self.cap_hours:g}" if self.cap_hours is not None else "") + " h")
        return ", ".join(caps)
