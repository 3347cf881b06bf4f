"""Which texts are rubbish: rules of the field, each moved by what is usual in the person's own text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from dono.artifacts import Json
from dono.corpus.contamination import words
from dono.corpus.drafts import Draft
from dono.corpus.matching import Hashes, spelled, word_hashes
from dono.corpus.measures import Numbers, measures
from dono.corpus.steps import Dropped, Outcome, Step
from dono.errors import Mistake
from dono.project import Cleaning

Shape = Literal["page", "short"]
SHAPES: tuple[Shape, ...] = ("page", "short")
PAGE_WORDS = 50
"""A text of so many words is judged as a page (borrowed: Gopher's shortest document), one of fewer as a short record:
a message, a headline, a row. Texts written from turns (chats, questions with answers) are short ones whatever they are
long: the same words come back in them."""
TURNS = ("messages", "conversations", "preference", "question", "instruction", "prompt", "label")
TAIL = 0.005
"""Share of the person's own text beyond which a value is unusual (assumed)."""
LEAST = 200
"""Texts of a language and shape from which what is usual is learned (assumed); of fewer only extremes are dropped."""
FREQUENT = 100
"""Words of a language that are its most frequent ones in the sample (assumed)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A text is dropped when a measure is beyond a limit: `usual` of the field, moved by the person's text up to `far`.

    The limit is the quantile of the person's own text at `TAIL`, but no nearer than `usual` and no farther than `far`.
    A rule with `far` above `usual` bounds a measure from above, one with `far` below it from below.
    """

    measure: str
    usual: float
    far: float
    reason: str

    @property
    def above(self) -> bool:
        """Whether values above the limit are dropped, or those below it."""
        return self.far > self.usual


# Numbers of the field: Gopher (Rae and others 2021, table A1), FineWeb-2 (Penedo and others 2025, hin_Deva.yml).
# `far` and all numbers for short records are ours (assumed).
RULES: dict[Shape, tuple[Rule, ...]] = {
    "page": (
        Rule("word length", 21, 40, "words too long"),  # FineWeb-2; Gopher's 10 is English
        Rule("word length", 2, 1, "words too short"),  # FineWeb-2; Gopher 3
        Rule("letter words", 0.8, 0.3, "too few words with letters"),  # Gopher; FineWeb-2 0.837
        Rule("long words", 0.2, 0.7, "addresses or encoded bytes"),
        Rule("symbols", 0.2, 0.6, "too many symbols"),  # Gopher counts # and … only, a tenth of the words
        Rule("damaged", 0.02, 0.2, "damaged characters"),
        Rule("other scripts", 0.3, 0.8, "another script than its language's"),
        Rule("repeated lines", 0.3, 0.8, "repeated lines"),  # Gopher; FineWeb-2 0.206
        Rule("top pair", 0.2, 0.6, "the same words over and over"),  # Gopher
        Rule("repeated runs", 0.15, 0.7, "repeated passages"),  # Gopher
        Rule("longest run", 20, 200, "one letter over and over"),
        Rule("frequent", 0.06, 0.01, "hardly a common word of its language"),  # Gopher: two of eight stop words
        Rule("trailing lines", 0.3, 0.9, "lines that break off"),  # Gopher
        Rule("phrases", 0.1, 0.7, "phrases of web pages"),  # C4 drops the line
    ),
    "short": (
        Rule("word length", 30, 60, "words too long"),
        Rule("letter words", 0.1, 0.001, "too few words with letters"),
        Rule("long words", 0.6, 0.95, "addresses or encoded bytes"),
        Rule("symbols", 0.6, 0.95, "too many symbols"),
        Rule("damaged", 0.05, 0.3, "damaged characters"),
        Rule("other scripts", 0.5, 0.9, "another script than its language's"),
        Rule("top pair", 0.7, 0.95, "the same words over and over"),
        Rule("repeated runs", 0.5, 0.9, "repeated passages"),
        Rule("longest run", 40, 200, "one letter over and over"),
    ),
}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What was learned: limits of the rules in their order, by "shape" and by "shape language"; the most frequent
    words of each language; how many texts each was learned from."""

    limits: Mapping[str, Sequence[float]] = field(default_factory=dict)
    frequent: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sample: Mapping[str, int] = field(default_factory=dict)

    def of(self, shape: Shape, language: str | None) -> Sequence[float]:
        """Limits for texts of a shape and language: those of its own texts, else of all, else the farthest."""
        found = self.limits.get(f"{shape} {language}") or self.limits.get(shape)
        return found or [rule.far for rule in RULES[shape]]

    def as_json(self) -> dict[str, Json]:
        """All of it as plain values."""
        return {
            "limits": {name: list(values) for name, values in self.limits.items()},
            "frequent": {code: list(found) for code, found in self.frequent.items()},
            "sample": dict(self.sample),
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Json]) -> Thresholds:
        """What `as_json` gave."""
        return cls(**cast(dict[str, dict[str, list[float]]], dict(found)))  # type: ignore[arg-type]


def shape_of(draft: Draft, size: float) -> Shape:
    """Whether a text of so many words is judged as a page or as a short record."""
    return "short" if draft.format in TURNS or size < PAGE_WORDS else "page"


def learn_thresholds(sample: Sequence[Draft]) -> Thresholds:
    """What is usual in a sample of the person's own text, by shape and language.

    Nothing of the sample is kept but quantiles, counts, and the `FREQUENT` most frequent words of a language.
    """
    texts, languages = [d.text for d in sample], [d.language for d in sample]
    frequent = _frequent(sample)
    found = measures(texts, languages, _hashed(frequent)) if texts else {}
    shapes = [shape_of(d, n) for d, n in zip(sample, found.get("words", ()), strict=True)]
    limits: dict[str, list[float]] = {}
    counts: Counter[str] = Counter()
    for shape in SHAPES:
        of_shape = np.array([s == shape for s in shapes], dtype=np.bool_)
        groups = {shape: of_shape}
        for code in sorted({c for c in languages if c}):
            groups[f"{shape} {code}"] = of_shape & np.array([c == code for c in languages])
        for name, here in groups.items():
            if here.any():
                counts[name] = int(here.sum())
            if counts[name] >= LEAST:
                limits[name] = [_limit(rule, found[rule.measure][here]) for rule in RULES[shape]]
    return Thresholds(limits, frequent, dict(counts))


def _limit(rule: Rule, values: Numbers) -> float:
    if rule.above:
        return float(min(rule.far, max(rule.usual, np.quantile(values, 1 - TAIL))))
    return float(max(rule.far, min(rule.usual, np.quantile(values, TAIL))))


def _frequent(sample: Sequence[Draft]) -> dict[str, list[str]]:
    counts: dict[str, Counter[str]] = {}
    texts: Counter[str] = Counter()
    for draft in sample:
        if draft.language and draft.language != "und":
            texts[draft.language] += 1
            counts.setdefault(draft.language, Counter()).update(words(draft.text))
    ordered = {code: sorted(found, key=lambda w: (-found[w], w)) for code, found in counts.items()}  # noqa: B023
    return {code: ordered[code][:FREQUENT] for code in sorted(ordered) if texts[code] >= LEAST}


def _hashed(frequent: Mapping[str, Sequence[str]]) -> dict[str, Hashes]:
    return {code: np.concatenate([word_hashes(p) for p in spelled(found)]) for code, found in frequent.items()}


def quality_step(thresholds: Thresholds, cleaning: Cleaning) -> Step:
    """Drops texts beyond a limit, each for the first rule that it breaks, and those with a word of `bad_words`."""
    if not cleaning.quality:
        return lambda batch: list(batch)
    frequent, bad = _hashed(thresholds.frequent), read_bad_words(cleaning.bad_words)

    def step(batch: Sequence[Draft]) -> list[Outcome]:
        if not batch:
            return []
        found = measures([d.text for d in batch], [d.language for d in batch], frequent)
        shapes = [shape_of(d, n) for d, n in zip(batch, found["words"], strict=True)]
        reasons: list[str | None] = [None] * len(batch)
        for place, (draft, shape) in enumerate(zip(batch, shapes, strict=True)):
            limits = thresholds.of(shape, draft.language)
            known = draft.language in frequent
            for rule, limit in zip(RULES[shape], limits, strict=True):
                value = found[rule.measure][place]
                ...
        return []

    return step
