"""Which documents of the corpus hold what a use case is tested on."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import regex

from dono.corpus.matching import (
    ALONE,
    Hashes,
    Known,
    Places,
    Spelled,
    folded,
    run_starts,
    span_hashes,
    spelled,
    word_hashes,
)
from dono.corpus.near_tests import NearTests
from dono.corpus.skeletons import skeletons

LONG = 13
"""Words in a row that are no coincidence (borrowed: GPT-3, Brown et al. 2020, appendix C)."""
CONTAINED = 8
"""A test text of at least so many words is sought anywhere in a document (borrowed: n-grams from 8 on, ibid.)."""
SHORTEST = 3
"""A test text of fewer words is no evidence; one of fewer than `CONTAINED` must be a whole line (assumed)."""
LETTERS_OF_A_WORD = 3
"""In scripts without spaces every letter counts as a word, and so many of them stand for one (assumed)."""
NEAR_WORDS, NEAR_LETTERS = 5, 12
"""Words of the runs that a near copy shares, and letters in scripts without spaces (assumed)."""
ENOUGH = 6
"""Runs of five words that a near copy shares at least: ten words in a row, or more in pieces (assumed)."""
SKELETON_LETTERS = 10
"""A run of transliterated words with fewer consonants is no evidence (see the log: measured on unrelated text)."""
NUMBER = np.uint64(1)
"""Stands for every word with a digit where numbers may differ."""

WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")

Flags = npt.NDArray[np.bool_]


def words(text: str) -> list[str]:
    """Words without case, punctuation and joiners: what two copies of a text share."""
    return WORD.findall(folded(text))


class Said(NamedTuple):
    """Words of some texts in their order, all [words] but the last three, which are [words with a skeleton].

    `numberless` are the hashes with all numbers alike. A line may begin after the name of who speaks ("User: ").
    """

    hashes: Hashes
    numberless: Hashes
    text: Places
    begins_line: Flags
    ends_line: Flags
    alone: Flags
    skeletons: Hashes
    letters: Places
    skeleton_text: Places


class Probes:
    """The tests of all use cases, as hashes to look up; each look-up costs the same however many tests there are.

    A document holds a test text when

    - a text of 3 to 7 words is a whole line or turn of it, or some whole lines in a row;
    - a text of 8 to 12 words is anywhere in it, and of a longer one any 13 words in a row;
    - half of the runs of five words of a text of 13 words or more stand close together, all numbers alike: a near copy;
    - the same holds of the consonants that survive transliteration (`skeletons`), for texts of 8 such words or more.

    Case, punctuation, joiners, line ends and the script of digits are ignored. In scripts without spaces three letters
    stand for a word. Not found: paraphrases, translations, and transliterated copies of texts of fewer than 8 words.
    Spellings are compared as they are given.
    """

    def __init__(self, tests: Mapping[str, Sequence[str]]) -> None:
        self.lines: dict[int, dict[int, set[str]]] = {}
        self.grams: dict[int, set[str]] = {}
        self.heads: dict[int, dict[int, set[int]]] = {}
        self.near = {
            NEAR_WORDS: NearTests(LONG - NEAR_WORDS + 1, ENOUGH),
            NEAR_LETTERS: NearTests(LONG * LETTERS_OF_A_WORD - NEAR_LETTERS + 1, ENOUGH * LETTERS_OF_A_WORD),
        }
        self.transliterated = NearTests(CONTAINED - NEAR_WORDS + 1, CONTAINED - NEAR_WORDS + 1)
        for name, texts in tests.items():
            self._add(name, texts)
        self.line_keys = {size: Known(_keys(known)) for size, known in self.lines.items()}
        self.head_keys = {size: Known(_keys(known)) for size, known in self.heads.items()}
        for index in (*self.near.values(), self.transliterated):
            index.close()

    def _add(self, name: str, texts: Sequence[str]) -> None:
        said = _said([unicodedata.normalize("NFC", text) for text in texts])
        begins = np.searchsorted(said.text, np.arange(len(texts) + 1))
        runs, text = _transliterated(said)[::2]
        run_begins = np.searchsorted(text, np.arange(len(texts) + 1))
        for number in range(len(texts)):
            part = slice(begins[number], begins[number + 1])
            alone = bool(said.alone[part].sum() * 2 > len(said.alone[part]))
            self._add_words(name, said.hashes[part], LETTERS_OF_A_WORD if alone else 1)
            run = NEAR_LETTERS if alone else NEAR_WORDS
            numberless = said.numberless[part]
            self.near[run].add(name, _runs(numberless, np.arange(max(0, len(numberless) - run + 1)), run))
            self.transliterated.add(name, runs[run_begins[number] : run_begins[number + 1]])

    def _add_words(self, name: str, found: Hashes, letters: int) -> None:
        if SHORTEST * letters <= len(found) < CONTAINED * letters:
            (whole,) = _runs(found, np.zeros(1, dtype=np.int64), len(found)).tolist()
            self.lines.setdefault(len(found), {}).setdefault(whole, set()).add(name)
        elif len(found) >= CONTAINED * letters:
            size, head = min(len(found), LONG * letters), CONTAINED * letters
            starts = np.arange(len(found) - size + 1)
            heads = self.heads.setdefault(head, {})
            runs = zip(_runs(found, starts, size).tolist(), _runs(found, starts, head).tolist(), strict=True)
            for gram, beginning in runs:
                self.grams.setdefault(gram, set()).add(name)
                heads.setdefault(beginning, set()).add(size)

    def found_in(self, document: str) -> set[str]:
        """Use cases of which a test text is in the document. For many documents `found_in_each` is much faster."""
        return self.found_in_each([document])[0]

    def found_in_each(self, documents: Sequence[str]) -> list[set[str]]:
        """Use cases of which a test text is in each document; documents are in NFC."""
        found: list[set[str]] = [set() for _ in documents]
        if self.lines or self.heads or self.transliterated.names:
            said = _said(documents)
            for text, name in (*self._whole_lines(said), *self._contained(said), *self._near_copies(said)):
                found[text].add(name)
        return found

    def _whole_lines(self, said: Said) -> Iterator[tuple[int, str]]:
        begins = np.flatnonzero(said.begins_line)
        for size, known in self.line_keys.items():
            starts = begins[begins <= len(said.text) - size]
            last = starts + size - 1
            starts = starts[said.ends_line[last] & (said.text[last] == said.text[starts])]
            at, which = known.find(_runs(said.hashes, starts, size))
            for place, key in zip(starts[at], known.keys[which].tolist(), strict=True):
                for name in self.lines[size][key]:
                    yield int(said.text[place]), name

    def _contained(self, said: Said) -> Iterator[tuple[int, str]]:
        for head, known in self.head_keys.items():
            starts = run_starts(said.text, head)
            at, which = known.find(_runs(said.hashes, starts, head))
            sizes = [self.heads[head][key] for key in known.keys[which].tolist()]
            for size in sorted(set().union(*sizes)):
                here = starts[at[[size in some for some in sizes]]]
                here = here[here <= len(said.text) - size]
                here = here[said.text[here] == said.text[here + size - 1]]
                for place, gram in zip(here, _runs(said.hashes, here, size).tolist(), strict=True):
                    for name in self.grams.get(gram, ()):
                        yield int(said.text[place]), name

    def _near_copies(self, said: Said) -> Iterator[tuple[int, str]]:
        for size, index in self.near.items():
            if index.names:
                starts = run_starts(said.text, size)
                yield from index.found(_runs(said.numberless, starts, size), starts, said.text[starts])
        if self.transliterated.names:
            runs, starts, text = _transliterated(said)
            yield from self.transliterated.found(runs, starts, text)


def _transliterated(said: Said) -> tuple[Hashes, Places, Places]:
    """Runs of skeletons with enough letters: hashes, places among the skeletons, texts; all [runs]."""
    starts = run_starts(said.skeleton_text, NEAR_WORDS)
    letters = np.concatenate([[0], np.cumsum(said.letters)])
    starts = starts[letters[starts + NEAR_WORDS] - letters[starts] >= SKELETON_LETTERS]
    return _runs(said.skeletons, starts, NEAR_WORDS), starts, said.skeleton_text[starts]


def _runs(hashes: Hashes, starts: Places, size: int) -> Hashes:
    return span_hashes(hashes, starts, starts + size)


def _keys(known: Mapping[int, object]) -> Hashes:
    return np.fromiter(known, dtype=np.uint64, count=len(known))


def _said(texts: Sequence[str]) -> Said:
    parts = [_part(p) for p in spelled(texts or [""])]
    return Said(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _part(words: Spelled) -> Said:
    hashes = word_hashes(words)
    digits = np.concatenate([[0], np.cumsum((words.codes >= ord("0")) & (words.codes <= ord("9")))])
    numberless = np.where(digits[words.ends] > digits[words.starts], NUMBER, hashes)
    line = np.cumsum(words.codes == ord("\n"))[words.starts]
    begins = np.diff(line, prepend=-1) != 0
    ends = np.diff(line, append=line[-1:] + 1) != 0
    found = skeletons(words)
    return Said(
        hashes, numberless, words.text, begins | _after_speaker(words, begins), ends,
        words.kinds[words.starts] == ALONE, found.hashes, found.letters, words.text[found.word],
    )  # fmt: skip


def _after_speaker(words: Spelled, begins: Flags) -> Flags:
    """Whether a word follows the first of its line and a colon."""
    after = np.zeros(len(begins), dtype=np.bool_)
    ends = words.ends[:-1]
    colon = (words.codes[ends] == ord(":")) | ((words.codes[ends] == ord(" ")) & (words.codes[ends + 1] == ord(":")))
    after[1:] = begins[:-1] & colon
    return after
