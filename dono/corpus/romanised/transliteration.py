"""Native script to Latin letters as people type them, with their variants. Rules by us; for training only.

The scripts of India share one order of letters (that of ISCII, which Unicode kept), so one table in the order of
Devanagari serves nine of them; what a language does otherwise is a row of its own.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import regex

A = "\u0101"
"""Stands for the vowel that a consonant has without a sign, until it is decided whether it is spoken."""

CONSONANTS = {
    "क": "k", "ख": "kh", "ग": "g", "घ": "gh", "ङ": "ng", "च": "ch", "छ": "chh|ch", "ज": "j", "झ": "jh|z", "ञ": "ny|n",
    "ट": "t", "ठ": "th", "ड": "d", "ढ": "dh", "ण": "n", "त": "t", "थ": "th", "द": "d", "ध": "dh", "न": "n", "ऩ": "n",
    "प": "p", "फ": "ph|f", "ब": "b", "भ": "bh", "म": "m", "य": "y", "र": "r", "ऱ": "r", "ल": "l", "ळ": "l", "ऴ": "zh",
    "व": "v|w", "श": "sh|s", "ष": "sh|s", "स": "s", "ह": "h",
}  # fmt: skip
NUKTA = {
    "क": "q|k",
    "ख": "kh",
    "ग": "g|gh",
    "ज": "z|j",
    "ड": "r|d",
    "ढ": "rh|dh",
    "फ": "f",
    "य": "y",
    "ल": "l",
    "स": "sh",
}
VOWELS = {
    "अ": "a", "आ": "aa|a|a", "इ": "i", "ई": "i|ee", "उ": "u", "ऊ": "u|oo", "ऋ": "ri", "ऎ": "e", "ए": "e", "ऐ": "ai",
    "ऍ": "e", "ऑ": "o", "ऒ": "o", "ओ": "o", "औ": "au|ou",
}  # fmt: skip
SIGNS = dict(zip("ािीुूृॆेैॅॉॊोौ", "आइईउऊऋऎएऐऍऑऒओऔ", strict=True))
NASAL = {"ं": "n", "ँ": "n", "ः": "h"}
VIRAMA, NUKTA_SIGN = "\u094d", "\u093c"
LABIAL = "पफबभम"
FOLDED = {"ൺ": "ണ്", "ൻ": "ന്", "ർ": "ര്", "ൽ": "ല്", "ൾ": "ള്", "ൿ": "ക്", "ৎ": "ত্", "ৰ": "র", "ৱ": "ব", "ੰ": "ਂ"}


@dataclass(frozen=True)
class Habits:
    """How a language is typed: where its block begins, letters typed otherwise, and whether unspoken vowels go."""

    block: int
    letters: dict[str, str] = field(default_factory=dict)
    drops_vowels: bool = False
    vowel: str = "a"


SOUTH = {"त": "th|t", "थ": "th", "द": "d|dh", "ध": "dh"}
TAMIL = SOUTH | {"क": "k|g", "च": "s|ch", "ट": "t|d", "प": "p|b", "ञ": "nj|gn", "व": "v", "श": "sh"}
HABITS = {
    "hi": Habits(0x900, drops_vowels=True),
    "mr": Habits(0x900, {"च": "ch", "ळ": "l", "झ": "z|jh"}, drops_vowels=True),
    "bn": Habits(0x980, {"व": "b", "य": "j|y", "स": "s|sh", "ष": "sh|s", "श": "sh|s", "भ": "bh|v"}, True, "o|o|a"),
    "pa": Habits(0xA00, drops_vowels=True),
    "gu": Habits(0xA80, {"ळ": "l", "छ": "chh|ch"}, drops_vowels=True),
    "ta": Habits(0xB80, TAMIL),
    "te": Habits(0xC00, SOUTH | {"ळ": "l", "च": "ch", "व": "v"}),
    "kn": Habits(0xC80, SOUTH | {"ळ": "l", "व": "v"}),
    "ml": Habits(0xD00, SOUTH | {"ट": "t|tt", "ऴ": "zh", "ञ": "nj", "व": "v", "ऱ": "r|tt"}),
}
"""By code; Urdu is not here: its script leaves short vowels out."""

ROMANISED = tuple(f"{code}-Latn" for code in HABITS)
SPOKEN_ENDS = regex.compile(rf"(?<=[aeiou][^aeiou{A}]+){A}$")
UNSPOKEN = regex.compile(rf"(?<=[aeiou{A}][bcdfghjklmnpqrstvwyz]+){A}(?=[bcdfghjklmnpqrstvwyz]h?[aeiou])")
DOUBLED = regex.compile(r"(ng|th)(?:\1|(?<=ng)[kg])")
"""நீங்கள் is typed neengal, ಬರುತ್ತದೆ baruthade."""
LETTERS = regex.compile(r"[\p{L}\p{M}\u200c\u200d]+")
SHORTER = (("aa", "a"), ("ee", "i"), ("oo", "u"), ("v", "w"), ("z", "j"), ("sh", "s"), ("ai", "e"), ("kh", "k"))
"""Spellings that people choose between besides those in the tables (assumed)."""


def transliterate(text: str, language: str, draw: random.Random) -> str:
    """The words of a text in native script as somebody might type them in Latin letters, separated by spaces.

    Each spelling with several habits (`aa|a`) is drawn anew. Words in other scripts are left out.
    """
    habits = HABITS[language]
    words = (_word(word, habits, draw) for word in LETTERS.findall(text))
    return " ".join(word for word in words if word)


def _word(word: str, habits: Habits, draw: random.Random) -> str:
    spelt = "".join(FOLDED.get(c, c) for c in word)
    letters = [chr(ord(c) - habits.block + 0x900) for c in spelt if habits.block <= ord(c) < habits.block + 0x80]
    if len(letters) < len(spelt.replace("\u200c", "").replace("\u200d", "")):
        return ""
    typed = _typed(letters, habits, draw)
    if habits.drops_vowels:
        typed = SPOKEN_ENDS.sub("", typed)
        typed = UNSPOKEN.sub("", typed)
    typed = DOUBLED.sub(r"\1", typed)
    while A in typed:
        typed = typed.replace(A, draw.choice(habits.vowel.split("|")), 1)
    if draw.random() < 0.25:
        long, short = draw.choice(SHORTER)
        typed = typed.replace(long, short)
    return typed


def _typed(letters: list[str], habits: Habits, draw: random.Random) -> str:
    parts: list[str] = []
    for place, letter in enumerate(letters):
        after = letters[place + 1] if place + 1 < len(letters) else ""
        if letter in CONSONANTS:
            spelt = NUKTA.get(letter, "") if after == NUKTA_SIGN else ""
            parts.append(_drawn(spelt or habits.letters.get(letter) or CONSONANTS[letter], draw))
            if after == NUKTA_SIGN:
                after = letters[place + 2] if place + 2 < len(letters) else ""
            if after != VIRAMA and after not in SIGNS:
                parts.append(A)
        elif letter in SIGNS or letter in VOWELS:
            parts.append(_drawn(VOWELS[SIGNS.get(letter, letter)], draw))
        elif letter in NASAL:
            parts.append("m" if letter == "ं" and after and after in LABIAL else NASAL[letter])
    return "".join(parts)


def _drawn(spellings: str, draw: random.Random) -> str:
    return draw.choice(spellings.split("|")) if "|" in spellings else spellings
