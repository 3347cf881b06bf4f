"""A text made easy to recognise things in: digits of all scripts as ASCII, chains of digits, words that name kinds."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import regex
from numpy.typing import NDArray

from dono.corpus.privacy.cues import AFTER, BEFORE, CUES, UNIT, cue_pattern, cue_words, impersonal_pattern

DIGITS = {
    code: str(unicodedata.digit(chr(code))) for code in range(128, 0x20000) if unicodedata.category(chr(code)) == "Nd"
}
DASHES = dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE58, 0xFE63, 0xFF0D], "-")
SPACES = dict.fromkeys([0x09, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
WIDE = {0xFEE0 + code: chr(code) for code in range(0x21, 0x7F)}
FOLDED = {**WIDE, **DIGITS, **DASHES, **SPACES, 0x130: "I"}
"""One character for one, so that places stay: digits of any script, dashes, spaces, full-width forms. U+0130 is the one
letter that two characters stand for in lower case."""

TABLE = np.arange(0x110000, dtype=np.uint32)
TABLE[list(FOLDED)] = [ord(c) for c in FOLDED.values()]
LOWER = TABLE.copy()
CASED = [code for code in range(0x20000) if chr(code).isupper() and len(chr(code).lower()) == 1]
LOWER[CASED] = [ord(chr(code).lower()) for code in CASED]
LOWER = LOWER[TABLE]
BLOCK = 5
"""Bits of a block of 32 code points: whether a text has a character of a word's first block is known beforehand."""

CLAUSE_END = regex.compile(r"[,;|\n।॥۔?!]|\.(?![0-9])")
"""A word behind a number is about it only within the same clause."""
ASCII_BLOCKS = frozenset(range(128 >> BLOCK))

JOINTS = frozenset(" -./()_")
LONGEST_JOINT = 3
STATES = (
    "AN|AP|AR|AS|BR|CG|CH|DD|DL|DN|GA|GJ|HP|HR|JH|JK|KA|KL|LA|LD|MH|ML|MN|MP|MZ|NL|OD|OR|PB|PY|RJ|SK|TG|TN|TR|TS|"
    "UA|UK|UP|WB"
)
"""Letters of states and union territories on number plates, former ones (OR, UA, TS, DN) too."""
CODE_BESIDE = regex.compile(
    rf"(?:[A-Za-z][\-./]?|(?<![A-Za-z])(?:[A-Z]{{1,5}}|[a-z]|{STATES.lower()}|[a-z]{{3}}p[a-z])[ \-./]{{1,3}})$"
)
"""Letters before a digit that may be of one code with it: glued, or short and apart."""
CODE_BEHIND = regex.compile(r"[ \-./]{0,2}[A-Z]{2}|[A-Za-z]")
MOST_DIGITS = 20
FEWEST_DIGITS = 6
CODE_REACH = (20, 36)
"""How far before and after a letter beside a digit a code may reach."""
TIGHT = frozenset(".-_")
FOUR = 4
TABLE_OF_NUMBERS = 40
"""A chain of more groups is a table, in which an identifier has at most four groups (assumed; bounds the time)."""
LIST_ITEM = 6
"""Groups this long, joined by a tight separator, are two numbers and not one (assumed)."""


def fold(text: str) -> str:
    """The text with digits, dashes, spaces and full-width forms as ASCII; every character keeps its place."""
    return text.replace("\t", " ") if text.isascii() else _text(TABLE[_codes(text)])


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _text(codes: NDArray[np.uint32]) -> str:
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def by_block(words: Iterable[str]) -> dict[int, list[str]]:
    """Words by the block of 32 code points that their first character is in."""
    kept: dict[int, list[str]] = defaultdict(list)
    for word in words:
        kept[ord(word[0]) >> BLOCK].append(word)
    return dict(kept)


LONGEST_WORDS = {kind: by_block({max(word.split(), key=len) for word in cue_words(kind)}) for kind in CUES}
"""Where none of these is in a text, nothing in it has a cue of the kind."""


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


def around(groups: Iterable[tuple[int, int]], before: int, after: int) -> list[tuple[int, int]]:
    """Groups with so many characters before and after them, merged where they meet."""
    places: list[tuple[int, int]] = []
    for left, right in groups:
        start, end = max(0, left - before), right + after
        if places and start <= places[-1][1]:
            places[-1] = places[-1][0], end
        else:
            places.append((start, end))
    return places


class Reading:
    """A text being searched. What several recognisers need is worked out once, when the first asks for it."""

    def __init__(self, text: str) -> None:
        self.ascii = text.isascii()
        self._named: dict[str, bool] = {}
        self._ends: dict[tuple[regex.Pattern[str], int, int], int | None] = {}
        self.codes: NDArray[np.uint8] | NDArray[np.uint32]
        if self.ascii:
            self.folded = text.replace("\t", " ")
            self.lowered, self.blocks = self.folded.lower(), ASCII_BLOCKS
            self.codes = np.frombuffer(self.folded.encode(), np.uint8)
        else:
            codes = _codes(text)
            lowered = LOWER[codes]
            self.codes = TABLE[codes]
            self.folded, self.lowered = _text(self.codes), _text(lowered)
            self.blocks = frozenset(np.flatnonzero(np.bincount(lowered >> BLOCK)).tolist())
        self.digits: NDArray[np.bool_] = (self.codes >= ord("0")) & (self.codes <= ord("9"))
        self.hot = bool(self.digits.any()) or "@" in self.folded

    @cached_property
    def at_signs(self) -> list[int]:
        """Places of @."""
        return np.flatnonzero(self.codes == ord("@")).tolist() if "@" in self.folded else []

    @cached_property
    def pointed(self) -> bool:
        """Whether a point stands between two digits, or between two spaces."""
        points = self.codes == ord(".")
        return bool((self.digits[:-2] & points[1:-1] & self.digits[2:]).any()) or " . " in self.folded

    @cached_property
    def groups(self) -> list[tuple[int, int]]:
        """Where digits stand without anything between them."""
        edges = np.flatnonzero(np.diff(self.digits, prepend=False, append=False))
        return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))

    @cached_property
    def numbers(self) -> dict[int, list[Number]]:
        """All runs of whole groups of digits, by how many digits they have (6 to 20)."""
        found: dict[int, list[Number]] = defaultdict(list)
        chain: list[tuple[int, int]] = []
        for group in [*self.groups, (len(self.folded) + LONGEST_JOINT + 1, 0)]:
            joint = self.folded[chain[-1][1] : group[0]] if chain else ""
            if chain and (group[0] - chain[-1][1] > LONGEST_JOINT or not JOINTS.issuperset(joint)):
                if chain[-1][1] - chain[0][0] >= FEWEST_DIGITS:
                    for number in self._of_chain(chain):
                        found[len(number.digits)].append(number)
                chain = []
            chain.append(group)
        return found

    def _of_chain(self, groups: list[tuple[int, int]]) -> Iterator[Number]:
        most = MOST_DIGITS if len(groups) <= TABLE_OF_NUMBERS else FOUR
        for first, (begin, _) in enumerate(groups):
            digits, lengths, joint = "", [], ""
            for last in range(first, min(len(groups), first + most)):
                left, right = groups[last]
                digits += self.folded[left:right]
                lengths.append(right - left)
                joint += self.folded[groups[last - 1][1] : left] if last > first else ""
                if len(digits) > MOST_DIGITS:
                    break
                if len(digits) >= FEWEST_DIGITS:
                    alone = first == 0 and last == len(groups) - 1
                    ends = first, last + 1
                    cut = not alone and any(
                        self._tied(groups, at) or self._in_fours(groups, first, last, at) for at in ends
                    )
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
        beside = [
            (left, right)
            for left, right in self.groups
            if CODE_BESIDE.search(self.folded, max(0, left - 9), left) or CODE_BEHIND.match(self.folded, right)
        ]
        return around(beside, *CODE_REACH)

    def mentions(self, words: Mapping[int, Sequence[str]]) -> bool:
        """Whether one of some lower-cased words, kept by the block of their first character, is in the text."""
        lowered = self.lowered
        for block in self.blocks & words.keys():
            for word in words[block]:
                if word in lowered:
                    return True
        return False

    def names(self, kind: str) -> bool:
        """Whether a word that names the kind may be anywhere in the text."""
        if kind not in self._named:
            self._named[kind] = self.mentions(LONGEST_WORDS[kind])
        return self._named[kind]

    def cue(self, kind: str, start: int, end: int, reach: int = BEFORE) -> int | None:
        """How many characters before or after a place a word stands that names the kind; None: there is none.

        None also where a word for what is not personal (an invoice, an ISBN, an amount) stands nearer.
        """
        if not self.names(kind):
            return None
        pattern = cue_pattern(kind, self.ascii)
        near = self._before(pattern, start, reach)
        if near is None:
            stop = CLAUSE_END.search(self.lowered, end, min(len(self.lowered), end + AFTER))
            behind = pattern.search(self.lowered, end, stop.start() if stop else min(len(self.lowered), end + AFTER))
            near = behind.start() - end + AFTER if behind else None
        other = self._before(impersonal_pattern(self.ascii), start, reach)
        return None if near is None or (other is not None and other < near) else near

    def impersonal(self, start: int, end: int, reach: int = BEFORE // 2) -> bool:
        """Whether the words around a place say that it is an amount, a quantity, an invoice, an ISBN, a part number."""
        if self._before(impersonal_pattern(self.ascii), start, reach) is not None:
            return True
        return UNIT.match(self.lowered, end) is not None

    def _before(self, pattern: regex.Pattern[str], start: int, reach: int) -> int | None:
        """Characters between the last match before a place and that place."""
        asked = pattern, start, reach
        if asked not in self._ends:
            ends = [match.end() for match in pattern.finditer(self.lowered, max(0, start - reach), start)]
            self._ends[asked] = start - ends[-1] if ends else None
        return self._ends[asked]

    def beside(self, start: int, end: int) -> tuple[str, str]:
        """The characters before and after a place, "" at an end of the text."""
        return self.folded[start - 1 : start] if start else "", self.folded[end : end + 1]
