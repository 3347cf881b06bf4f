"""One request under way: what it takes is counted while it runs, and written down once, however it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from dono.serving.engine import Event, Job, Piece, Usage
from dono.serving.keys import Ended, Key, Ledger, Used
from dono.serving.limits import Limits
from dono.serving.metrics import Metrics
from dono.serving.refusals import Refused

GONE = 499
"""The status of a request whose client went away (nginx' number)."""


@dataclass(frozen=True)
class Price:
    """What serving costs: an hour of the machine's work, and tokens bought elsewhere, in one currency."""

    per_hour: float = 0.0
    per_million_in: float = 0.0
    per_million_out: float = 0.0
    currency: str = "INR"

    def of(self, usage: Usage) -> float:
        """The cost of a request."""
        bought = (usage.prompt * self.per_million_in + usage.completion * self.per_million_out) / 1e6
        return bought + usage.seconds / 3600 * self.per_hour


@dataclass(frozen=True)
class Books:
    """Where what requests take is kept."""

    ledger: Ledger
    limits: Limits
    metrics: Metrics
    price: Price


class UnderWay:
    """A request of `key` on a route, from when its limits allow it until `end`."""

    def __init__(self, books: Books, key: Key, route: str, model: str) -> None:
        self.books, self.key, self.route, self.model = books, key, route, model
        self.began = time.monotonic()
        self._record: int | None = None
        self._prompt = 0
        self._drawn = 0
        self._at: dict[int, float] = {}
        self._usage: Usage | None = None
        self._events: AsyncGenerator[Event, None] | None = None
        self.failed: int | None = None
        """The status of a failure after the stream had begun."""

    @property
    def streamed_status(self) -> int:
        """How a stream ended: whole, failed, or with its client gone."""
        return self.failed or (GONE if self._usage is None else 200)

    async def begin(self, request: str, user: str | None, prompt: int) -> None:
        """Count the request against its key's limits. Raises `Refused` where one is reached."""
        ledger, name = self.books.ledger, self.key.name
        used = await asyncio.to_thread(ledger.used, name) if self.key.has_quota else Used()
        self.books.limits.take(self.key, prompt, used)
        self._prompt = prompt
        self._record = await asyncio.to_thread(ledger.begin, request, name, user, self.route, self.model)

    async def events(self, job: Job) -> AsyncGenerator[Event, None]:
        """What the engine answers, timed and counted on its way."""
        self._events = job.events()
        async for event in self._events:
            if isinstance(event, Usage):
                self._usage = event
            else:
                self._time(event)
            yield event

    def _time(self, piece: Piece) -> None:
        now, metrics = time.monotonic(), self.books.metrics
        before = self._at.get(piece.index)
        if not self._at:
            metrics.first.labels(self.model).observe(now - self.began)
        elif before is not None and piece.tokens:
            metrics.between.labels(self.model).observe((now - before) / piece.tokens)
        self._at[piece.index] = now
        self._drawn += piece.tokens

    def count(self, usage: Usage) -> None:
        """What a request without pieces took."""
        self._usage = usage

    async def end(self, status: int) -> None:
        """Stop what still runs, and write down what was taken. Only the first call counts."""
        if self._record is None:
            return
        record, self._record = self._record, None
        if self._events is not None:
            await self._events.aclose()
        usage = self._usage or Usage(self._prompt, self._drawn)
        money, metrics = self.books.price.of(usage), self.books.metrics
        self.books.limits.settle(self.key, self._prompt, usage.prompt + usage.completion)
        metrics.requests.labels(self.route, self.model, str(status)).inc()
        metrics.seconds.labels(self.route).observe(time.monotonic() - self.began)
        metrics.tokens.labels(self.model, "prompt").inc(usage.prompt)
        metrics.tokens.labels(self.model, "completion").inc(usage.completion)
        metrics.tokens.labels(self.model, "reused").inc(usage.reused)
        metrics.cost.labels(self.model).inc(money)
        ended = Ended(status, usage.prompt, usage.completion, money)
        await asyncio.shield(asyncio.to_thread(self.books.ledger.end, record, self.key.name, ended))


def status_of(error: BaseException) -> int:
    """The status that a request ends with by an exception."""
    if isinstance(error, Refused):
        return error.status
    return GONE if isinstance(error, asyncio.CancelledError | ConnectionError | GeneratorExit) else 500
