"""Tokenizers side by side, by language: what they make of the same text, and what that costs to serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from dono.costs import Machine, Range, Shape, Traffic, serving_cost
from dono.costs.serving import DAYS
from dono.tokens.fertility import Fertility, fertility
from dono.tokens.train import encode_plain

WORDS_A_REQUEST = 400
"""How long a request and its answer are together, where a price is worked out (assumed)."""
Pairs = Sequence[tuple[str, str]]
"""Parallel text: an English sentence, and the same in another language."""


@dataclass(frozen=True)
class Compared:
    """One tokenizer on one language."""

    tokenizer: str
    language: str
    counts: Fertility
    parity: float | None
    """Tokens of a translation into this language for one token of the English original; None without parallel text."""

    def words_in(self, context: int) -> int:
        """How many words of this language a context of so many tokens holds."""
        return round(context / self.counts.tokens_per_word)

    def price(self, shape: Shape, machine: Machine) -> Range:
        """Machine time for a million words of this language, half of them read and half written, in its currency.

        Raises `Mistake` when the machine has no price.
        """
        half = WORDS_A_REQUEST / 2 * self.counts.tokens_per_word
        traffic = Traffic(1e6 / (WORDS_A_REQUEST * DAYS), tokens_in=half, tokens_out=half)
        return serving_cost(shape, traffic, machine).busy_money


def compare_tokenizers(
    tokenizers: Mapping[str, PreTrainedTokenizerBase],
    texts_by_language: Mapping[str, Sequence[str]],
    *,
    parallel: Mapping[str, Pairs] | None = None,
) -> list[Compared]:
    """Each tokenizer on each language that has words, in the order given; romanised text is a language of its own.

    The texts must be none that a tokenizer was trained on, or it looks better than it is.
    """
    rows = []
    for name, tokenizer in tokenizers.items():
        for language, texts in texts_by_language.items():
            counts = fertility(tokenizer, texts)
            if counts.words:
                rows.append(Compared(name, language, counts, parity(tokenizer, (parallel or {}).get(language, ()))))
    return rows


def parity(tokenizer: PreTrainedTokenizerBase, pairs: Pairs) -> float | None:
    """Tokens of the translations over tokens of the English originals (arXiv 2305.15425); None without pairs."""
    if not pairs:
        return None
    english = sum(map(len, encode_plain(tokenizer, [source for source, _ in pairs])))
    return sum(map(len, encode_plain(tokenizer, [target for _, target in pairs]))) / max(1, english)


def worst_ratio(rows: Sequence[Compared], one: str, other: str) -> tuple[str, float]:
    """The language in which the tokenizer `one` needs most tokens for one of `other`, and how many."""
    rates = {(row.tokenizer, row.language): row.counts.tokens_per_word for row in rows}
    languages = [row.language for row in rows if row.tokenizer == one]
    return max(((of, rates[one, of] / rates[other, of]) for of in languages), key=lambda item: item[1])
