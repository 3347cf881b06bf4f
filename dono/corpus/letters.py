"""One spelling for letters that Unicode lets one write in two ways, beyond what canonical composition (NFC) makes one.

The pairs are those of the Unicode Character Database, DoNotEmit.txt 17.0: sequences "similar to each other for display,
collation, or searching purposes", of which the second is the one to write. The Bengali and
Gurmukhi vowel letters are from the core specification's tables as we know them; the others were read in the file.
"""

from __future__ import annotations

import unicodedata

import numpy as np
import regex

from dono.corpus.categories import categories

CHILLUS = {"ണ": "ൺ", "ന": "ൻ", "ര": "ർ", "ല": "ൽ", "ള": "ൾ"}
"""Malayalam_Chillu (core specification, table 12-40). For U+0D7F ൿ the table has no older sequence, so ക്‍ stays."""

VOWEL_LETTERS = {
    # Indic_Vowel_Letter (tables 12-1, 12-14, 12-16, 12-20, 12-22, 12-26, 12-30 to 12-32): a vowel letter with a vowel
    # sign that looks like another vowel letter, as keyboards and converted legacy fonts leave it.
    "अ": {"ॆ": "ऄ", "ा": "आ", "ॉ": "ऑ", "ॊ": "ऒ", "ो": "ओ", "ौ": "औ", "ॅ": "ॲ"},
    "आ": {"ॅ": "ऑ", "ॆ": "ऒ", "े": "ओ", "ै": "औ"},
    "उ": {"ु": "ऊ"},
    "ए": {"ॅ": "ऍ", "ॆ": "ऎ", "े": "ऐ"},
    "অ": {"া": "আ"},
    "ਅ": {"ਾ": "ਆ", "ੈ": "ਐ", "ੌ": "ਔ"},
    "ੲ": {"ਿ": "ਇ", "ੀ": "ਈ", "ੇ": "ਏ"},
    "ੳ": {"ੁ": "ਉ", "ੂ": "ਊ", "ੋ": "ਓ"},
    "અ": {"ા": "આ", "ૅ": "ઍ", "ે": "એ", "ૈ": "ઐ", "ૉ": "ઑ", "ો": "ઓ", "ૌ": "ઔ"},
    "ଅ": {"ା": "ଆ"},
    "ଏ": {"ୗ": "ଐ"},
    "ଓ": {"ୗ": "ଔ"},
    "ఒ": {"ౕ": "ఓ", "ౌ": "ఔ"},
    "ಉ": {"ಾ": "ಊ"},
    "ಒ": {"ೌ": "ಔ"},
    "ಋ": {"ಾ": "ೠ"},
    "ഇ": {"ൗ": "ഈ"},
    "ഉ": {"ൗ": "ഊ"},
    "എ": {"െ": "ഐ"},
    "ഒ": {"ാ": "ഓ", "ൗ": "ഔ"},
}
KHANDA_TA = "ত\u09cd\u200d"
"""Bengali_Khanda_Ta (section 12.2): how ৎ was written before Unicode 4.1."""

PAIRS = (
    {f"{letter}\u0d4d\u200d": chillu for letter, chillu in CHILLUS.items()}
    | {KHANDA_TA: "ৎ"}
    | {letter + sign: whole for letter, signs in VOWEL_LETTERS.items() for sign, whole in signs.items()}
)
MISSPELT = regex.compile(
    # before a mark the virama belongs to a conjunct or the text is damaged: neither is ours to guess
    "|".join(f"{regex.escape(pair)}" + (r"(?!\p{M})" if pair.endswith("\u200d") else "") for pair in PAIRS)
)
NUKTAS = "\u093c\u09bc\u0a3c\u0abc\u0b3c\u0c3c\u0cbc"
MISPLACED = regex.compile(rf"([\p{{Mn}}\p{{Mc}}--[\p{{ccc=9}}{NUKTAS}]]+)([{NUKTAS}]+)|([{NUKTAS}])\3+", regex.V1)
"""Nuktas behind the vowel signs of their letter, or more than one."""
NUKTA_BEHIND_MARK = regex.compile(rf"(?<=\p{{M}})[{NUKTAS}]")
"""Where this is not found, no nukta is misplaced: found in a sixth of the time."""

INDIC = regex.compile(r"[\u0900-\u0d7f]")
DIGITS = {
    code: str(unicodedata.decimal(chr(code))) for code in np.flatnonzero(categories() == b"Nd").tolist() if code >= 128
}


def unify_letters(text: str) -> str:
    """A text in NFC with one spelling for each letter; still in NFC, and unifying twice is unifying once.

    1. Malayalam chillus and Bengali khanda ta are the letters that Unicode has for them (ന + virama + ZWJ is ൻ).
    2. A vowel letter with a vowel sign that together look like another vowel letter is that letter (अ + ा is आ).
    3. A nukta stands directly behind its letter, before vowel signs, and once (Unicode Standard, section 12.1).
       Which letters have one is not touched: क and क़ are different letters.
    """
    if not INDIC.search(text):
        return text
    before = None
    while before != text:  # a moved nukta may compose with its letter; each round makes text shorter or better ordered
        before = text
        text = MISSPELT.sub(lambda match: PAIRS[match[0]], text)
        if NUKTA_BEHIND_MARK.search(text):
            text = MISPLACED.sub(_nukta_first, text)
        if text != before:
            text = unicodedata.normalize("NFC", text)
    return text


def _nukta_first(match: regex.Match[str]) -> str:
    return match[3] if match[3] else match[2][0] + match[1]


def fold_digits(text: str) -> str:
    """Every decimal digit of any script as 0 to 9, one for one: for matching (phone numbers, duplicates) only.

    Text that is learned from keeps its digits.
    """
    return text if text.isascii() else text.translate(DIGITS)
