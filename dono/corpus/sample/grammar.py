"""The expander of the sample's grammar: pure, with every choice drawn from the given `random.Random`."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

SLOT = re.compile(r"\{([a-z_0-9]+)\}")
CHOICE = re.compile(r"<([^<>]*)>")
SPACES = re.compile(r"[ \t]+")
BEFORE_MARK = re.compile(r" +([,.?!।;:])")
SENTENCE_START = re.compile(r"(^|[.?!]\s+|\n)([a-z])")
ARTICLE = re.compile(r"\b([Aa]) (?=[aeio]|um)")
WORD = re.compile(r"[A-Za-z]+")
DEEPEST = 20

Rules = Mapping[str, Sequence[str]]


def lines(block: str) -> tuple[str, ...]:
    """The frames of a YAML block: one per line, without empty ones."""
    return tuple(line.strip() for line in block.splitlines() if line.strip())


def expand(frame: str, rules: Rules, bound: Mapping[str, str], rng: random.Random) -> str:
    """Write out one frame: choices first, then slots (from `bound`) and rules (one of their frames, drawn anew)."""
    text = frame
    for _ in range(DEEPEST):
        text = CHOICE.sub(lambda match: rng.choice(match[1].split("|")), text)
        if not SLOT.search(text):
            return tidy(text)
        text = SLOT.sub(lambda match: bound[match[1]] if match[1] in bound else rng.choice(rules[match[1]]), text)
    raise AssertionError(f"a rule of the grammar calls itself: {frame}")


def slots_of(frame: str) -> frozenset[str]:
    """Names in braces in a frame."""
    return frozenset(SLOT.findall(frame))


def fixed_pieces(frame: str) -> list[str]:
    """Pieces of a frame that stand in every text made from it: what lies between slots and choices."""
    return [piece.strip() for piece in re.split(r"\{[^}]*\}|<[^>]*>", frame) if piece.strip()]


def tidy(text: str) -> str:
    """Single spaces, none at the ends of lines or before a mark."""
    joined = "\n".join(SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return BEFORE_MARK.sub(r"\1", joined)


def english(text: str) -> str:
    """Capitals at the start of sentences, and `an` before a vowel."""
    return ARTICLE.sub(r"\1n ", SENTENCE_START.sub(lambda match: match[1] + match[2].upper(), text))


def respell(text: str, variants: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """Spell words as one writer does: a habit per word, drawn once per text."""
    habit = {word: rng.choice(spellings) for word, spellings in variants.items()}
    return WORD.sub(lambda match: habit.get(match[0], match[0]), text)
