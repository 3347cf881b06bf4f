"""The model of romanised words: what is known of a word itself, and of its hashed character n-grams, in each language.

A text's score is a sum over its words, and words repeat: what a word says is worked out once and remembered, so a
sentence costs a lookup for each word. The same numbers say which words of a text are English (`Reading.english`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
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
AT_ONCE = 1 << 12
"""New words that are worked out together: about 40 marks each, a row of weights for each mark."""

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


def word_marks(words: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The buckets of words of `words_of`, one word after another: [marks]; and how many each word has: [words].

    A word's marks are the CRC-32 of its character n-grams of 1 to 5 with its ends marked (`<word>`), and of `=word`.
    The n-grams of all words are hashed together, a byte of each at a time.
    """
    marked = np.frombuffer("".join(f"<{word}>" for word in words).encode("ascii"), dtype=np.uint8)
    owner = np.repeat(np.arange(len(words)), [len(word) + 2 for word in words])
    marks = [np.fromiter((crc32(f"={word}".encode()) for word in words), dtype=np.int64, count=len(words))]
    owners, table = [np.arange(len(words))], _crc_table()
    state = np.full(len(marked), 0xFFFFFFFF, dtype=np.uint32)
    for n in range(1, min(LONGEST, len(marked)) + 1):
        state = state[: len(marked) - n + 1]
        state = table[(state ^ marked[n - 1 :]) & 0xFF] ^ (state >> 8)
        inside = owner[: len(state)] == owner[n - 1 :]
        marks.append((~state[inside]).astype(np.int64))
        owners.append(owner[: len(state)][inside])
    every = np.concatenate(owners)
    order = np.argsort(every, kind="stable")
    return np.concatenate(marks)[order] % BUCKETS, np.bincount(every, minlength=len(words))


@lru_cache(maxsize=1)
def _crc_table() -> NDArray[np.uint32]:
    """What a byte does to a CRC-32 (the reflected polynomial 0xEDB88320, as `zlib.crc32` has it)."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0xEDB88320), table >> 1)
    return table


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

    def logits(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Log odds (up to a constant) of words for each language: [words, languages]."""
        marks, counts = word_marks(words)
        begins = np.cumsum(counts) - counts
        sums: NDArray[np.float32] = np.add.reduceat(self.weights[marks], begins, axis=0)
        found = sums * (1 / np.sqrt(counts)).astype(np.float32)[:, None] + self.bias
        for place, word in enumerate(words):
            if word in self.known:
                found[place] += self.known[word]
        return found

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """What each text's words in Latin letters say, summed over its words."""
        if len(self.places) > REMEMBERED:
            self.forget()
        words = [words_of(text) for text in texts]
        every = [word for line in words for word in line]
        new = [word for word in dict.fromkeys(every) if word not in self.places]
        for start in range(0, len(new), AT_ONCE):
            self._remember(new[start : start + AT_ONCE])
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

    def _remember(self, words: Sequence[str]) -> None:
        """Note what words say that are not remembered yet."""
        first = len(self.places)
        self.places.update({word: first + number for number, word in enumerate(words)})
        while len(self.places) > len(self.said):
            self.said = np.vstack([self.said, np.zeros_like(self.said)])
        logits = self.logits(words)
        logits = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        indian, english, other = logits[:, self.indian], logits[:, self.english], logits[:, self.other]
        together = np.logaddexp.reduce(indian, axis=1)
        any_indian = together - np.log(len(self.indian), dtype=np.float32)  # as likely as English beforehand
        share = np.exp(any_indian - np.logaddexp.reduce([any_indian, english, other], axis=0))
        known = np.array([word in self.known for word in words])
        said = np.empty((len(words), self.said.shape[1]), dtype=np.float32)
        said[:, :-4] = np.maximum(indian - together[:, None], FLOOR) * share[:, None]
        said[:, -4] = english > any_indian
        said[:, -3] = any_indian - english > SURELY
        said[:, -2] = np.clip(any_indian - english, LEAST, np.where(known, MOST, MOST_UNKNOWN))
        said[:, -1] = np.clip(other - np.logaddexp(english, any_indian), LEAST_OTHER, MOST)
        said[[word in self.names for word in words]] = 0
        self.said[first : first + len(words)] = said

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
