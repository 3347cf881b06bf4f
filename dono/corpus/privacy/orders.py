"""Numbers of orders, bookings, trips and parcels: only a word before them tells."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from dono.corpus.privacy.findings import Finding
from dono.corpus.privacy.reading import Reading
from dono.corpus.privacy.recogniser import codes, free

NEAR = 26
"""Characters between the cue and the number at most (assumed)."""
TOKEN = regex.compile(
    r"(?<![A-Za-z0-9])#?[A-Za-z]{0,6}[\-/]?(?=(?:[A-Za-z\-/]*[0-9]){4})[A-Za-z0-9](?:[A-Za-z0-9\-/]{2,26}[A-Za-z0-9])(?![A-Za-z0-9])"
)
AMAZON = regex.compile(r"(?<![0-9\-])[1-9][0-9]{2}-[0-9]{7}-[0-9]{7}(?![0-9\-])")
DATE = regex.compile(r"[0-9]{1,4}[\-/][0-9]{1,2}[\-/][0-9]{1,4}")
FEWEST = 6


def order(reading: Reading) -> Iterator[Finding]:
    """A number that a cue calls an order, a booking or a trip; Amazon's 3-7-7 without one."""
    for match in AMAZON.finditer(reading.folded) if reading.hot else ():
        yield Finding(*match.span(), "order", reading.cue("order", *match.span()), checked=True)
    yield from _named(reading, "order")


def awb(reading: Reading) -> Iterator[Finding]:
    """A number that a cue calls an air waybill, a consignment or a tracking number."""
    yield from _named(reading, "awb")


def _named(reading: Reading, kind: str) -> Iterator[Finding]:
    if not reading.names(kind):
        return
    spans = [m.span() for m in codes(reading, TOKEN) if not DATE.fullmatch(m[0]) and _enough(m[0])]
    spans += [(n.start, n.end) for ns in reading.numbers.values() for n in ns if not n.cut and free(reading, n)]
    for start, end in spans:
        if DATE.fullmatch(reading.folded, start, end):
            continue
        cue = reading.cue(kind, start, end, reach=NEAR)
        if cue is not None:
            yield Finding(start, end, kind, cue)


def _enough(token: str) -> bool:
    return sum(c.isalnum() for c in token) >= FEWEST
