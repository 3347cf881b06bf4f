"""What a recogniser is, and the ways of looking that several share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import regex

from dono.corpus.privacy.findings import Finding
from dono.corpus.privacy.reading import Number, Reading

Recogniser = Callable[[Reading], Iterator[Finding]]
"""Finds identifiers of one kind or of a few that only their form tells apart."""

GLUED = regex.compile(r"[A-Za-z]+[:#._\-/=]?$")
LABELS = (
    "AADHAAR", "AADHAR", "AC", "ACC", "AWB", "CALL", "CARD", "ICCID", "IMEI", "IMSI", "IP", "MOB", "MOBILE", "NO", "PH",
    "PHONE", "PIN", "SIM", "TEL", "UID", "VID",
)  # fmt: skip
"""Words in capitals that may be glued before a number; behind others it is a part of a code."""
CODE_BEFORE = regex.compile(rf"(?<![A-Za-z])(?!(?:{'|'.join(LABELS)})[\-/])[A-Z]{{2,8}}[\-/]$")
CODE_BEHIND = regex.compile(r"[\-/][A-Z]{2}")
AMOUNT_BEHIND = regex.compile(r",[0-9]{2,3}(?![0-9])|\.[0-9]")
DIGIT_BEHIND = regex.compile(r"[a-z]{0,3}[0-9]")
URL = regex.compile(r"(?:https?://|www\.)[^\s]*$")


def codes(reading: Reading, pattern: regex.Pattern[str]) -> Iterator[regex.Match[str]]:
    """Matches where letters stand beside digits."""
    for start, end in reading.code_places:
        yield from pattern.finditer(reading.folded, start, end)


def upper_code(body: str) -> regex.Pattern[str]:
    """A code in capitals: Latin small letters and letters of other scripts may be glued to it."""
    return regex.compile(rf"(?<![A-Z0-9])(?:{body})(?![A-Z0-9])")


def any_code(body: str) -> regex.Pattern[str]:
    """A code in capitals or small letters, with no Latin letter beside it."""
    return regex.compile(rf"(?<![A-Za-z0-9])(?:{body})(?![A-Za-z0-9])", regex.IGNORECASE)


def free(reading: Reading, number: Number) -> bool:
    """Whether a number stands for itself: no part of an amount, a decimal, a longer code, an address in the net."""
    before, after = reading.beside(number.start, number.end)
    folded = reading.folded
    if number.cut or before == "@" or after == "@" or before in ("$", "₹", "€", "£") or after == "%":
        return False
    if before == "," and folded[number.start - 2 : number.start - 1].isdigit():
        return False
    if AMOUNT_BEHIND.match(folded, number.end):
        return False
    if after.isascii() and after.isalpha() and after.isupper():
        return False
    if CODE_BEFORE.search(folded, max(0, number.start - 12), number.start) or CODE_BEHIND.match(folded, number.end):
        return False
    if before and (before.isascii() and before.isalpha()):
        glued = GLUED.search(folded, max(0, number.start - 12), number.start)
        if glued is not None and glued[0].isupper() and glued[0].rstrip(":#._-/=") not in LABELS:
            return False
        return not DIGIT_BEHIND.match(folded, number.end)
    return URL.search(folded, max(0, number.start - 80), number.start) is None
