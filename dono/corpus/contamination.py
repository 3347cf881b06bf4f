"""Which documents of the corpus hold what a use case is tested on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import regex

LONG = 13
"""Words in a row that are no coincidence (borrowed: GPT-3, Brown et al. 2020, appendix C)."""
CONTAINED = 8
"""A test text of at least so many words is sought anywhere in a document (borrowed: n-grams from 8 on, ibid.)."""
SHORTEST = 3
"""A test text of fewer words is no evidence; one of fewer than `CONTAINED` must be a whole line (assumed)."""

WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))
ROLE = regex.compile(r"^\p{Lu}\w* ?: ")
"""What heads a turn of a chat that was written out."""

Gram = tuple[str, ...]


def words(text: str) -> list[str]:
    """Words without case, punctuation and joiners: what two copies of a text share."""
    return WORD.findall(text.translate(JOINERS).casefold() if not text.isascii() else text.lower())


class Probes:
    """The tests of all use cases, as sets to look up; each look-up costs the same however many tests there are."""

    def __init__(self, tests: Mapping[str, Sequence[str]]) -> None:
        self.grams: dict[Gram, set[str]] = {}
        self.heads: dict[Gram, set[int]] = {}
        self.lines: dict[Gram, set[str]] = {}
        for name, texts in tests.items():
            for text in texts:
                self._add(name, words(text))

    def _add(self, name: str, found: list[str]) -> None:
        if SHORTEST <= len(found) < CONTAINED:
            self.lines.setdefault(tuple(found), set()).add(name)
        elif len(found) >= CONTAINED:
            size = min(len(found), LONG)
            for start in range(len(found) - size + 1):
                gram = tuple(found[start : start + size])
                self.grams.setdefault(gram, set()).add(name)
                self.heads.setdefault(gram[:CONTAINED], set()).add(size)

    def found_in(self, document: str) -> set[str]:
        """Use cases of which a test text is in the document.

        A text of 3 to 7 words counts when it is a whole line (or turn); of 8 to 12 words when it is anywhere; of a
        longer one any 13 words in a row. Case and punctuation are ignored. Scripts without spaces between words are
        not covered: a sentence counts as one word there.
        """
        found: set[str] = set()
        if self.lines:
            for line in _lines(document):
                found |= self.lines.get(tuple(words(line)), set())
        if self.grams:
            said = words(document)
            for start in range(len(said) - CONTAINED + 1):
                for size in self.heads.get(tuple(said[start : start + CONTAINED]), ()):
                    found |= self.grams.get(tuple(said[start : start + size]), set())
        return found


def _lines(document: str) -> Iterator[str]:
    for line in document.split("\n"):
        # A line much longer than seven words need not be split into words.
        if line.count(" ") < CONTAINED * 4:
            yield line
            if ROLE.match(line):
                yield ROLE.sub("", line)
    if "\n" in document and document.count("\n") < CONTAINED and document.count(" ") < CONTAINED * 4:
        yield document
