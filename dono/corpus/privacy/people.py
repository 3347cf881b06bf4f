"""People themselves: names and dates of birth, where words before them say so."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import regex

from dono.corpus.privacy.findings import Finding
from dono.corpus.privacy.name_words import FIELDS, HONORIFICS, NAME_CUES, NAME_STEMS, NO_PERSON, NOT_NAMES, STOP, TITLES
from dono.corpus.privacy.reading import Reading, around, by_block

WORD = regex.compile(r"\p{L}[\p{L}\p{M}\u200c\u200d'’]*\.?")
FILLER = regex.compile(
    r"[ :=\-,\"'“”‘]*(?:(?:is|hai|ise|है|ہے|ਹੈ|છે|আছে|ହେଉଛି|ᱫᱚ)[ ]+(?=[\p{L}]))?[ \"'“‘]*", regex.IGNORECASE
)
MOST_WORDS, WITHOUT_END = 3, 2
"""A name has at most three words; where nothing ends it sooner two are taken (assumed)."""


def name(reading: Reading) -> Iterator[Finding]:
    """One to three words behind a phrase like "my name is", a field "Name:", or a title."""
    lowered = reading.lowered
    stems = [stem for block in reading.blocks & STEMS_BY_BLOCK.keys() for stem in STEMS_BY_BLOCK[block]]
    likely = frozenset().union(*(CUES_WITH[stem] for stem in stems if stem in lowered))
    for block in reading.blocks & CUES_BY_BLOCK.keys() if likely else ():
        for cue in CUES_BY_BLOCK[block]:
            if cue not in likely:
                continue
            at = lowered.find(cue)
            while at >= 0:
                end = at + len(cue)
                if not _letter(lowered[at - 1 : at]) and not _letter(lowered[end : end + 1]):
                    yield from _after(reading, end, capital=False)
                at = lowered.find(cue, end)
    if reading.mentions(SPEAKING_BY_BLOCK):
        for match in SPEAKING.finditer(reading.folded):
            yield Finding(*next(match.span(group) for group in (1, 2, 3) if match[group]), "name", 0)
    if reading.mentions(FIELDS_BY_BLOCK):
        for match in FIELD.finditer(lowered):
            yield from _after(reading, match.end(), capital=True)
    if reading.mentions(TITLES_BY_BLOCK):
        for match in _titles(lowered):
            title, behind = reading.folded[match.start() : match.end()].rstrip(" ."), reading.folded[match.end()]
            if title.isascii() and len(title) > 1 and title.isupper() and not behind.isupper():
                continue  # MS before a word of another script are initials
            yield from _after(reading, match.end(), capital=True)


def _titles(lowered: str) -> Iterator[regex.Match[str]]:
    """Matches of `TITLE`, tried where one of its words stands and nowhere else."""
    done = 0
    for place in sorted({place for title in (*HONORIFICS, *TITLES) for place in _places(lowered, title)}):
        match = TITLE.match(lowered, place) if place >= done else None
        if match is not None:
            done = match.end()
            yield match


def _places(text: str, word: str) -> Iterator[int]:
    """Where a word stands in a text."""
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + 1)


def _letter(character: str) -> bool:
    return bool(character) and (character.isalpha() or unicodedata.category(character).startswith("M"))


def _after(reading: Reading, place: int, *, capital: bool) -> Iterator[Finding]:
    """The name that begins behind a place. `capital`: Latin words must have one, for the cue is weak."""
    folded = reading.folded
    at = FILLER.match(folded, place).end()  # type: ignore[union-attr]
    words: list[tuple[int, int]] = []
    ended = False
    while len(words) <= MOST_WORDS and (match := WORD.match(folded, at)):
        word = match[0].rstrip(".'’")
        latin = word.isascii()
        first_capital = not words or folded[words[0][0]].isupper()
        if word.lower() in STOP or (latin and first_capital and words and not word[0].isupper()):
            ended = True
            break
        if not words and (word.lower() in NOT_NAMES or (latin and capital and not word[0].isupper())):
            return
        words.append((match.start(), match.start() + len(word)))
        at = match.end()
        if match[0].endswith(".") and len(word) > 2:
            ended = True
            break
        if folded[at : at + 1] != " ":
            ended = True
            break
        at += 1
    if words:
        kept = words[: MOST_WORDS if ended and len(words) <= MOST_WORDS else WITHOUT_END]
        if kept[-1][1] - kept[0][0] >= 2 and not UNPERSONAL.search(folded, kept[0][0], kept[-1][1]):
            yield Finding(kept[0][0], kept[-1][1], "name", 0)


FIELD = regex.compile(
    rf"(?:^|[\n.,;|(•*\-–:][ ]*)(?:(?:{'|'.join(FIELDS)})[ ]?[:：]|name is|naam hai)[ ]*(?=\p{{L}})", regex.MULTILINE
)
"""A field's name begins a line or a clause: "common name:" and "file name:" name no person."""
LATIN_TITLE = rf"(?:{'|'.join(HONORIFICS)})(?:\.[ ]?|[ ])"
OTHER_TITLE = rf"(?:{'|'.join(sorted(TITLES, key=len, reverse=True))})(?:[.:][ ]?|[ ])"
TITLE = regex.compile(rf"(?<![\p{{L}}\p{{M}}])(?:{LATIN_TITLE}|{OTHER_TITLE})(?=\p{{L}})")
SPEAKING = regex.compile(
    r"(?i:(?<![a-z])(?:main|mai)|(?<![\p{L}\p{M}])(?:मैं|मी))[ ]([\p{L}\p{M}]+(?:[ ][\p{L}\p{M}]+){0,2}?)"
    r"[ ](?=(?i:bol[ ]rah[ai])|बोल[ ]?रह[ाी]|बोलत)"
    r"|(?<![A-Za-z])I(?:[ ]am|'m)[ ]([A-Z][a-z]+(?:[ ][A-Z][a-z]+){1,2})(?![A-Za-z])"
    r"|(?<![A-Za-z])[Tt]his is[ ]([A-Z][a-z]+(?:[ ][A-Z][a-z]+){0,2})[ ](?:speaking|calling|here)(?![a-z])"
)
"""I am … speaking: one to three words, in English with capitals."""
SPEAKING_BY_BLOCK = by_block(["bol rah", "बोल", "i am ", "i'm ", "speaking", "calling"])
UNPERSONAL = regex.compile("|".join(NO_PERSON), regex.IGNORECASE)
CUES_BY_BLOCK, FIELDS_BY_BLOCK = by_block(NAME_CUES), by_block(FIELDS)
STEMS_BY_BLOCK = by_block(NAME_STEMS)
CUES_WITH = {stem: frozenset(cue for cue in NAME_CUES if stem in cue) for stem in NAME_STEMS}
TITLES_BY_BLOCK = by_block([*(f"{title}{end}" for title in HONORIFICS for end in ". "), *TITLES])

YEAR = r"(?:19|20)[0-9]{2}"
NUMERIC = (
    rf"(?:[0-3]?[0-9][ ]?[\-/.][ ]?[0-1]?[0-9][ ]?[\-/.][ ]?(?:{YEAR}|[0-9]{{2}})"
    rf"|{YEAR}[\-/.][0-1]?[0-9][\-/.][0-3]?[0-9])"
)
SPACED = r"[0-3]?[0-9][ ][0-1]?[0-9][ ](?:19|20)[0-9]{2}"
WRITTEN = r"[0-3]?[0-9](?:st|nd|rd|th)?[ ,.\-]{0,2}[\p{L}\p{M}\u200c\u200d]{3,14}[ ,.\-]{0,2}(?:19|20)[0-9]{2}"
MONTH_FIRST = r"[\p{L}\p{M}]{3,14}[ ][0-3]?[0-9](?:st|nd|rd|th)?[, ]{1,2}(?:19|20)[0-9]{2}"
DATE = regex.compile(rf"(?<![0-9A-Za-z])(?:{NUMERIC}|{SPACED}|{WRITTEN}|{MONTH_FIRST})(?![0-9])", regex.IGNORECASE)
DATE_REACH = (16, 40)
"""No date begins so far before its first digit, or ends so far behind it."""
BIRTH_REACH = 32
OTHER_DAY = regex.compile(
    r"deliver|order|invoice|issue|expir|valid|joining|due|wedding|anniversary|died|death|डिलीवरी|डिलिवरी|ऑर्डर|जारी|वैध|"
    r"मृत्यु|विवाह|ডেলিভারি|মৃত্যু|இறப்பு"
)


def _dates(reading: Reading) -> Iterator[regex.Match[str]]:
    """Dates, sought around digits alone."""
    for start, end in around(reading.groups, *DATE_REACH):
        yield from DATE.finditer(reading.folded, start, end)


def birth_date(reading: Reading) -> Iterator[Finding]:
    """A date that a cue calls one of birth."""
    for match in _dates(reading) if reading.hot and reading.names("birth_date") else ():
        cue = reading.cue("birth_date", *match.span(), reach=BIRTH_REACH)
        between = reading.lowered[max(0, match.start() - (cue or 0)) : match.start()] if cue is not None else ""
        if cue is not None and cue <= BIRTH_REACH and not OTHER_DAY.search(between):
            yield Finding(*match.span(), "birth_date", cue, checked=True)
