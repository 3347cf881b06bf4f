"""How many letters of each script a text has, for many texts at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import regex
from numpy.typing import NDArray

LANGUAGE_OF = {
    "Tamil": "ta", "Telugu": "te", "Kannada": "kn", "Malayalam": "ml", "Gujarati": "gu", "Gurmukhi": "pa",
    "Oriya": "or", "Sinhala": "si", "Ol_Chiki": "sat", "Meetei_Mayek": "mni", "Thai": "th", "Lao": "lo",
    "Tibetan": "bo", "Myanmar": "my", "Khmer": "km", "Georgian": "ka", "Armenian": "hy", "Greek": "el",
    "Hangul": "ko", "Thaana": "dv",
}  # fmt: skip
"""Scripts that one language nearly always means. Other languages do use some of them (Mon and Karen are written in the
script of Burmese, Tulu in that of Kannada), and are taken for these."""

SHARED = ("Latin", "Devanagari", "Bengali", "Arabic", "Cyrillic", "Hebrew", "Ethiopic", "Han", "Hiragana", "Katakana")
"""Scripts in which several languages are written."""

SCRIPTS = ("none", *SHARED, *LANGUAGE_OF)
"""Rows of a histogram; "none" is what is no letter, or in no script of these."""

LAST = 0x10000
"""Characters beyond the basic plane are few and in scripts that we do not know."""


@cache
def _table() -> NDArray[np.uint8]:
    """The script of each character of the basic plane: letters with their marks, not digits and punctuation."""
    everything = "".join(chr(c) for c in range(LAST) if not 0xD800 <= c < 0xE000)
    table = np.zeros(LAST + 1, dtype=np.uint8)
    for place, script in enumerate(SCRIPTS[1:], 1):
        for found in regex.finditer(rf"[\p{{{script}}}&&[\p{{L}}\p{{M}}]]", everything, regex.V1):
            table[ord(found[0])] = place
    return table


def letters_by_script(texts: Sequence[str]) -> NDArray[np.int64]:
    """Letters and marks of each text by script: an array of texts x `SCRIPTS`."""
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    found = _table()[np.minimum(codes, LAST)]
    owner = np.repeat(np.arange(len(texts)), lengths) * len(SCRIPTS)
    counts = np.bincount(owner + found, minlength=len(texts) * len(SCRIPTS))
    return counts.reshape(len(texts), len(SCRIPTS))
