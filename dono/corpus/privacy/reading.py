"""A text made easy to recognise things in: digits of all scripts as ASCII, chains of digits, words that name kinds."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import regex

from dono.corpus.privacy.cues import AFTER, BEFORE, NOT_PERSONAL, UNIT, cue_pattern

DIGITS = {
    code: str(unicodedata.digit(chr(code))) for code in range(128, 0x20000) if unicodedata.category(chr(code)) == "Nd"
}
DASHES = dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE58, 0xFE63, 0xFF0D], "-")
SPACES = dict.fromkeys([0x09, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
WIDE = {0xFEE0 + code: chr(code) for code in range(0x21, 0x7F)}
FOLDED = {**WIDE, **DIGITS, **DASHES, **SPACES, 0x130: "I"}
"""One character for one, so that places stay: digits of any script, dashes, spaces, full-width forms. U+0130 is the one
letter that two characters stand for in lower case."""

HOT = regex.compile(r"[0-9@]")
CODE = regex.compile(r"[A-Za-z][ \-./]{0,2}[0-9]|[0-9][ \-./]{0,2}[A-Z]{2}")
CHAIN = regex.compile(r"[0-9]+(?:[ \-./()_]{1,3}[0-9]+)*+")
GROUP = regex.compile(r"[0-9]+")
MOST_DIGITS = 20
FEWEST_DIGITS = 6
CODE_REACH = (20, 36)
"""How far before and after a letter beside a digit a code may reach."""
TIGHT = frozenset(".-_")
FOUR = 4
LIST_ITEM = 6
"""Groups this long, joined by a tight separator, are two numbers and not one (assumed)."""


def fold(text: str) -> str:
    """The text with digits, dashes, spaces and full-width forms as ASCII; every character keeps its place."""
    return text.replace("\t", " ") if text.isascii() else text.translate(FOLDED)


@dataclass(frozen=True, slots=True)
class Number:
    """Some groups of digits in a row. `digits` is ASCII, `groups` their lengths, `joint` the separators used inside.

    `alone` says that no further group is joined to it; `cut` that one is joined so tightly that it belongs to it, or
    goes on in fours as this one does.
    """

    start: int
    end: int
    digits: str
    groups: tuple[int, ...]
    joint: str
    alone: bool
    cut: bool


class Reading:
    """A text being searched. What several recognisers need is worked out once, when the first asks for it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.folded = fold(text)
        self.lowered = self.folded.lower()
        self.hot = HOT.search(self.folded) is not None

    @cached_property
    def numbers(self) -> dict[int, list[Number]]:
        """All runs of whole groups of digits, by how many digits they have (6 to 20)."""
        found: dict[int, list[Number]] = defaultdict(list)
        for chain in CHAIN.finditer(self.folded) if self.hot else ():
            if chain.end() - chain.start() >= FEWEST_DIGITS:
                for number in self._of_chain(chain.start(), chain.end()):
                    found[len(number.digits)].append(number)
        return found

    def _of_chain(self, start: int, end: int) -> Iterator[Number]:
        groups = [m.span() for m in GROUP.finditer(self.folded, start, end)]
        for first, (begin, _) in enumerate(groups):
            digits, lengths, joint = "", [], ""
            for last in range(first, len(groups)):
                left, right = groups[last]
                digits += self.folded[left:right]
                lengths.append(right - left)
                joint += self.folded[groups[last - 1][1] : left] if last > first else ""
                if len(digits) > MOST_DIGITS:
                    break
                if len(digits) >= FEWEST_DIGITS:
                    alone = first == 0 and last == len(groups) - 1
                    ends = first, last + 1
                    cut = not alone and any(self._tied(groups, at) or self._in_fours(groups, first, last, at) for at in ends)
                    yield Number(begin, right, digits, tuple(lengths), joint, alone, cut)

    def _in_fours(self, groups: list[tuple[int, int]], first: int, last: int, at: int) -> bool:
        """Whether the groups from `first` to `last` are fours that go on beyond `at`, as those of a card do."""
        if last == first or not 0 < at < len(groups):
            return False
        beyond = groups[at - 1 if at == first else at]
        return all(end - start == FOUR for start, end in [*groups[first : last + 1], beyond])

    def _tied(self, groups: list[tuple[int, int]], at: int) -> bool:
        """Whether the groups before and from `at` on hang together by a point, a dash or a line."""
        if not 0 < at < len(groups):
            return False
        (left, end), (start, right) = groups[at - 1], groups[at]
        both_long = end - left >= LIST_ITEM and right - start >= LIST_ITEM
        return set(self.folded[end:start]) <= TIGHT and not both_long

    @cached_property
    def code_places(self) -> list[tuple[int, int]]:
        """Where codes of letters and digits may stand: surroundings of a letter beside a digit, merged."""
        places: list[tuple[int, int]] = []
        before, after = CODE_REACH
        for match in CODE.finditer(self.folded) if self.hot else ():
            start, end = max(0, match.start() - before), match.end() + after
            if places and start <= places[-1][1]:
                places[-1] = places[-1][0], end
            else:
                places.append((start, end))
        return places

    @cached_property
    def at_signs(self) -> list[int]:
        """Places of @."""
        return [m.start() for m in regex.finditer("@", self.folded)] if self.hot else []

    def cue(self, kind: str, start: int, end: int, reach: int = BEFORE) -> int | None:
        """How many characters before or after a place a word stands that names the kind; None: there is none.

        None also where a word for what is not personal (an invoice, an ISBN, an amount) stands nearer.
        """
        pattern = cue_pattern(kind)
        near = self._before(pattern, start, reach)
        if near is None:
            behind = pattern.search(self.lowered, end, min(len(self.lowered), end + AFTER))
            near = behind.start() - end + AFTER if behind else None
        other = self._before(NOT_PERSONAL, start, reach)
        return None if near is None or (other is not None and other < near) else near

    def impersonal(self, start: int, end: int, reach: int = BEFORE // 2) -> bool:
        """Whether the words around a place say that it is an amount, a quantity, an invoice, an ISBN, a part number."""
        if self._before(NOT_PERSONAL, start, reach) is not None:
            return True
        return UNIT.match(self.lowered, end) is not None

    def _before(self, pattern: regex.Pattern[str], start: int, reach: int) -> int | None:
        """Characters between the last match before a place and that place."""
        ends = [match.end() for match in pattern.finditer(self.lowered, max(0, start - reach), start)]
        return start - ends[-1] if ends else None

    def beside(self, start: int, end: int) -> tuple[str, str]:
        """The characters before and after a place, "" at an end of the text."""
        return self.folded[start - 1 : start] if start else "", self.folded[end : end + 1]
