"""How much each key may ask: requests and tokens a minute, and in all. What a request took is counted when it ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from dono.serving.keys import Key, Used
from dono.serving.refusals import Refused, invalid


@dataclass
class Bucket:
    """An allowance of so much a minute, filled all the time; it may be overdrawn, and is then waited for."""

    per_minute: float
    clock: Callable[[], float]
    left: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.at = self.per_minute, self.clock()

    def _fill(self) -> None:
        now = self.clock()
        self.left = min(self.per_minute, self.left + (now - self.at) * self.per_minute / 60)
        self.at = now

    def wait(self, wanted: float) -> float:
        """Seconds until so much is there; 0 where it is."""
        self._fill()
        return max(0.0, (wanted - self.left) * 60 / self.per_minute)

    def take(self, amount: float) -> None:
        """Take so much, also more than there is."""
        self._fill()
        self.left -= amount


class Limits:
    """The allowances of all keys in this process; those a minute begin anew with it, quotas are in the ledger."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._requests: dict[str, Bucket] = {}
        self._tokens: dict[str, Bucket] = {}
        self._under_way: Counter[str] = Counter()

    def take(self, key: Key, prompt: int, used: Used) -> None:
        """A request begins whose prompt has so many tokens. Raises `Refused` (429) where a limit is reached."""
        if key.most_tokens is not None and used.tokens + self._under_way[key.name] + prompt > key.most_tokens:
            what = f"the quota of {key.most_tokens:,.0f} tokens is used up ({used.tokens:,} were used)"
            raise Refused(429, what, code="insufficient_quota")
        if key.most_money is not None and used.money >= key.most_money:
            what = f"the quota of {key.most_money:,.2f} is used up ({used.money:,.2f} were spent)"
            raise Refused(429, what, code="insufficient_quota")
        if key.tokens_per_minute is not None:
            if prompt > key.tokens_per_minute:
                what = f"the prompt has {prompt:,} tokens, this key may read {key.tokens_per_minute:,.0f} a minute"
                raise invalid(what, code="rate_limit_exceeded")
            tokens = self._bucket(self._tokens, key.name, key.tokens_per_minute)
            self._wait(tokens.wait(prompt), f"{key.tokens_per_minute:,.0f} tokens a minute")
        if key.requests_per_minute is not None:
            requests = self._bucket(self._requests, key.name, key.requests_per_minute)
            self._wait(requests.wait(1), f"{key.requests_per_minute:,.0f} requests a minute")
            requests.take(1)
        if key.tokens_per_minute is not None:
            self._tokens[key.name].take(prompt)
        self._under_way[key.name] += prompt

    def settle(self, key: Key, prompt: int, tokens: int) -> None:
        """A request ended that took so many tokens in all; `prompt` of them were taken when it began."""
        self._under_way[key.name] -= prompt
        if key.name in self._tokens:
            self._tokens[key.name].take(tokens - prompt)

    def _bucket(self, among: dict[str, Bucket], name: str, per_minute: float) -> Bucket:
        if name not in among or among[name].per_minute != per_minute:
            among[name] = Bucket(per_minute, self._clock)
        return among[name]

    @staticmethod
    def _wait(seconds: float, limit: str) -> None:
        if seconds > 0:
            what = f"this key's limit of {limit} is reached; try again in {seconds:.0f} s"
            raise Refused(429, what, code="rate_limit_exceeded", wait=seconds)
