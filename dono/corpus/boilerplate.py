"""Lines that many texts of a source have: menus, footers, signatures. They are counted first, then taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from dono.corpus.matching import Hashes, span_hashes, spelled, word_hashes

LEAST_WORDS = 3
"""A shorter line ("Yes.", "Thank you") may well be meant each time (assumed)."""
AT_ONCE = 8_000_000
"""Hashes that are sorted at a time; more are looked at in as many passes as it takes."""
NO_MARKS: Hashes = np.zeros(0, dtype=np.uint64)
NOTHING_ELSE = "nothing but repeated lines"
"""Why a text is dropped of which no line is left."""


def line_marks(texts: Sequence[str]) -> Hashes:
    """Hashes of the lines of texts that have more than one line, each once a text: [lines]. Case and punctuation of a
    line do not count. Texts of one line are for `find_copies` to judge.
    """
    marks = [np.unique(hashes) for _, hashes in _lines([t for t in texts if "\n" in t]) if len(hashes)]
    return np.concatenate([NO_MARKS, *marks])


def repeated_lines(pieces: Callable[[], Iterable[Hashes]], total: int, most: int) -> Hashes:
    """Hashes of lines that more than `most` texts of a source have, sorted. `pieces` gives all `total` marks of the
    source, in any order, each time that it is called.
    """
    passes = max(1, -(-total // AT_ONCE))
    found = [NO_MARKS]
    for turn in range(passes):
        marks = np.concatenate([NO_MARKS, *(p[p % np.uint64(passes) == turn] for p in pieces())])
        hashes, times = np.unique(marks, return_counts=True)
        found.append(hashes[times > most])
    return np.sort(np.concatenate(found))


def without_lines(text: str, repeated: Hashes) -> tuple[str, int]:
    """A text without its repeated lines, and how many went; "" when nothing else is left. One line alone stays."""
    if "\n" not in text or not len(repeated):
        return text, 0
    ((lines, hashes),) = _lines([text])
    gone = set(np.asarray(lines)[np.isin(hashes, repeated)].tolist())
    if not gone:
        return text, 0
    kept = "\n".join(line for number, line in enumerate(text.split("\n")) if number not in gone)
    return kept.strip("\n") if kept.strip() else "", len(gone)


def _lines(texts: Sequence[str]) -> list[tuple[list[int], Hashes]]:
    """The lines of each text that have words enough: their numbers from 0 and hashes."""
    lines = [(place, number, line) for place, text in enumerate(texts) for number, line in enumerate(text.split("\n"))]
    words = [(word_hashes(part), part.text) for part in spelled([line for _, _, line in lines])]
    hashes = np.concatenate([NO_MARKS, *(h for h, _ in words)])
    line = np.concatenate([np.zeros(0, dtype=np.int64), *(t for _, t in words)])
    ends = np.cumsum(np.bincount(line, minlength=len(lines)))
    begins = np.concatenate([[0], ends[:-1]])[: len(ends)]
    whole = span_hashes(hashes, begins, ends)
    found: list[tuple[list[int], list[int]]] = [([], []) for _ in texts]
    for at in np.flatnonzero(ends - begins >= LEAST_WORDS).tolist():
        place, number, _ = lines[at]
        found[place][0].append(number)
        found[place][1].append(int(whole[at]))
    return [(numbers, np.array(marks, dtype=np.uint64)) for numbers, marks in found]
