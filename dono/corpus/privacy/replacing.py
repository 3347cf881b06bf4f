"""Identifiers replaced in a text: by typed placeholders or by surrogates; what is around them stays as it was."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from dono.corpus.privacy.findings import Finding
from dono.corpus.privacy.reading import fold
from dono.corpus.privacy.surrogates import surrogate

MARK_DIGITS = 10
"""Hexadecimal digits of a keyed placeholder: 40 bits, so that of a million mobile numbers few share a mark."""


def replaced(text: str, found: Sequence[Finding], *, surrogates: bool = False, key: bytes | None = None) -> str:
    """The text with every finding replaced. `found` is in order and without overlap.

    Without a key a placeholder is numbered within the text: <MOBILE_1>, and the same number again is <MOBILE_1> again.
    With a key the mark is a keyed hash (HMAC-SHA256) of kind and value, the same in every text. Surrogates need a key.
    """
    assert key or not surrogates
    numbers: dict[tuple[str, str], int] = {}
    counts: dict[str, int] = {}
    pieces, done = [], 0
    for one in found:
        value = text[one.start : one.end]
        same = one.kind, canonical(one.kind, value)
        put = surrogate(one.kind, value, _mark(key, *same)) if surrogates and key else None
        if put is None and key:
            put = f"<{one.kind.upper()}_{_mark(key, *same).hex()[:MARK_DIGITS]}>"
        elif put is None:
            if same not in numbers:
                counts[one.kind] = numbers[same] = counts.get(one.kind, 0) + 1
            put = f"<{one.kind.upper()}_{numbers[same]}>"
        pieces += [text[done : one.start], put]
        done = one.end
    return "".join([*pieces, text[done:]])


def canonical(kind: str, value: str) -> str:
    """What two writings of one identifier share: letters and digits in lower case, phones without their prefix."""
    inner = "".join(c for c in fold(value).lower() if c.isalnum() or (c in "@.:" and kind in ("email", "ip", "upi")))
    return inner[-10:] if kind in ("mobile", "landline") and inner.isdigit() and len(inner) > 10 else inner or value


def _mark(key: bytes, kind: str, value: str) -> bytes:
    return hmac.new(key, f"{kind}\n{value}".encode(), hashlib.sha256).digest()
