"""How much of a text is in another language than its own, word by word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import regex

from dono.corpus.romanised import load_romanised

WORD = regex.compile(r"\p{L}[\p{L}\p{M}\u200c\u200d']*")
LATIN = regex.compile(r"\p{Latin}")


class Mix(NamedTuple):
    """Words of a text, and those of them that are in another language than the text."""

    words: int
    other: int

    @property
    def share(self) -> float:
        """The code-mix ratio: 0 for a text in one language."""
        return self.other / self.words if self.words else 0.0


def language_mix(texts: Sequence[str], languages: Sequence[str]) -> list[Mix]:
    """The mix of each text, given its language.

    In a text in a script of its own, words in Latin letters are another language's. In a romanised text English words
    are, in an English one romanised words; both by the model of romanised words, which knows names and brands in none.
    In other languages in Latin letters nothing is told, and nothing is counted as mixed.
    """
    latin_ones = [language == "en" or language.endswith("-Latn") for language in languages]
    readings = iter(load_romanised().read([t for t, latin in zip(texts, latin_ones, strict=True) if latin]))
    mixes = []
    for text, language, is_latin in zip(texts, languages, latin_ones, strict=True):
        if is_latin:
            reading = next(readings)
            mixes.append(Mix(reading.words, reading.romanised if language == "en" else reading.english))
        else:
            words = WORD.findall(text)
            latin = sum(LATIN.match(word) is not None for word in words) if LATIN.search(text) else 0
            mixes.append(Mix(len(words), latin if latin * 2 < len(words) else 0))
    return mixes
