"""Which language a text is in: by its script, then inside a script by words, two libraries, a small model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import regex

from dono.corpus.neighbours import POSSIBLE, UNSURE, cld2_says, langid_says, neighbour
from dono.corpus.romanised import Reading, load_romanised
from dono.corpus.scripts import LANGUAGE_OF, SCRIPTS, letters_by_script

SAMPLED = 1000
"""Characters of a text that are looked at (assumed enough): the beginning, the middle and the end of a longer one."""

LETTERS_BESIDE_LATIN = 0.25
"""A script with this share of the letters names the language of a text that is otherwise Latin: names, brands and
English terms stand in Latin letters in Indian text (assumed)."""

PLACE = {script: place for place, script in enumerate(SCRIPTS)}
LATIN = PLACE["Latin"]
ENOUGH = 2.5
"""Natural log of the odds at which a text in Latin letters is in a language of India (chosen on the tuning half)."""
DOUBTFUL, IMPOSSIBLE = -0.75, -0.3
"""Log odds by word of another language of the world: above the first the libraries are asked whether it is one, above
the second our model is not believed at all (chosen on the tuning half)."""
ENGLISH = 0.7
"""Share of English words that makes an English text, if no other language of the world is likely (same)."""

UNLIKELY = frozenset().union(*POSSIBLE.values(), LANGUAGE_OF.values(), {UNSURE}) - {"uz", "az", "tk", "sr"}
"""What a library cannot mean by a text in Latin letters."""

STATED = ("language", "lang")
CODE = regex.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def stated_language(fields: Mapping[str, object]) -> str | None:
    """The language that a row itself states in `language` or `lang`, if that looks like a code."""
    for name in STATED:
        value = fields.get(name)
        if isinstance(value, str) and CODE.fullmatch(value.strip()):
            return value.strip()
    return None


def guess_language(text: str) -> str:
    """The language of one text; see `guess_languages`, which is much faster for many."""
    return guess_languages([text])[0]


def guess_languages(texts: Sequence[str]) -> list[str]:
    """A language code for each text; "und" where the letters do not tell.

    1. The script that most letters are in, Latin ones apart, names the language if only one is written in it.
    2. Devanagari, Bengali, Arabic, Cyrillic, ...: letters and words that one language alone has, pycld2, and where that
       leaves doubt py3langid (`neighbours`). Without a word of another language Devanagari is "hi", Bengali "bn".
    3. Latin letters: our model of romanised words says English, one of nine romanised languages of India (`hi-Latn`,
       which romanised Urdu is too, `bn-Latn`, ...) or neither; then the two libraries name the language of the world.

    Not told apart: Hindi, Magahi, Awadhi, Braj, Chhattisgarhi and their kin are "hi" or "bho", and of Maithili ("mai")
    and Konkani ("kok") some is found; languages that share the scripts of `scripts.LANGUAGE_OF`. Romanised languages of
    India are told by words: a text of two or three may be taken for a neighbour's. State `language` where you know it.
    """
    samples = [looked_at(text) for text in texts]
    if not samples:
        return []
    letters = letters_by_script(samples)
    letters[:, 0] = 0
    total = letters.sum(1)
    others = letters.copy()
    others[:, LATIN] = 0
    most, count = others.argmax(1), others.max(1)
    answerable = total > 1
    latin = answerable & (letters[:, LATIN] > 0) & (count < total * LETTERS_BESIDE_LATIN)
    sure = answerable & ~latin & (count > 0) & (count * 2 >= total - letters[:, LATIN])
    answers = [UNSURE] * len(samples)
    for place in np.flatnonzero(sure).tolist():
        answers[place] = _in_script(SCRIPTS[most[place]], samples[place], letters[place])
    romanised = np.flatnonzero(latin).tolist()
    readings = load_romanised().read([samples[place] for place in romanised])
    for place, reading in zip(romanised, readings, strict=True):
        answers[place] = _in_latin(samples[place], reading)
    return answers


def looked_at(text: str) -> str:
    """The part of a text that is looked at."""
    if len(text) <= SAMPLED:
        return text
    third, middle = SAMPLED // 3, len(text) // 2
    return f"{text[:third]}\n{text[middle : middle + third]}\n{text[-third:]}"


def _in_script(script: str, text: str, letters: np.ndarray) -> str:
    if script in LANGUAGE_OF:
        return LANGUAGE_OF[script]
    if script in ("Han", "Hiragana", "Katakana"):
        return "ja" if letters[PLACE["Hiragana"]] + letters[PLACE["Katakana"]] else "zh"
    return neighbour(script, text)


def _in_latin(text: str, reading: Reading) -> str:
    """English and romanised languages of India by our model where it is sure; else the libraries are asked."""
    words = reading.words
    if words < 2:  # one word alone ("Cancel") may stand in text of any language
        return UNSURE
    indian = reading.indian >= ENOUGH and reading.other <= IMPOSSIBLE * words
    english = reading.english >= ENGLISH * words
    if (indian or english) and reading.other <= DOUBTFUL * words:
        return reading.language if indian else "en"
    first = cld2_says(text)
    abroad = first.language not in UNLIKELY | {"en"}
    if first.share == 1 and not indian and first.language not in UNLIKELY:
        return first.language
    if indian and not (first.share == 1 and abroad):
        return reading.language
    second = langid_says(text)
    if first.language == second.language and second.language not in UNLIKELY:
        return second.language
    if indian:
        return reading.language
    return "en" if english or (reading.english * 2 > words and second.language == "en") else UNSURE
