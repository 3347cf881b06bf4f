"""Texts as arrays of hashed words: what copies of a text share. For matching only, nothing of it is learned from.

Texts are in NFC. A word is a run of letters, marks and numbers with case folded and digits as 0 to 9; joiners are left
out, marks stay (कला is not केला). In scripts without spaces every letter with its marks is a word of its own.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dono.corpus.categories import categories, majors

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

AT_ONCE = 1 << 18
"""Characters that are looked at at a time: about 60 bytes of memory each."""
NOTHING, BASE, MARK, ALONE = range(4)
"""Kinds of characters: between words; a letter or number; a mark; a letter of a script without spaces."""
UNSPACED = [
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x1950, 0x19DF), (0x1A20, 0x1AAF), (0x3005, 0x3007),
    (0x3040, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
]  # fmt: skip
"""Blocks of Thai, Lao, Burmese, Khmer, Tai scripts, kana and Han."""
JOINERS = "\u200c\u200d"
STEP = 0x9E3779B97F4A7C15
"""Odd, so that it has an inverse modulo 2^64: the golden ratio (borrowed: Steele and others 2014, SplitMix)."""


class Spelled(NamedTuple):
    """The words of some texts by their places in `codes`, the folded code points of the texts with a line end each.

    `starts` and `ends` (one past the last) are [words], `text` says which text a word is of: [words]. `kinds` are the
    kinds of the code points. The texts, or parts of long ones, begin at `parts` and are `part_text`: both [parts].
    """

    codes: npt.NDArray[np.uint32]
    kinds: npt.NDArray[np.uint8]
    starts: Places
    ends: Places
    text: Places
    parts: Places
    part_text: Places


def folded(text: str) -> str:
    """A text in NFC without what copies may differ in: joiners and case."""
    if text.isascii():
        return text.lower()
    for joiner in JOINERS:
        text = text.replace(joiner, "")
    return text.casefold()


def spelled(texts: Sequence[str]) -> Iterator[Spelled]:
    """The words of texts, `AT_ONCE` characters at a time; a longer text comes in parts, cut at white space."""
    waiting: list[str] = []
    numbers: list[int] = []
    size = 0
    for number, text in enumerate(texts):
        for part in _parts(folded(text)):
            if waiting and size + len(part) > AT_ONCE:
                yield _spelled(waiting, numbers)
                waiting, numbers, size = [], [], 0
            waiting.append(part)
            numbers.append(number)
            size += len(part) + 1
    if waiting:
        yield _spelled(waiting, numbers)


def _parts(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > AT_ONCE:
        end = max(text.rfind(mark, start + AT_ONCE // 2, start + AT_ONCE) for mark in "\n ") + 1
        end = end or start + AT_ONCE
        yield text[start:end]
        start = end
    yield text[start:]


def _spelled(parts: Sequence[str], numbers: Sequence[int]) -> Spelled:
    joined = "\n".join(parts) + "\n"
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    if not joined.isascii():
        codes = _digits()[codes]
    kinds = _kinds()[codes]
    inside = kinds != NOTHING
    before = np.concatenate([[False], inside[:-1]])
    starts = inside & ~before
    if (kinds == ALONE).any():
        base = np.maximum.accumulate(np.where(kinds != MARK, np.arange(len(kinds)), 0))
        after_alone = np.concatenate([[False], kinds[base][:-1] == ALONE])
        starts |= (kinds == ALONE) | ((kinds == BASE) & after_alone)
    places = np.flatnonzero(starts)
    ends = np.flatnonzero(inside & np.concatenate([starts[1:] | ~inside[1:], [True]])) + 1
    part_ends = np.cumsum([len(p) + 1 for p in parts])
    part_text = np.asarray(numbers, dtype=np.int64)
    text = part_text[np.searchsorted(part_ends, places, "right")]
    return Spelled(codes, kinds, places, ends, text, np.append(0, part_ends[:-1]), part_text)


def word_hashes(words: Spelled) -> Hashes:
    """64 bits that stand for each word: [words]. Equal in every process and on every machine."""
    return span_hashes(values()[words.codes], words.starts, words.ends)


def span_hashes(values: Hashes, starts: Places, ends: Places) -> Hashes:
    """Hashes of spans of a sequence of random values: a polynomial in `STEP` modulo 2^64, then mixed: [spans].

    Equal spans have equal hashes wherever they stand; different ones share one with odds of about 1 to 2^64.
    """
    powers, inverses = _powers(1 << max(19, len(values).bit_length()))
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(values * powers[: len(values)], dtype=np.uint64)])
    return mixed((sums[ends] - sums[starts]) * inverses[starts])


def mixed(values: Hashes) -> Hashes:
    """Values with their bits mixed (borrowed: the finaliser of SplitMix64, Steele and others 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@lru_cache(maxsize=1)
def values() -> Hashes:
    """A random value for each code point: [code points]."""
    return mixed(np.arange(1, sys.maxunicode + 2, dtype=np.uint64) * np.uint64(STEP))


@lru_cache(maxsize=4)
def _powers(size: int) -> tuple[Hashes, Hashes]:
    powers = np.full(size, STEP, dtype=np.uint64)
    inverses = np.full(size, pow(STEP, -1, 1 << 64), dtype=np.uint64)
    powers[0] = inverses[0] = 1
    return np.cumprod(powers, dtype=np.uint64), np.cumprod(inverses, dtype=np.uint64)


@lru_cache(maxsize=1)
def _kinds() -> npt.NDArray[np.uint8]:
    kinds = np.full(sys.maxunicode + 1, NOTHING, dtype=np.uint8)
    for major, kind in ((b"L", BASE), (b"N", BASE), (b"M", MARK)):
        kinds[majors() == major] = kind
    for first, last in UNSPACED:
        part = kinds[first : last + 1]
        part[part == BASE] = ALONE
    return kinds


@lru_cache(maxsize=1)
def _digits() -> npt.NDArray[np.uint32]:
    """Each code point, decimal digits of all scripts as 0 to 9."""
    codes = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    for code in np.flatnonzero(categories() == b"Nd").tolist():
        codes[code] = ord("0") + unicodedata.decimal(chr(code))
    return codes


def by_text(hashes: Hashes, text: Places) -> Places:
    """The order of hashes by text, then by value: [hashes]. What `np.lexsort` gives in half its time."""
    order = np.argsort(hashes)
    few = text.astype(np.uint16) if not len(text) or text.max() < 1 << 16 else text  # sorted by radix
    return order[np.argsort(few[order], kind="stable")]


class Known:
    """A set of hashes in which many are looked up at once: first in a table of bits, the few that pass by bisection."""

    def __init__(self, hashes: Hashes) -> None:
        self.keys = np.unique(hashes)
        self.low = np.uint64((1 << max(16, len(self.keys).bit_length() + 5)) - 1)
        self.some = np.zeros(int(self.low) + 1, dtype=np.bool_)
        self.some[self.keys & self.low] = True

    def find(self, hashes: Hashes) -> tuple[Places, Places]:
        """Places of those that are known, and which of `keys` each is; both [found]."""
        at = np.flatnonzero(self.some[hashes & self.low])
        which = np.searchsorted(self.keys, hashes[at])
        right = self.keys[np.minimum(which, len(self.keys) - 1)] == hashes[at] if len(at) else np.zeros(0, dtype=bool)
        return at[right], which[right]


def run_starts(text: Places, size: int) -> Places:
    """Places of words at which a run of `size` words of one text begins: [runs]."""
    starts = np.arange(max(0, len(text) - size + 1))
    return starts[text[starts] == text[starts + size - 1]]
