"""How fast an endpoint is asked: so many requests a minute, and none while it asks everybody to wait."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds before the second try, doubled each time, and the most (customary)."""
LONGEST_ASKED = 600.0
"""A server that asks for a longer wait than this is taken at this (assumed: nobody watches a pilot for hours)."""


def waited(milliseconds: str | None, after: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a server asks to wait: `retry-after-ms`, else Retry-After, a number or a date (RFC 9110, 10.2.3).

    None where it asks for nothing that can be read.
    """
    for text, unit in ((milliseconds, 1000.0), (after, 1.0)):
        if text is None:
            continue
        try:
            seconds = float(text) / unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return min(max(0.0, seconds), LONGEST_ASKED)
    try:
        moment = parsedate_to_datetime(after) if after is not None else None
    except ValueError:
        return None
    if moment is None:
        return None
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds()
    return min(max(0.0, seconds), LONGEST_ASKED)


def before_try(number: int, after: float | None, drawn: float) -> float:
    """Seconds before try `number` (the second is 1): what the server asks for, else doubling, less up to half.

    `drawn` in 0–1 is the jitter: workers that failed together do not come back together.
    """
    if after is not None:
        return after
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (number - 1)) * (1 - drawn / 2)


class Pace:
    """Lets one request through at a time; safe for threads."""

    def __init__(
        self,
        per_minute: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.gap = 0.0 if per_minute is None else 60.0 / per_minute
        self.clock, self.sleep = clock, sleep
        self._next = -math.inf
        self._lock = threading.Lock()

    def take_turn(self) -> None:
        """Wait until the next request may be sent."""
        with self._lock:
            now = self.clock()
            mine = max(now, self._next)
            self._next = mine + self.gap
        if mine > now:
            self.sleep(mine - now)

    def hold(self, seconds: float) -> None:
        """Nobody asks again before so many seconds: the server said that it is asked too often."""
        with self._lock:
            self._next = max(self._next, self.clock() + seconds)
