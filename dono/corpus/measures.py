"""What texts are like, in numbers that tell text from rubbish in any script; nothing is judged here."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dono.corpus.categories import categories, majors
from dono.corpus.matching import (
    ALONE,
    MARK,
    NOTHING,
    Hashes,
    Known,
    Places,
    Spelled,
    by_text,
    run_starts,
    span_hashes,
    spelled,
    word_hashes,
)
from dono.corpus.tags import ALSO_IN

Numbers = npt.NDArray[np.float64]
Classes = npt.NDArray[np.uint8]

UNSEEN, LETTER, NUMBER, SYMBOL, DAMAGED, PLAIN = range(6)
"""Classes of characters; unseen are white space and controls, plain are marks and ordinary punctuation."""
ORDINARY = ".,;:!?'\"()-–—_/।॥…“”‘’،؛؟।、。「」"
LONG_WORD = 40
"""Letters beyond which no word goes, compounds of Malayalam included; addresses and encoded bytes do (assumed)."""
PHRASES = ("lorem ipsum", "enable javascript", "javascript is disabled", "accept all cookies", "terms of use")
"""What stands on web pages and in no text (borrowed: C4, Raffel and others 2020, section 2.2)."""

LATIN_BLOCKS = [*range(0, 0x250 >> 7), 0x1E00 >> 7, 0x1E80 >> 7]
SCRIPTS: dict[str, list[int]] = {
    "Arab": [0x0600, 0x0680, 0x0700, 0x0750, 0x0880, 0xFB00, 0xFB80, 0xFC00, 0xFC80, 0xFD00, 0xFD80, 0xFE80],
    "Deva": [0x0900, 0x1C80, 0xA880], "Beng": [0x0980], "Guru": [0x0A00], "Gujr": [0x0A80], "Orya": [0x0B00],
    "Taml": [0x0B80], "Telu": [0x0C00], "Knda": [0x0C80], "Mlym": [0x0D00], "Olck": [0x1C00], "Mtei": [0xAB80],
}  # fmt: skip
"""First code points of blocks of 128 by script."""
LANGUAGES = {
    "Deva": "hi mr ne sa bho mai kok gom doi bodo brx awa bra mag", "Beng": "bn as", "Arab": "ur sd ks fa ar",
    "Guru": "pa", "Gujr": "gu", "Orya": "or", "Taml": "ta", "Telu": "te", "Knda": "kn", "Mlym": "ml", "Olck": "sat",
    "Mtei": "mni", "Latn": "en",
}  # fmt: skip
"""Languages by the script that they are mostly written in; of others nothing is said about their script."""
SCRIPTS_OF = {code: (script, *ALSO_IN.get(code, "").split())
              for script, codes in LANGUAGES.items() for code in codes.split()}  # fmt: skip
NAMES = ("Latn", *SCRIPTS)
LATIN, ANY = 1, (1 << (len(NAMES) + 1)) - 1
"""Scripts as bits, each at its place in `NAMES`, the last for all others: Latin, and every script there is."""


SUMS = (
    "visible", "letters", "foreign", "symbol", "damaged", "longest run",
    "words", "length", "letter words", "long", "alone",
)  # fmt: skip
"""What is counted of characters, and of words."""


def own_scripts(language: str | None) -> tuple[str, ...]:
    """The scripts that a language code stands for, none if unknown: a stated one alone counts ("hi-Latn")."""
    code, _, script = (language or "").partition("-")
    return (script,) if script in NAMES else () if script else SCRIPTS_OF.get(code, ())


def _allowed(language: str | None) -> int:
    """Scripts in which letters of a text are no foreign ones, as bits: those of its language, and Latin."""
    own = own_scripts(language)
    return sum(1 << NAMES.index(script) for script in own) | LATIN if own else ANY


class Measured(NamedTuple):
    """The measures of some texts by name, each [texts]; the hashes of their words, one text after the other, and which
    of the words have no number in them: both [words].
    """

    numbers: dict[str, Numbers]
    hashes: Hashes
    numberless: npt.NDArray[np.bool_]


def measures(texts: Sequence[str], languages: Sequence[str | None]) -> Measured:
    """Measures of texts, each text's its own. Lengths are letters with their marks; shares go from 0 to 1.

    words, visible: how many words, and characters that can be seen. word length: mean. letter words: share with a
    letter in them. long words: share of letters in words of more than `LONG_WORD`. symbols: share of visible characters
    that are neither letters, marks, numbers nor ordinary punctuation. damaged: of those that stand for nothing. other
    scripts: share of letters of neither the language's scripts nor Latin. repeated lines: share of words in lines that
    stood before. top pair: share of words in the most frequent pair of words. repeated runs: share of runs of five
    words that stood before. longest run: of one letter. trailing lines: share that breaks off in dots. phrases: share
    of lines with one of `PHRASES`. alone: share of words that are letters of a script without spaces.
    """
    total = len(texts)
    sums = {name: np.zeros(total) for name in SUMS}
    parts, owners, lines = list[Hashes](), list[Places](), list[Places]()
    numberless = [np.zeros(0, dtype=np.bool_)]
    allowed = np.array([_allowed(code) for code in languages], dtype=np.uint16)
    for part in spelled(texts):
        classes = _classes()[part.codes]
        _characters(part, classes, allowed, sums)
        parts.append(_words(part, classes, sums))
        numberless.append(_numberless(part, classes))
        owners.append(part.text)
        lines.append(np.cumsum(part.codes == ord("\n"))[part.starts])
    words = np.maximum(sums["words"], 1)
    hashes = np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64)
    text = np.concatenate(owners) if owners else np.zeros(0, dtype=np.int64)
    numbers = {
        "words": sums["words"],
        "visible": sums["visible"],
        "word length": sums["length"] / words,
        "letter words": sums["letter words"] / words,
        "long words": sums["long"] / np.maximum(sums["length"], 1),
        "symbols": sums["symbol"] / np.maximum(sums["visible"], 1),
        "damaged": sums["damaged"] / np.maximum(sums["visible"], 1),
        "other scripts": sums["foreign"] / np.maximum(sums["letters"], 1),
        "longest run": sums["longest run"],
        "alone": sums["alone"] / words,
        **_repetition(hashes, text, lines, total),
        **_lines(texts),
    }
    return Measured(numbers, hashes, np.concatenate(numberless))


def frequent_share(found: Measured, languages: Sequence[str | None], frequent: Mapping[str, Known]) -> Numbers:
    """Share of each text's words that are among the `frequent` ones of its language: [texts]."""
    words = found.numbers["words"].astype(np.int64)
    text = np.repeat(np.arange(len(words)), words)
    known = np.zeros(len(words))
    spoken = np.array([code or "" for code in languages], dtype=object)
    for code in frequent.keys() & set(spoken):
        here = np.flatnonzero((spoken == code)[text])
        known += np.bincount(text[here[frequent[code].find(found.hashes[here])[0]]], minlength=len(words))
    return known / np.maximum(words, 1)


def _characters(part: Spelled, classes: Classes, allowed: npt.NDArray[np.uint16], sums: Mapping[str, Numbers]) -> None:
    letters = (classes == LETTER) & (part.kinds != MARK)
    script = _scripts()[np.minimum(part.codes >> 7, len(_scripts()) - 1)]
    sizes = np.diff(part.parts, append=len(part.codes))
    foreign = letters & ((script & np.repeat(allowed[part.part_text], sizes)) == 0)
    counted = {
        "visible": classes != UNSEEN, "letters": letters, "foreign": foreign, "symbol": classes == SYMBOL,
        "damaged": classes == DAMAGED,
    }  # fmt: skip
    for name, mask in counted.items():
        np.add.at(sums[name], part.part_text, np.add.reduceat(mask.astype(np.int64), part.parts))
    np.maximum(sums["longest run"], sums["letters"] > 0, out=sums["longest run"])
    again = np.append(letters[1:] & (part.codes[1:] == part.codes[:-1]), False)  # the same letter comes next
    edges = np.flatnonzero(np.diff(again, prepend=False))
    begins, ends = edges[::2], edges[1::2]
    where = part.part_text[np.searchsorted(part.parts, begins, "right") - 1]
    np.maximum.at(sums["longest run"], where, ends - begins + 1)


def _words(part: Spelled, classes: Classes, sums: Mapping[str, Numbers]) -> Hashes:
    hashes = word_hashes(part)
    bases = np.concatenate([[0], np.cumsum((part.kinds != MARK) & (part.kinds != NOTHING))])
    letters = np.concatenate([[0], np.cumsum(classes == LETTER)])
    lengths = np.maximum(1, bases[part.ends] - bases[part.starts])
    counted = {
        "words": np.ones(len(hashes)), "length": lengths, "long": lengths * (lengths > LONG_WORD),
        "letter words": letters[part.ends] > letters[part.starts], "alone": part.kinds[part.starts] == ALONE,
    }  # fmt: skip
    for name, values in counted.items():
        sums[name] += np.bincount(part.text, values, len(sums[name]))
    return hashes


def _numberless(part: Spelled, classes: Classes) -> npt.NDArray[np.bool_]:
    found = np.concatenate([[0], np.cumsum(classes == NUMBER)])
    return np.equal(found[part.ends], found[part.starts])


def _repetition(hashes: Hashes, text: Places, lines: Sequence[Places], total: int) -> dict[str, Numbers]:
    words = np.maximum(np.bincount(text, minlength=total), 1)
    pairs, fives = run_starts(text, 2), run_starts(text, 5)
    times, owner = _times(span_hashes(hashes, pairs, pairs + 2), text[pairs])
    top = np.zeros(total)
    np.maximum.at(top, owner, np.where(times > 1, times, 0) * 2)
    runs = np.maximum(np.bincount(text[fives], minlength=total), 1)
    times, owner = _times(span_hashes(hashes, fives, fives + 5), text[fives])
    repeated = np.bincount(owner, times - 1, total)
    begins = np.flatnonzero(np.concatenate([np.diff(line, prepend=-1) != 0 for line in lines]) if lines else [])
    begins = np.union1d(begins, np.flatnonzero(np.diff(text, prepend=-1)))
    ends = np.append(begins[1:], len(text))[: len(begins)]
    whole = span_hashes(hashes, begins, ends)
    order = np.lexsort((whole, text[begins]))
    again = np.zeros(len(order), dtype=np.bool_)
    again[1:] = (np.diff(whole[order]) == 0) & (np.diff(text[begins][order]) == 0)
    in_repeated = np.bincount(text[begins][order][again], (ends - begins)[order][again], total)
    return {
        "top pair": np.minimum(top / words, 1.0),
        "repeated runs": repeated / runs,
        "repeated lines": in_repeated / words,
    }


def _times(hashes: Hashes, text: Places) -> tuple[Places, Places]:
    """How often each different hash of a text occurs, and the text: both [different hashes]."""
    order = by_text(hashes, text)
    hashes, text = hashes[order], text[order]
    new = np.ones(len(hashes), dtype=np.bool_)
    new[1:] = (hashes[1:] != hashes[:-1]) | (text[1:] != text[:-1])
    begins = np.flatnonzero(new)
    return np.diff(begins, append=len(hashes)), text[begins]


def _lines(texts: Sequence[str]) -> dict[str, Numbers]:
    trailing, phrases = np.zeros(len(texts)), np.zeros(len(texts))
    for place, text in enumerate(texts):
        low = text.lower()
        found = any(phrase in low for phrase in PHRASES)
        dots = "…" in text or "..." in text
        if found or dots:
            lines = [line.rstrip() for line in low.split("\n") if line.strip()]
            trailing[place] = sum(line.endswith(("…", "...")) for line in lines) / max(1, len(lines))
            phrases[place] = sum(any(p in line for p in PHRASES) for line in lines) / max(1, len(lines))
    return {"trailing lines": trailing, "phrases": phrases}


@lru_cache(maxsize=1)
def _classes() -> Classes:
    classes = np.full(sys.maxunicode + 1, PLAIN, dtype=np.uint8)
    classes[(majors() == b"Z") | np.isin(categories(), [b"Cc", b"Cf"])] = UNSEEN
    for major, kind in ((b"L", LETTER), (b"N", NUMBER), (b"S", SYMBOL), (b"P", SYMBOL)):
        classes[majors() == major] = kind
    classes[np.isin(categories(), [b"Co", b"Cs"])] = DAMAGED
    # What is not assigned beyond the first plane may be an emoji that is newer than this Python.
    classes[:0x10000][categories()[:0x10000] == b"Cn"] = DAMAGED
    classes[[ord(c) for c in ORDINARY]] = PLAIN
    classes[0xFFFD] = DAMAGED
    return classes


@lru_cache(maxsize=1)
def _scripts() -> npt.NDArray[np.uint16]:
    """The script of each block of 128 code points as a bit."""
    scripts = np.full(0x110000 >> 7, 1 << len(NAMES), dtype=np.uint16)
    scripts[LATIN_BLOCKS] = LATIN
    for name, firsts in SCRIPTS.items():
        scripts[[first >> 7 for first in firsts]] = 1 << NAMES.index(name)
    return scripts
