"""Which language a text is in: by its script, then by two libraries and a small model of our own inside a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import pycld2
import regex
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from dono.corpus.romanised import Reading, load_romanised
from dono.corpus.scripts import LANGUAGE_OF, SCRIPTS, letters_by_script

SAMPLED = 1000
"""Characters of a text that are looked at (assumed enough): the beginning, the middle and the end of a longer one."""

UNSURE = "und"
LETTERS_BESIDE_LATIN = 0.25
"""A script with this share of the letters names the language of a text that is otherwise Latin: names, brands and
English terms stand in Latin letters in Indian text (assumed)."""

PLACE = {script: place for place, script in enumerate(SCRIPTS)}
LATIN = PLACE["Latin"]
ASSAMESE, BENGALI = regex.compile("[ৰৱ]"), regex.compile("র")
KASHMIRI = regex.compile("[\u0672\u0620\u06c4]")
"""Letters of Kashmiri that no other language of the region has (Unicode Standard, section 9.2)."""

ENOUGH, INDIAN = 2.0, 0.0
ENGLISH, OTHER = 0.75, -0.3
"""What the model of romanised words must say, in natural logs of odds for the whole text and by word, and in shares of
words, to be believed without a library. Chosen on the tuning half of benchmarks.languages."""

NAMES = {"bh": "bho", "iw": "he", "jw": "jv", "in": "id", "no": "nb", "mo": "ro", "gom": "kok", "tl": "fil"}
"""Codes of the libraries that are not those of ISO 639 today, or that two write differently."""

IN_SCRIPT = {
    "Devanagari": frozenset({"hi", "mr", "ne", "sa", "bho", "kok"}),
    "Bengali": frozenset({"bn", "as"}),
    "Arabic": frozenset({"ur", "sd", "ks", "ar", "fa", "ps", "ug", "ckb"}),
    "Cyrillic": frozenset({"ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "tg", "tt", "uz", "mn", "ba", "az", "tk"}),
    "Hebrew": frozenset({"he", "yi"}),
    "Ethiopic": frozenset({"am", "ti"}),
}
"""What the libraries may answer for a script; another answer counts as none."""

UNLIKELY = frozenset().union(*IN_SCRIPT.values(), LANGUAGE_OF.values(), {UNSURE}) - {"uz", "az", "tk", "sr"}
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
    2. Devanagari, Bengali, Arabic, Cyrillic, ...: pycld2 answers; where it is unsure py3langid is asked too, and two
       different answers are "und".
    3. Latin letters: our model of romanised words says English, one of nine romanised languages of India (`hi-Latn`,
       which romanised Urdu is too, `bn-Latn`, ...) or neither; then the two libraries name the language of the world.

    Not told apart: Hindi, Maithili, Magahi, Awadhi, Braj and their kin are "hi" or "bho"; languages that share the
    scripts of `scripts.LANGUAGE_OF`. Romanised languages of India are told by words: a text of two or three may be
    taken for a neighbour's. State `language` where you know it.
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
    latin = (letters[:, LATIN] > 0) & (count < total * LETTERS_BESIDE_LATIN)
    sure = ~latin & (count > 0) & (count * 2 >= total - letters[:, LATIN])
    answers = [UNSURE] * len(samples)
    for place in np.flatnonzero(sure):
        answers[place] = _in_script(SCRIPTS[most[place]], samples[place], letters[place])
    romanised = [int(place) for place in np.flatnonzero(latin)]
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
    if script == "Bengali":
        if ASSAMESE.search(text):
            return "as"
        if BENGALI.search(text):
            return "bn"
    if script == "Arabic" and KASHMIRI.search(text):
        return "ks"
    return _voted(text, IN_SCRIPT[script])


class Vote(NamedTuple):
    """A library's answer, and whether it is sure of it."""

    language: str
    sure: bool


def _voted(text: str, possible: frozenset[str]) -> str:
    first = cld2_says(text)
    if first.sure and first.language in possible and first.language != "sa":
        return first.language
    second = langid_says(text)
    answers = {vote.language for vote in (first, second)} & possible
    return answers.pop() if len(answers) == 1 else UNSURE


def _in_latin(text: str, reading: Reading) -> str:
    """English and romanised languages of India by our model where it is sure; else the libraries are asked."""
    words = reading.words
    if not words:
        return UNSURE
    if reading.indian >= max(ENOUGH, INDIAN * words) and reading.other < reading.indian:
        return reading.language
    if reading.english >= ENGLISH * words and reading.other <= OTHER * words:
        return "en"
    first = cld2_says(text)
    if first.sure and first.language not in UNLIKELY:
        return first.language
    second = langid_says(text)
    if first.language == second.language and second.language not in UNLIKELY:
        return second.language
    return "en" if reading.english * 2 > words and "en" in (first.language, second.language) else UNSURE


def cld2_says(text: str) -> Vote:
    try:
        sure, _, found = pycld2.detect(text, isPlainText=True)
    except pycld2.error:  # what it calls invalid UTF-8: characters that are not for interchange
        return Vote(UNSURE, False)
    code = found[0][1].partition("-")[0]
    return Vote(NAMES.get(code, code) if code != "un" else UNSURE, bool(sure))


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def langid_says(text: str) -> Vote:
    code, share = _identifier().classify(text)
    return Vote(NAMES.get(code, code), float(share) > 0.9)
