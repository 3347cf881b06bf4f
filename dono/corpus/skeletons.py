"""Words as consonants that survive transliteration, so that a text meets its copy in another script. For matching only.

What writers in Latin letters are free in goes: vowels, aspiration, voicing (Tamil does not write it), length, nasals
but m, and h, y, v, w, which come and go between vowels. Seven classes stay, and digits. "नमस्ते दुनिया", "namaste duniya",
"நமஸ்தே" and "نمستے" share m·s·t; a word without any of the classes (है, hai, aayi) is left out.
"""

from __future__ import annotations

import sys
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dono.corpus.matching import Hashes, Places, Spelled, span_hashes, values

K, T, S, P, M, R, L = range(1, 8)
"""Classes: velars, dentals and retroflexes, palatals and sibilants, labials, m, r, l. 0: left out."""
FIRST_DIGIT = 10

LATIN = {K: "gkq", T: "dt", S: "jsxz", P: "bfp", M: "m", R: "r", L: "l"}
"""c is looked at apart: S before e, h, i and y, else K; and zh is L (Tamil and Malayalam)."""
ARABIC = {K: "کكگقخغ", T: "تٹطدڈڌ", S: "ثسصشزذضظژچج", P: "بپفڀ", M: "م", R: "رڑ", L: "ل"}
BRAHMIC = {
    K: [0x15, 0x16, 0x17, 0x18, 0x58, 0x59, 0x5A],
    T: [*range(0x1F, 0x23), *range(0x24, 0x28), 0x5C, 0x5D],
    S: [*range(0x1A, 0x1E), 0x36, 0x37, 0x38, 0x5B],
    P: [*range(0x2A, 0x2E), 0x5E],
    M: [0x2E],
    R: [0x0B, 0x30, 0x31, 0x43, 0x44, 0x60],
    L: [0x0C, 0x32, 0x33, 0x34],
}
"""Places in a block of 128 code points that Devanagari to Malayalam have in common (Unicode Standard, chapter 12)."""
BLOCKS = range(0x0900, 0x0D80, 0x80)
APART = {K: "ൿ", T: "ৎ", R: "ੜৰർ", L: "ൽൾ"}
"""Letters of single scripts."""
SPOKEN = {"ற்ற": (T, 0, R), "ன்ற": (0, T, R), "റ്റ": (T, 0, T)}
"""Conjuncts of Tamil and Malayalam that are spoken, and romanised, with a t or d."""
VIRAMA, NUKTA, JA, NYA = 0x4D, 0x3C, 0x1C, 0x1E
GYA_BLOCKS = [0x0900 >> 7, 0x0980 >> 7, 0x0A80 >> 7, 0x0B00 >> 7]
"""Where ज्ञ is written gy: Devanagari, Bengali, Gujarati, Odia."""
RRA_BLOCKS = [0x0980 >> 7, 0x0B00 >> 7]
"""Where ড় is written r: Bengali, Odia. In Hindi ड़ is more often written d."""

Codes = npt.NDArray[np.uint32]
Letters = npt.NDArray[np.uint8]


class Skeletons(NamedTuple):
    """Words that have a skeleton: its hash, how many letters it has, and the word's place among all; all [words]."""

    hashes: Hashes
    letters: Places
    word: Places


def skeletons(words: Spelled) -> Skeletons:
    """The skeletons of words; those that have none are left out."""
    letters = _letters(words.codes)
    at = np.flatnonzero(letters)
    letters, word = letters[at], np.searchsorted(words.starts, at, "right") - 1
    for left, right in ((M, P), (K, S)):  # sambandh and संबंध, taxi and टैक्सी
        last = np.concatenate([word[1:] != word[:-1], np.ones(min(1, len(word)), dtype=np.bool_)])
        following = np.concatenate([letters[1:], np.zeros(min(1, len(word)), dtype=np.uint8)])
        keep = (letters != left) | (following != right) | last
        letters, word = letters[keep], word[keep]
    double = np.zeros(len(letters), dtype=np.bool_)
    double[1:] = (letters[1:] == letters[:-1]) & (word[1:] == word[:-1]) & (letters[1:] < FIRST_DIGIT)
    letters, word = letters[~double], word[~double]
    begins = np.flatnonzero(np.diff(word, prepend=-1))
    ends = np.append(begins[1:], len(word))[: len(begins)]
    return Skeletons(span_hashes(values()[letters], begins, ends), ends - begins, word[begins])


def _letters(codes: Codes) -> Letters:
    letters = _classes()[codes]
    second, third = np.append(codes[1:], 0), np.append(codes[2:], (0, 0))[: len(codes)]
    soft = np.isin(second, [ord(c) for c in "ehiy"])
    letters = np.where(codes == ord("c"), np.where(soft, S, K), letters)
    letters[(codes == ord("z")) & (second == ord("h"))] = L
    block, place, next_place = codes >> 7, codes & 0x7F, second & 0x7F
    conjunct = (place == JA) & (next_place == VIRAMA) & (third & 0x7F == NYA)
    letters[conjunct & np.isin(block, GYA_BLOCKS)] = K
    letters[((place == 0x21) | (place == 0x22)) & (next_place == NUKTA) & np.isin(block, RRA_BLOCKS)] = R
    joined = np.append(0, codes[:-1] == ord("্"))[: len(codes)] & np.append((0, 0), codes[:-2] != ord("র"))[: len(codes)]
    letters[(codes == ord("য")) & (next_place != NUKTA) & (joined == 0)] = S  # j; as the second of a conjunct y
    for written, spoken in SPOKEN.items():
        at = np.flatnonzero((codes == ord(written[0])) & (second == ord(written[1])) & (third == ord(written[2])))
        for offset, letter in enumerate(spoken):
            letters[at + offset] = letter
    return letters.astype(np.uint8)


@lru_cache(maxsize=1)
def _classes() -> Letters:
    """The class of each code point: [code points]."""
    classes = np.zeros(sys.maxunicode + 1, dtype=np.uint8)
    for letter, places in BRAHMIC.items():
        for block in BLOCKS:
            classes[[block + place for place in places]] = letter
    for table in (ARABIC, APART, LATIN):
        for letter, characters in table.items():
            classes[[ord(c) for c in characters]] = letter
    for code in range(0x80, 0x250):  # letters with diacritics, as scholars write
        classes[code] = classes[ord(unicodedata.normalize("NFD", chr(code))[0])]
    for code in range(0x1E00, 0x1F00):
        classes[code] = classes[ord(unicodedata.normalize("NFD", chr(code))[0])]
    classes[ord("0") : ord("9") + 1] = np.arange(FIRST_DIGIT, FIRST_DIGIT + 10)
    return classes
