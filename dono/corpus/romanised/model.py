"""The model of romanised words: what is known of a word itself, and of its hashed character n-grams, in each language.

A text's score is a sum over its words, and words repeat: what a word says is worked out once and remembered, so a
sentence costs a lookup for each word. The same numbers say which words of a text are English (`Reading.english`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
import regex
from numpy.typing import NDArray

MODEL = Path(__file__).parent / "model.npz"
"""The model as shipped; `python -m dono.corpus.romanised.training` makes it."""

BUCKETS = 1 << 16
LONGEST = 5
"""Characters in the longest n-gram (assumed)."""

WORD = regex.compile(r"[a-z]+(?:'[a-z]+)*")
ACCENTS = regex.compile(r"(?<=\p{Latin})\p{Mn}+")
REMEMBERED = 1 << 17
"""Words that are remembered, about 60 bytes each and 100 as Python keeps their names; then all are forgotten."""

MOST = 8.0
"""No word speaks for an Indian language, against English, with more than this (natural log of odds)."""
MOST_UNKNOWN = 1.2
"""Nor one whose n-grams alone speak: it may be a name."""
LEAST = -0.7
"""Nor against one with more than this: English words come along in mixed text."""
LEAST_OTHER = -1.0
"""Nor against a language of the rest of the world. All four were chosen on the tuning half of the benchmark's lines,
the second with headlines full of Indian names in view too."""
SURELY = 2.0
"""Natural log of the odds at which a word is surely not English (assumed)."""
SPEAKERS = {
    "hi-Latn": 579.1, "bn-Latn": 97.2, "mr-Latn": 83.0, "te-Latn": 81.1, "ta-Latn": 69.0, "gu-Latn": 55.5,
    "kn-Latn": 43.7, "ml-Latn": 34.8, "pa-Latn": 33.1,
}  # fmt: skip
"""Millions whose mother tongue it is, Urdu's with Hindi's: how likely each language is before a word is read (Census of
India 2011, Language, Statement 1)."""
FLOOR = -6.0
"""The least log probability of a language by one word, given that the word is of an Indian language."""


class Reading(NamedTuple):
    """What the words of a text say: how many there are, how many more likely English or surely romanised, the likeliest
    Indian language and by how much (natural log of odds), and the sums of log odds of Indian against English and of
    other languages against both.
    """

    words: int
    english: int
    romanised: int
    language: str
    margin: float
    indian: float
    other: float


def words_of(text: str) -> list[str]:
    """The words of a text in Latin letters, without capitals and accents."""
    if not text.isascii():
        text = ACCENTS.sub("", unicodedata.normalize("NFD", text))
    found: list[str] = WORD.findall(text.lower())
    return found


def word_marks(word: str) -> Iterator[int]:
    """The buckets of a word: its character n-grams of 1 to 5 with its ends marked, and the word itself."""
    marked = f"<{word}>"
    for n in range(1, LONGEST + 1):
        for start in range(len(marked) - n + 1):
            yield crc32(marked[start : start + n].encode()) % BUCKETS
    yield crc32(f"={word}".encode()) % BUCKETS


@dataclass
class Romanised:
    """Weights (buckets x languages), one bias for each language, and what to add for words that are `known` (words x
    languages, all natural logs). `names` stand in texts of all languages and say nothing. Two languages are special:
    "en", and "other" for the rest of the world.
    """

    languages: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    known: dict[str, NDArray[np.float32]]
    names: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.indian = [i for i, code in enumerate(self.languages) if code not in ("en", "other")]
        self.english, self.other = self.languages.index("en"), self.languages.index("other")
        self.codes = [self.languages[i] for i in self.indian]
        self.speakers = np.log([SPEAKERS.get(code, 1.0) for code in self.codes])
        self.forget()

    def forget(self) -> None:
        """Drop the words that are remembered."""
        self.places: dict[str, int] = {}
        self.said = np.zeros((1 << 10, len(self.indian) + 4), dtype=np.float32)

    def logits(self, word: str) -> NDArray[np.float32]:
        """A word's log odds (up to a constant) for each language."""
        marks = np.fromiter(word_marks(word), dtype=np.int64)
        found: NDArray[np.float32] = self.weights[marks].sum(0) / np.sqrt(len(marks)) + self.bias
        return found + self.known[word] if word in self.known else found

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """What each text's words in Latin letters say, summed over its words."""
        if len(self.places) > REMEMBERED:
            self.forget()
        words = [words_of(text) for text in texts]
        every = [word for line in words for word in line]
        for word in dict.fromkeys(every):
            if word not in self.places:
                self._remember(word)
        places = np.fromiter(map(self.places.__getitem__, every), dtype=np.int64, count=len(every))
        lengths = np.array([len(line) for line in words], dtype=np.int64)
        ends = np.cumsum(lengths)
        total = np.vstack([np.zeros((1, self.said.shape[1])), np.cumsum(self.said[places], axis=0, dtype=np.float64)])
        sums = total[ends] - total[ends - lengths]
        scores = sums[:, :-4] + self.speakers
        best, second = scores.argmax(1).tolist(), np.partition(scores, -2, axis=1)[:, -2]
        margins = (scores.max(1) - second).tolist()
        return [
            Reading(len(line), round(english), round(romanised), self.codes[code], margin, indian, other)
            for line, code, margin, (english, romanised, indian, other) in zip(
                words, best, margins, sums[:, -4:].tolist(), strict=True
            )
        ]

    def _remember(self, word: str) -> None:
        place = self.places[word] = len(self.places)
        if place == len(self.said):
            self.said = np.vstack([self.said, np.zeros_like(self.said)])
        if word in self.names:
            return
        logits = self.logits(word)
        logits = logits - np.logaddexp.reduce(logits)
        indian = logits[self.indian]
        any_indian = np.logaddexp.reduce(indian) - np.log(len(self.indian))  # together as likely as English beforehand
        english, other = logits[self.english], logits[self.other]
        share = np.exp(any_indian - np.logaddexp.reduce([any_indian, english, other]))
        self.said[place, :-4] = np.maximum(indian - np.logaddexp.reduce(indian), FLOOR) * share
        self.said[place, -4] = english > any_indian
        self.said[place, -3] = any_indian - english > SURELY
        self.said[place, -2] = np.clip(any_indian - english, LEAST, MOST if word in self.known else MOST_UNKNOWN)
        self.said[place, -1] = np.clip(other - np.logaddexp(english, any_indian), LEAST_OTHER, MOST)

    def save(self, path: Path) -> None:
        """Write the model in a byte for each weight and two for each number of a known word."""
        scale = np.abs(self.weights).max(0) / 127
        np.savez_compressed(
            path,
            languages=np.array(self.languages),
            weights=np.round(self.weights / scale).astype(np.int8),
            scale=scale,
            bias=self.bias,
            words=np.array(list(self.known)),
            said=np.array(list(self.known.values()), dtype=np.float16),
            names=np.array(sorted(self.names)),
        )

    @staticmethod
    def load(path: Path) -> Romanised:
        """Read a model that `save` wrote."""
        with np.load(path, allow_pickle=False) as kept:
            weights = kept["weights"].astype(np.float32) * kept["scale"]
            known = dict(zip(map(str, kept["words"]), kept["said"].astype(np.float32), strict=True))
            names = frozenset(map(str, kept["names"]))
            return Romanised(tuple(map(str, kept["languages"])), weights, kept["bias"], known, names)


@lru_cache(maxsize=4)
def load_romanised(path: Path = MODEL) -> Romanised:
    """The model of a file, read once in each process."""
    return Romanised.load(path)
