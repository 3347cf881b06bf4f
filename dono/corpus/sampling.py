"""A sample of every language of a corpus: what its letters are, and texts to count tokens and words in."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import regex

from dono.corpus.documents import NAME

SAMPLE_BYTES = 100_000
"""Text of a language that is looked at (assumed: the standard error of tokens per word is then under 1 %)."""
FEW_BYTES = 10_000
"""With less held-out text than this, text that is learned from is looked at too (assumed)."""
MOST_GROUPS = 200
"""Row groups that are read for the sample, in a drawn order, as long as a language was not met (assumed)."""
MIXED = 0.1
"""Letters of a second script from which a document counts as mixed (assumed)."""
WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "km", "my", "bo"})
"""Languages whose writing does not part words."""

WORD = regex.compile(r"\S*[\p{L}\p{N}]\S*")


@dataclass
class Sample:
    """Texts of one language; `heldout` says whether all are held out."""

    heldout: list[str] = field(default_factory=list)
    learned: list[str] = field(default_factory=list)
    bytes: Counter[str] = field(default_factory=Counter)

    @property
    def from_heldout(self) -> bool:
        """Whether none of the texts is learned from."""
        return self.bytes["heldout"] >= FEW_BYTES

    @property
    def texts(self) -> list[str]:
        """The texts to look at."""
        return self.heldout if self.from_heldout else [*self.heldout, *self.learned]

    def add(self, split: str, text: str) -> None:
        """Take a text, unless there is enough."""
        if self.bytes[split] < SAMPLE_BYTES:
            self.bytes[split] += len(text.encode())
            (self.heldout if split == "heldout" else self.learned).append(text)


def sample_languages(folder: Path, languages: Iterable[str]) -> dict[str, Sample]:
    """A sample of each language of a gathered corpus, always the same one."""
    samples = {language: Sample() for language in languages}
    with pq.ParquetFile(folder / NAME) as file:
        order = np.random.default_rng(0).permutation(file.num_row_groups)
        for number, group in enumerate(order.tolist()):
            if number >= MOST_GROUPS and all(s.bytes for s in samples.values()):
                break
            table = file.read_row_group(group, columns=["text", "language", "split"])
            codes = table["language"].to_pylist()
            splits = table["split"].to_pylist()
            for place in np.random.default_rng([1, group]).permutation(len(table)).tolist():
                sample = samples.get(codes[place])
                if (
                    sample is not None
                    and splits[place] != "contaminated"
                    and sample.bytes[splits[place]] < SAMPLE_BYTES
                ):
                    sample.add(splits[place], table["text"][place].as_py())
    return samples


@lru_cache(maxsize=1 << 16)
def script_of(letter: str) -> str:
    """The script of a letter or mark as Unicode names it, "" for anything else."""
    if not (letter.isalpha() or unicodedata.category(letter).startswith("M")):
        return ""
    name = unicodedata.name(letter, "").partition(" ")[0].capitalize()
    return {"Cjk": "Han", "Combining": "", "Modifier": "", "Fullwidth": "Latin", "Vedic": "Devanagari"}.get(name, name)


def scripts_of(texts: Sequence[str]) -> tuple[dict[str, float], float]:
    """Share of the letters by script, the largest first, and share of the texts in which two scripts are mixed."""
    total: Counter[str] = Counter()
    mixed = 0
    for text in texts:
        found: Counter[str] = Counter()
        for letter, times in Counter(text).items():
            found[script_of(letter)] += times
        found.pop("", None)
        total += found
        ranked = found.most_common(2)
        mixed += len(ranked) > 1 and ranked[1][1] >= MIXED * found.total()
    shares = {name: times / total.total() for name, times in total.most_common()}
    return shares, mixed / len(texts) if texts else 0.0


def count_words(texts: Iterable[str], language: str) -> int | None:
    """Words that white space parts; None for a language that does not part them."""
    if language.partition("-")[0] in WITHOUT_SPACES and not language.endswith("-Latn"):
        return None
    return sum(len(WORD.findall(text)) for text in texts)
