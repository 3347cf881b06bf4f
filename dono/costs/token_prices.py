"""What hosted models cost for a million tokens, as their providers published it, with the day it was read."""

from __future__ import annotations

from dataclasses import dataclass

from dono.costs.ranges import Label, Range
from dono.costs.serving import DAYS, Traffic

TOKEN_PRICES_READ = "2026-11"
_LIST = f"LiteLLM's table of list prices (commit 00035b69), read {TOKEN_PRICES_READ}"


@dataclass(frozen=True)
class TokenPrice:
    """Money for a million tokens that are read and written, in `currency`, without rebates for batches or repeats."""

    reading: float
    writing: float
    currency: str = "USD"
    label: Label = "borrowed"
    source: str = _LIST

    def cost(self, tokens_in: float, tokens_out: float) -> float:
        """What so many tokens cost."""
        return (tokens_in * self.reading + tokens_out * self.writing) / 1e6


TOKEN_PRICES: dict[str, TokenPrice] = {
    "claude-haiku-4-5": TokenPrice(1.0, 5.0),
    "gemini-2.5-pro": TokenPrice(1.25, 10.0),
    "gemini-3-flash-preview": TokenPrice(0.5, 3.0),
    "gemini-3.1-pro-preview": TokenPrice(2.0, 12.0),
    "gemini-3.5-flash": TokenPrice(1.5, 9.0),
    "gpt-4.1": TokenPrice(2.0, 8.0),
    "gpt-4.1-mini": TokenPrice(0.4, 1.6),
    "gpt-4.1-nano": TokenPrice(0.1, 0.4),
    "gpt-4o": TokenPrice(2.5, 10.0),
    "gpt-4o-mini": TokenPrice(0.15, 0.6),
    "gpt-5.2": TokenPrice(1.75, 14.0),
    "gpt-5.4": TokenPrice(2.5, 15.0),
    "gpt-5.4-mini": TokenPrice(0.75, 4.5),
    "gpt-5.6": TokenPrice(5.0, 30.0),
    "gpt-5.6-luna": TokenPrice(1.0, 6.0),
    "gpt-5.6-terra": TokenPrice(2.5, 15.0),
}
"""By the provider's own name of the model. Prices move: a project should give its own (`price` of an endpoint)."""


def listed_price(model: str) -> TokenPrice | None:
    """The row of a model, with a provider before its name or not; None where the table has none."""
    return TOKEN_PRICES.get(model) or TOKEN_PRICES.get(model.rsplit("/", maxsplit=1)[-1])


def hosted_cost(traffic: Traffic, price: TokenPrice, *, longer_in: float = 1.0, longer_out: float = 1.0) -> Range:
    """A month of traffic, in the price's currency.

    `longer_*` are how many tokens this model makes of one of the traffic's, in what it reads and what it writes.
    """
    money = price.cost(traffic.tokens_in * longer_in, traffic.tokens_out * longer_out) * traffic.requests_per_day * DAYS
    return Range(money, money, money, price.label, price.source)
