"""Which texts are rubbish: rules of the field, each moved by what is usual in the person's own text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from dono.artifacts import Json
from dono.corpus.contamination import words
from dono.corpus.drafts import Draft
from dono.corpus.letters import unify_letters
from dono.corpus.matching import Hashes, Known, span_hashes
from dono.corpus.measures import Measured, Numbers, frequent_share, measures
from dono.corpus.normalise import normalise
from dono.corpus.steps import Dropped, Outcome, Step
from dono.errors import Mistake
from dono.project import Cleaning

Shape = Literal["page", "short"]
SHAPES: tuple[Shape, ...] = ("page", "short")
PAGE_WORDS = 50
"""A text of so many words is judged as a page (borrowed: Gopher's shortest document), one of fewer as a short record:
a message, a headline, a row. Texts written from turns (chats, questions with answers) are short ones whatever they are
long: the same words come back in them."""
TURNS = ("chat", "messages", "conversations", "preference", "question", "instruction", "prompt", "label")
TAIL = 0.005
"""Share of the person's own text beyond which a value is unusual (assumed)."""
LEAST = 200
"""Texts of a language and shape from which what is usual is learned (assumed); of fewer only extremes are dropped."""
AT_ONCE = 512
"""Texts of the sample that are measured at a time."""
FREQUENT = 1000
"""Words of a language that are its most frequent ones in the sample (assumed)."""
SAID_BY = 5
"""Different texts that a frequent word is in at least (assumed): what one person writes of herself is in fewer."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A text is dropped when a measure is beyond a limit: `usual` of the field, moved by the person's text up to `far`.

    The limit is the quantile of the person's own text at `TAIL`, but no nearer than `usual` and no farther than `far`.
    A rule with `far` above `usual` bounds a measure from above, one with `far` below it from below. It says nothing of
    a text of fewer than `least` visible characters.
    """

    measure: str
    usual: float
    far: float
    reason: str
    least: int = 0

    @property
    def above(self) -> bool:
        """Whether values above the limit are dropped, or those below it."""
        return self.far > self.usual

    def beyond(self, values: float | Numbers, limit: float) -> bool | npt.NDArray[np.bool_]:
        """Whether a value is on the wrong side of the limit; of many values, which."""
        return values > limit if self.above else values < limit


# Numbers of the field: Gopher (Rae and others 2021, table A1), FineWeb-2 (Penedo and others 2025, hin_Deva.yml).
# `far` and all numbers for short records are ours (assumed).
RULES: dict[Shape, tuple[Rule, ...]] = {
    "page": (
        Rule("long words", 0.2, 0.7, "addresses or encoded bytes"),
        Rule("word length", 21, 40, "words too long"),  # FineWeb-2; Gopher's 10 is English
        Rule("word length", 1.5, 1, "words too short"),  # FineWeb-2 2, Gopher 3, but in code points: कि is one letter
        Rule("letter words", 0.8, 0.3, "too few words with letters"),  # Gopher; FineWeb-2 0.837
        Rule("symbols", 0.2, 0.6, "too many symbols"),  # Gopher counts # and … only, a tenth of the words
        Rule("damaged", 0.02, 0.2, "damaged characters"),
        Rule("other scripts", 0.3, 0.8, "another script than its language's"),
        Rule("repeated lines", 0.3, 0.8, "repeated lines"),  # Gopher; FineWeb-2 0.206
        Rule("top pair", 0.2, 0.6, "the same words over and over"),  # Gopher
        Rule("repeated runs", 0.15, 0.7, "repeated passages"),  # Gopher
        Rule("longest run", 20, 200, "one letter over and over"),
        Rule("frequent", 0.02, 0.002, "hardly a common word of its language"),  # Gopher: two of eight stop words
        Rule("trailing lines", 0.3, 0.9, "lines that break off"),  # Gopher
        Rule("phrases", 0.1, 0.7, "phrases of web pages"),  # C4 drops the line
    ),
    "short": (
        Rule("long words", 0.6, 0.95, "addresses or encoded bytes", 200),
        Rule("word length", 30, 60, "words too long", 200),
        Rule("letter words", 0.1, 0.001, "too few words with letters", 60),
        Rule("symbols", 0.6, 0.95, "too many symbols", 60),
        Rule("damaged", 0.05, 0.3, "damaged characters"),
        Rule("other scripts", 0.5, 0.9, "another script than its language's", 10),
        Rule("top pair", 0.7, 0.95, "the same words over and over", 60),
        Rule("repeated runs", 0.5, 0.9, "repeated passages", 60),
        Rule("longest run", 40, 200, "one letter over and over"),
    ),
}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What was learned: limits of the rules in their order, by "shape" and by "shape language"; the most frequent
    words of each language as hexadecimal hashes, since they come from people's texts and are only looked up; how many
    texts each was learned from.
    """

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


@dataclass(frozen=True, slots=True)
class Sampled:
    """What is learned from of some texts of the sample, found in the process that read them.

    `shapes` and `languages` are [texts]. Words are in it as hashes alone.
    """

    shapes: tuple[Shape, ...]
    languages: tuple[str | None, ...]
    found: Measured


def measure_sample(texts: Sequence[Draft]) -> Sampled:
    """Measure texts of the sample, in batches that fit memory."""
    return _joined([_measure_batch(texts[start : start + AT_ONCE]) for start in range(0, max(1, len(texts)), AT_ONCE)])


def _measure_batch(texts: Sequence[Draft]) -> Sampled:
    languages = tuple(d.language for d in texts)
    found = measures([d.text for d in texts], languages)
    shapes = tuple(shape_of(d, n) for d, n in zip(texts, found.numbers["words"].tolist(), strict=True))
    return Sampled(shapes, languages, found)


def _joined(parts: Sequence[Sampled]) -> Sampled:
    """Many parts of the sample as one; at least one."""
    many = [part.found for part in parts]
    found = Measured(
        {name: np.concatenate([m.numbers[name] for m in many]) for name in many[0].numbers},
        np.concatenate([m.hashes for m in many]),
        np.concatenate([m.numberless for m in many]),
    )
    return Sampled(
        tuple(s for part in parts for s in part.shapes),
        tuple(c for part in parts for c in part.languages),
        found,
    )


def learn_thresholds(sample: Sequence[Sampled]) -> Thresholds:
    """What is usual in a sample of the person's own text, by shape and language, whatever parts it came in.

    Nothing of the sample is kept but quantiles, counts, and the `FREQUENT` most frequent words of a language that are
    in `SAID_BY` different texts and have no number in them.
    """
    parts = [part for part in sample if part.shapes]
    if not parts:
        return Thresholds()
    whole = _joined(parts)
    frequent = _most_frequent(whole)
    numbers = {**whole.found.numbers, "frequent": frequent_share(whole.found, whole.languages, _hashed(frequent))}
    limits: dict[str, list[float]] = {}
    counts: Counter[str] = Counter()
    for shape in SHAPES:
        of_shape = np.array([s == shape for s in whole.shapes], dtype=np.bool_)
        groups: dict[str, npt.NDArray[np.bool_]] = {shape: of_shape}
        for code in sorted({c for c in whole.languages if c}):
            groups[f"{shape} {code}"] = of_shape & np.array([c == code for c in whole.languages])
        for name, here in groups.items():
            if here.any():
                counts[name] = int(here.sum())
            if counts[name] >= LEAST:
                limits[name] = [_limit(rule, numbers[rule.measure][here]) for rule in RULES[shape]]
    return Thresholds(limits, frequent, dict(counts))


def _limit(rule: Rule, values: Numbers) -> float:
    if rule.above:
        return float(min(rule.far, max(rule.usual, np.quantile(values, 1 - TAIL))))
    return float(max(rule.far, min(rule.usual, np.quantile(values, TAIL))))


def _most_frequent(whole: Sampled) -> dict[str, list[str]]:
    """Hashes of the most frequent words of each language with `LEAST` texts, in an order that says nothing of them."""
    hashes, sizes = whole.found.hashes, whole.found.numbers["words"].astype(np.int64)
    ends = np.cumsum(sizes)
    same = span_hashes(hashes, ends - sizes, ends)  # texts of the same words are one: copies of it say nothing more
    texts = np.unique(same, return_inverse=True)[1].astype(np.uint32)
    frequent: dict[str, list[str]] = {}
    for code, times in sorted((c, n) for c, n in Counter(whole.languages).items() if c and c != "und"):
        if times >= LEAST:
            spoken = np.array([c == code for c in whole.languages])
            here = np.repeat(spoken, sizes) & whole.found.numberless
            found = _said_by_enough(hashes[here], np.repeat(texts, sizes)[here])
            if len(found):  # where no word is frequent, no text is judged by them
                frequent[code] = [f"{word:016x}" for word in np.sort(found).tolist()]
    return frequent


def _said_by_enough(hashes: Hashes, texts: npt.NDArray[np.uint32]) -> Hashes:
    """The most frequent of the words that are in `SAID_BY` different texts; `texts` says in which each stands."""
    order = np.lexsort((texts, hashes))
    hashes, texts = hashes[order], texts[order]
    first = np.diff(hashes, prepend=~hashes[:1]) != 0
    begins = np.flatnonzero(first)
    if not len(begins):
        return hashes
    first[1:] |= texts[1:] != texts[:-1]
    enough = np.add.reduceat(first, begins, dtype=np.int64) >= SAID_BY
    words, times = hashes[begins][enough], np.diff(begins, append=len(hashes))[enough]
    return words[np.lexsort((words, -times))[:FREQUENT]]


def _hashed(frequent: Mapping[str, Sequence[str]]) -> dict[str, Known]:
    return {code: Known(np.array([int(h, 16) for h in found], dtype=np.uint64)) for code, found in frequent.items()}


def quality_step(thresholds: Thresholds, cleaning: Cleaning) -> Step:
    """Drops texts beyond a limit, each for the first rule that it breaks, and those with a word of `bad_words`.

    Raises `Mistake` for a list of words that cannot be read.
    """
    frequent, bad = _hashed(thresholds.frequent), read_bad_words(cleaning)

    def step(batch: Sequence[Draft]) -> list[Outcome]:
        if not batch:
            return []
        languages = [d.language for d in batch]
        measured = measures([d.text for d in batch], languages)
        found = {**measured.numbers, "frequent": frequent_share(measured, languages, frequent)}
        suspects = _suspects(batch, found, thresholds) if cleaning.quality else frozenset()
        outcomes: list[Outcome] = []
        for place, draft in enumerate(batch):
            reason = None
            if place in suspects:
                values = {name: float(numbers[place]) for name, numbers in found.items()}
                reason = _broken_rule(draft, values, thresholds)
            if reason is None and draft.language in bad and _says(draft.text, bad[draft.language]):
                reason = "a word of the list of bad words"
            outcomes.append(draft if reason is None else Dropped(draft, reason))
        return outcomes

    return step


def _suspects(
    batch: Sequence[Draft], found: Mapping[str, npt.NDArray[np.float64]], thresholds: Thresholds
) -> frozenset[int]:
    """Places of the texts with a measure beyond a limit: most have none, and need no second look."""
    alike: dict[tuple[Shape, str | None], list[int]] = {}
    for place, (draft, size) in enumerate(zip(batch, found["words"].tolist(), strict=True)):
        alike.setdefault((shape_of(draft, size), draft.language), []).append(place)
    suspects: set[int] = set()
    for (shape, language), members in alike.items():
        places = np.array(members)
        beyond = np.zeros(len(places), dtype=np.bool_)
        for rule, limit in zip(RULES[shape], thresholds.of(shape, language), strict=True):
            beyond |= rule.beyond(found[rule.measure][places], limit)
        suspects.update(places[beyond].tolist())
    return frozenset(suspects)


def _broken_rule(draft: Draft, values: Mapping[str, float], thresholds: Thresholds) -> str | None:
    """Why a text is rubbish, None if it is not."""
    shape = shape_of(draft, values["words"])
    for rule, limit in zip(RULES[shape], thresholds.of(shape, draft.language), strict=True):
        unknown = rule.measure == "frequent" and draft.language not in thresholds.frequent
        unspaced = rule.measure == "word length" and values["alone"] > 0.5
        beyond = rule.beyond(values[rule.measure], limit)
        if beyond and values["visible"] >= rule.least and not unknown and not unspaced:
            return f"quality: {rule.reason}"
    return None


def read_bad_words(cleaning: Cleaning) -> dict[str, frozenset[str]]:
    """Words and phrases by language, one a line, spelt as the texts are that they are sought in. Raises `Mistake`."""
    found = {}
    for code, path in cleaning.bad_words.items():
        try:
            lines = Path(path).read_text(encoding="utf8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            where = f"cleaning.bad_words.{code}"
            raise Mistake(f"{path} cannot be read ({error})", where=where, remedy="Correct the path") from error
        spelt = [words(unify_letters(normalise(x)) if cleaning.unify_letters else normalise(x)) for x in lines]
        found[code] = frozenset(" ".join(phrase) for phrase in spelt if phrase)
    return found


def _says(text: str, bad: frozenset[str]) -> bool:
    said = words(text)
    longest = max((phrase.count(" ") + 1 for phrase in bad), default=0)
    runs = (said[i : i + size] for size in range(1, longest + 1) for i in range(len(said) - size + 1))
    return any(" ".join(run) in bad for run in runs)
