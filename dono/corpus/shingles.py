"""Texts as sets of shingles, and their MinHash signatures: what near copies are found by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

from dono.corpus.documents import digest
from dono.corpus.matching import (
    MARK,
    NOTHING,
    Hashes,
    Places,
    Spelled,
    by_text,
    mixed,
    span_hashes,
    spelled,
    values,
    word_hashes,
)

SHINGLE = 5
"""Words of a shingle, or letters of a short text's (borrowed: FineWeb's 5-grams, Penedo and others 2024)."""
SHORT = 50
"""A text of fewer words is compared by its letters: below it one changed word of the text alone makes word 5-grams of
Jaccard 0.8 impossible (5 of the 46 shingles go and 5 come: 41 / 51)."""
BOTH = 75
"""A text of fewer words is compared by its letters too when the other is short (assumed: beyond one and a half times
its length a text is no near copy)."""
MOSTLY_SHORT = 0.9
"""Share of short texts from which on the letters of all texts are hashed (assumed)."""
SLOTS = 128
"""Values of a signature (borrowed: datasketch's default). Of each 16 bits are kept (b-bit MinHash, Li, König 2010)."""
SEED = 5
ROW_BYTES = SLOTS * 2


class Marks(NamedTuple):
    """What is remembered of each text until all are known: a digest [n], and a signature.

    A signature has one row of `ROW_BYTES` bytes, two for a text of `SHORT` to `BOTH` words, none for a text without a
    word or where near copies are not asked for.
    """

    digest: Hashes
    signature: Sequence[bytes]


class Shingles(NamedTuple):
    """Sets of shingles of texts, one after another: those of text i are `hashes[begins[i] : begins[i + 1]]`."""

    hashes: Hashes
    begins: Places


def marks_of(texts: Sequence[str], near: bool) -> Marks:
    """The marks of some texts. Pure: equal texts have equal marks in any batch, process and machine."""
    digests = np.fromiter((digest(t) for t in texts), dtype=np.uint64, count=len(texts))
    if not near:
        return Marks(digests, [b""] * len(texts))
    rows = [signatures(s) for s in shingles_of(texts)]
    return Marks(digests, [by_words + by_letters for by_words, by_letters in zip(*rows, strict=True)])


def shingles_of(texts: Sequence[str]) -> tuple[Shingles, Shingles]:
    """Shingles of texts by words and by letters. A text of `SHORT` to `BOTH` words has both, others have one."""
    words: list[tuple[Hashes, Places]] = []
    letters: list[tuple[Hashes, Places]] = []
    counts = np.zeros(len(texts), dtype=np.int64)
    parts = list(spelled(texts))
    for part in parts:
        words.append((word_hashes(part), part.text))
        counts += np.bincount(part.text, minlength=len(texts))
    short = counts < BOTH
    if short.sum() < MOSTLY_SHORT * len(short):  # spelling a few anew is less work than the letters of all
        parts = list(spelled([t if s else "" for t, s in zip(texts, short.tolist(), strict=True)]))
    for part in parts:
        letters.append(_letters(part))
    return _grams(words, counts >= SHORT), _grams(letters, counts < BOTH)


def _letters(words: Spelled) -> tuple[Hashes, Places]:
    """Letters with their marks, the first of a word told apart from the same further on; and which text each is of."""
    begins = (words.kinds != NOTHING) & (words.kinds != MARK)
    begins[words.starts] = True
    starts = np.flatnonzero(begins)
    stops = np.flatnonzero(begins | (words.kinds == NOTHING))
    hashes = span_hashes(values()[words.codes], starts, stops[np.searchsorted(stops, starts, "right")])
    first = np.searchsorted(starts, words.starts)
    hashes[first] = mixed(hashes[first])
    return hashes, words.text[np.searchsorted(words.starts, starts, "right") - 1]


def _grams(parts: Sequence[tuple[Hashes, Places]], wanted: npt.NDArray[np.bool_]) -> Shingles:
    """Sets of runs of `SHINGLE` hashes of the texts that are wanted; a text with fewer has one, of all it has."""
    nothing = np.zeros(0, dtype=np.int64)
    hashes = np.concatenate([nothing.astype(np.uint64), *(h for h, _ in parts)])
    text = np.concatenate([nothing, *(t for _, t in parts)])
    hashes, text = hashes[wanted[text]], text[wanted[text]]
    counts = np.bincount(text, minlength=len(wanted))
    ends = np.cumsum(counts)
    few = (counts > 0) & (counts < SHINGLE)
    starts = np.arange(max(0, len(hashes) - SHINGLE + 1))
    starts = starts[text[starts] == text[starts + SHINGLE - 1]]
    begins = np.concatenate([starts, (ends - counts)[few]])
    grams = span_hashes(hashes, begins, np.concatenate([starts + SHINGLE, ends[few]]))
    return _sets(grams, text[begins], len(wanted))


def _sets(hashes: Hashes, text: Places, texts: int) -> Shingles:
    """Hashes ordered by text and value, each once."""
    order = by_text(hashes, text)
    hashes, text = hashes[order], text[order]
    new = np.ones(len(hashes), dtype=np.bool_)
    new[1:] = (hashes[1:] != hashes[:-1]) | (text[1:] != text[:-1])
    return Shingles(hashes[new], np.searchsorted(text[new], np.arange(texts + 1)))


def signatures(shingles: Shingles) -> list[bytes]:
    """The MinHash signature of each set, `ROW_BYTES` long; empty for an empty set."""
    digests = RMinHash.digest_matrix_from_flat_token_hashes(
        shingles.hashes, shingles.begins.astype(np.uint64), SLOTS, SEED
    )
    rows = np.array(digests.to_rows(), dtype=np.uint32).reshape(-1, SLOTS)
    kept = mixed(rows.astype(np.uint64)).astype(np.uint16)
    full = np.diff(shingles.begins) > 0
    return [row.tobytes() if some else b"" for row, some in zip(kept, full, strict=True)]
