"""What a recogniser finds, and which of two findings holds where they overlap."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

SHORTEST_ADDRESS = 8
"""An address cut to fewer characters than this is dropped (assumed)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An identifier at `text[start:end]`.

    `cue` is how many characters away a word stands that names the kind, None where there is none. `checked` says that
    a check digit or a list of what exists confirms it.
    """

    start: int
    end: int
    kind: str
    cue: int | None = None
    checked: bool = False


def resolved(found: Iterable[Finding], order: Sequence[str]) -> list[Finding]:
    """Findings of a text that do not overlap, by place. Where some overlap, one holds:

    1. one that is checked and longer, before what lies within it (a card number before the Aadhaar in its middle);
    2. one with a cue before one without; of two with a cue the nearer cue;
    3. the kind that stands earlier in `order`; 4. the longer; 5. the earlier.

    An address does not compete: it is cut short before the first finding within it.
    """
    ranks = {kind: rank for rank, kind in enumerate(order)}
    everything = set(found)
    checked = [one for one in everything if one.checked]
    whole = [one for one in everything if not any(_within(one, other) for other in checked)]
    whole.sort(key=lambda f: (f.cue is None, f.cue or 0, ranks[f.kind], f.start - f.end, f.start))
    held: list[Finding] = []
    for one in (f for f in whole if f.kind != "address"):
        at = bisect_left(held, one.start, key=lambda f: f.end - 1)
        if at == len(held) or held[at].start >= one.end:
            held.insert(at, one)
    for one in (f for f in whole if f.kind == "address"):
        at = bisect_left(held, one.start, key=lambda f: f.end - 1)
        end = min(one.end, held[at].start) if at < len(held) else one.end
        if end - one.start >= min(SHORTEST_ADDRESS, one.end - one.start):
            held.insert(at, replace(one, end=end))
    return held


def _within(one: Finding, other: Finding) -> bool:
    return other.start <= one.start and one.end <= other.end and other.end - other.start > one.end - one.start
