"""What asking an endpoint may cost: a cap that no request is sent beyond."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from dono.costs import TokenPrice
from dono.endpoints.ledger import Ledger
from dono.errors import Capped


@dataclass
class Purse:
    """Money in the currency of a price (None: its tokens cost nothing); safe for threads.

    A request is let through only where the most that it can cost is left, with what is under way: the cap holds
    whatever the server answers.
    """

    ledger: Ledger
    name: str
    price: TokenPrice | None = None
    cap: float | None = None
    _held: dict[int, float] = field(default_factory=dict)
    _spent: float = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._spent = self.ledger.spent(self.name).money

    @property
    def spent(self) -> float:
        """All that may have to be paid so far, with what is under way."""
        return self._spent + sum(self._held.values())

    def cost(self, tokens_in: float, tokens_out: float) -> float:
        """What so many tokens cost."""
        return self.price.cost(tokens_in, tokens_out) if self.price else 0.0

    def take(self, key: str, most: float) -> int:
        """Let a request through that costs `most` at most; its number. Raises `Capped` where that is not left."""
        with self._lock:
            if self.price is not None and self.cap is not None and self.spent + most > self.cap:
                currency = self.price.currency
                raise Capped(f"{currency} {self.cap:,.4g} for asking {self.name}", f"{currency} {self.spent:,.4g}")
            number = self.ledger.send(key, self.name, most)
            self._held[number] = most
        return number

    def pay(self, number: int, money: float) -> None:
        """A request that was let through cost so much."""
        with self._lock:
            self._held.pop(number)
            self._spent += money
