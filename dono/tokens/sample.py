"""What a tokenizer is trained on: a sample of a corpus in which small languages are heard too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Taken:
    """Of one language, in bytes of UTF-8: what there was, and what was taken (repeats counted each time)."""

    available: int
    taken: int


@dataclass(frozen=True)
class Sample:
    """The texts, and what was taken by language."""

    texts: list[str]
    sizes: dict[str, Taken]


def balanced_sample(
    read: Callable[[], Iterable[tuple[str, str]]], most: int, *, temperature: float = 1.0, repeats: int = 1
) -> Sample:
    """At most about `most` bytes of the texts (text, language) that `read` gives, romanised text a language of its own.

    A language's share goes with its size to the power 1 / `temperature`: 1 keeps the proportions of the corpus, a large
    one gives all languages alike (multilingual BERT smooths so with 1.4, XLM-R with 3.3, arXiv 1911.02116). A language
    that has less gives up to `repeats` times all it has, and what it cannot give is shared out among the others. Texts
    of a language are spread evenly over what there is, the same ones every time. `read` is called twice, so that only
    the sample is held in memory.
    """
    assert temperature > 0 and repeats >= 1
    available = Counter[str]()
    for text, language in read():
        available[language] += len(text.encode())
    rates = {
        language: wanted / available[language]
        for language, wanted in _shares(+available, most, temperature, repeats).items()
    }
    due, taken = dict.fromkeys(available, 0.0), Counter[str]()
    chosen: list[str] = []
    for text, language in read():
        length = len(text.encode())
        due[language] += length * rates.get(language, 0.0)
        while length and taken[language] + length / 2 < due[language]:  # more than once where a language is repeated
            chosen.append(text)
            taken[language] += length
    return Sample(chosen, {language: Taken(available[language], taken[language]) for language in sorted(available)})


def _shares(available: Mapping[str, int], most: int, temperature: float, repeats: int) -> dict[str, int]:
    """Bytes wanted of each language: who cannot give its share is settled first, and the others share the rest."""
    weights = {language: size ** (1 / temperature) for language, size in available.items()}
    wanted: dict[str, int] = {}
    left, heavy = float(most), sum(weights.values())
    for language in sorted(available, key=lambda name: (available[name] / weights[name], name)):
        wanted[language] = int(min(repeats * available[language], left * weights[language] / heavy))
        left, heavy = left - wanted[language], heavy - weights[language]
    return wanted
