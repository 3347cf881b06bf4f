"""Whether an answer is in its language at all: letters of another script, and words said again and again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dono.corpus.scripts import LANGUAGE_OF, SCRIPTS, letters_by_script
from dono.corpus.tags import ALSO_IN

RUN = 4
"""Words in a run that is looked for again (Holtzman et al. 2020, "neural text degeneration", count runs of four)."""
SCRIPT_OF_LANGUAGE = {language: script for script, language in LANGUAGE_OF.items()} | {
    "hi": "Devanagari", "mr": "Devanagari", "ne": "Devanagari", "sa": "Devanagari", "mai": "Devanagari",
    "kok": "Devanagari", "bho": "Devanagari", "doi": "Devanagari", "brx": "Devanagari", "bn": "Bengali",
    "as": "Bengali", "ur": "Arabic", "sd": "Arabic", "ks": "Arabic", "fa": "Arabic", "ar": "Arabic", "en": "Latin",
}  # fmt: skip
"""The script that a language is mostly written in, where nothing else is said."""
BY_SUFFIX = {
    "Latn": "Latin", "Deva": "Devanagari", "Arab": "Arabic", "Guru": "Gurmukhi", "Beng": "Bengali", "Gujr": "Gujarati",
    "Orya": "Oriya", "Taml": "Tamil", "Telu": "Telugu", "Knda": "Kannada", "Mlym": "Malayalam", "Olck": "Ol_Chiki",
    "Mtei": "Meetei_Mayek",
}  # fmt: skip


def script_of_language(tag: str) -> str | None:
    """The script that a language tag means first of all; None where we do not know it."""
    base, _, suffix = tag.partition("-")
    return BY_SUFFIX.get(suffix) if suffix else SCRIPT_OF_LANGUAGE.get(base)


def _places(tag: str) -> list[int]:
    """The scripts in which an answer in a language may be, as places in `SCRIPTS`; none where we do not know them."""
    also = [] if "-" in tag else [BY_SUFFIX[code] for code in ALSO_IN.get(tag, "").split()]
    return [SCRIPTS.index(script) for script in (script_of_language(tag), *also) if script in SCRIPTS]


def wrong_letters(texts: Sequence[str], languages: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Letters of each text that are in other scripts than its language's, and all its letters [texts] each.

    Texts whose language has no script that we know have no letters here: nothing is said of them. Latin letters in
    text of a script of its own count as wrong, so names and brands do too: compare models on the same test.
    """
    counts = letters_by_script(texts)
    counts[:, 0] = 0
    places = [_places(tag) for tag in languages]
    known = np.array([bool(own) for own in places], dtype=bool)
    right = np.array([counts[i, own].sum() for i, own in enumerate(places)], dtype=np.int64)
    total = np.where(known, counts.sum(1), 0)
    return total - right, total


def repeated_runs(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Runs of four words that stood in the same text before, and all runs [texts] each."""
    repeated, runs = [], []
    for text in texts:
        words = text.split()
        found = [tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)]
        repeated.append(len(found) - len(set(found)))
        runs.append(len(found))
    return np.array(repeated, dtype=np.int64), np.array(runs, dtype=np.int64)
