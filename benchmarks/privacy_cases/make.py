"""Cases put together: a sentence, an identifier in it, its place and kind."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from benchmarks.privacy_cases import frames, words
from benchmarks.privacy_cases.values import VALUES, digits, impersonal, wrong

Split = Literal["development", "reported"]
SEEDS: dict[Split, int] = {"development": 11, "reported": 2026}
CHECKED = ("aadhaar", "card", "imei", "gstin")
NATIVE_SHARE = 0.4
"""Share of identifiers written with the language's own digits."""
LATIN_BEFORE = frozenset({"email", "upi"})
"""Kinds that begin with Latin letters of any length: glued to Latin letters there is no telling where they begin."""


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` of a text are an identifier of a kind."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Case:
    """A text and what is to be found in it. `group` says what kind of difficulty it is."""

    text: str
    spans: tuple[Span, ...]
    language: str
    group: str


def make_cases(split: Split, each: int) -> list[Case]:
    """Cases of a split: `each` for every kind and language, as many hard negatives for each sentence without one."""
    chance, half = random.Random(SEEDS[split]), 0 if split == "development" else 1
    cases: list[Case] = []
    for language in words.WORDS:
        for kind in VALUES:
            cases += [_positive(language, kind, half, chance) for _ in range(each)]
        cases += _names(language, half, each, chance) + _addresses(language, half, each, chance)
        cases += _negatives(language, half, each, chance)
    chance.shuffle(cases)
    return cases


def _positive(language: str, kind: str, half: int, chance: random.Random) -> Case:
    frame = chance.choice(frames.POSITIVE[language][half])
    word, value = words.WORDS[language][kind], VALUES[kind](chance)
    if kind not in words.BARE and chance.random() < 0.6:
        word += " " + words.NUMBER[language][half]
    native = language in words.DIGITS and kind != "email" and chance.random() < NATIVE_SHARE
    if native:
        value = value.translate({48 + d: words.DIGITS[language] + d for d in range(10)})
    glued = "{w}{v}" in frame
    text, start = _filled(frame, word, value)
    return Case(text, (Span(start, start + len(value), kind),), language, _group(native, glued))


def _group(native: bool, glued: bool) -> str:
    return ("native digits, " if native else "ASCII digits, ") + ("glued" if glued else "apart")


def _filled(frame: str, word: str, value: str) -> tuple[str, int]:
    before, after = frame.replace("{w}", word).split("{v}")
    return before + value + after, len(before)


def _names(language: str, half: int, each: int, chance: random.Random) -> list[Case]:
    made = []
    for _ in range(each):
        value = chance.choice(words.NAMES[language])
        text, start = _filled(chance.choice(frames.NAME[language][half]), "", value)
        made.append(Case(text, (Span(start, start + len(value), "name"),), language, "name"))
    return made


def _addresses(language: str, half: int, each: int, chance: random.Random) -> list[Case]:
    made = []
    for _ in range(each):
        home = f"{chance.randint(1, 400)}, {words.STREETS[language][half]}"
        pin = chance.choice("12345678") + digits(chance, 5)
        gap = " - " if half else ": "
        text = f"{frames.ADDRESS_WORD[language]}{gap}{home} - {pin}"
        start = len(frames.ADDRESS_WORD[language]) + len(gap)
        spans = Span(start, start + len(home), "address"), Span(len(text) - 6, len(text), "pin_code")
        made.append(Case(text, spans, language, "address"))
    return made


def _negatives(language: str, half: int, each: int, chance: random.Random) -> list[Case]:
    made = []
    for frame in frames.NEGATIVE_LISTED[language][half]:
        made += [Case(frame.format(**impersonal(chance)), (), language, "hard negative") for _ in range(each)]
    for kind in CHECKED:
        for _ in range(each):
            text, _ = _filled("{w}: {v}", words.WORDS[language][kind], wrong(kind, chance))
            made.append(Case(text, (), language, "wrong check digit"))
    return made
