"""The general category of every character, in one array: what tables of characters are made from."""

from __future__ import annotations

import sys
import unicodedata
from functools import lru_cache

import numpy as np
import numpy.typing as npt

PLANES = (0, 1, 2, 3, 14)
"""Planes in which Unicode has characters; 15 and 16 are for private use, the others are empty (core specification,
section 2.8). Asking for those alone is what makes the table in a tenth of a second."""


@lru_cache(maxsize=1)
def categories() -> npt.NDArray[np.bytes_]:
    """Two letters for each code point ("Lo", "Mn", ...): [code points]. Read only: it is shared."""
    found = np.full(sys.maxunicode + 1, b"Cn", dtype="S2")
    for plane in PLANES:
        codes = range(plane << 16, (plane + 1) << 16)
        found[codes.start : codes.stop] = [unicodedata.category(chr(code)) for code in codes]
    for plane in (15, 16):
        found[plane << 16 : (plane << 16) + 0xFFFE] = b"Co"  # the last two of each plane are no characters
    found.flags.writeable = False
    return found


def majors() -> npt.NDArray[np.bytes_]:
    """The first letter of each category ("L", "M", ...): [code points]."""
    return categories().view("S1")[::2]
