"""What a tokenizer does to a text: tokens a word, and whether it respects what a reader sees as one letter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import regex
from transformers import PreTrainedTokenizerBase

from dono.tokens.bytewise import is_bytewise, spellings
from dono.tokens.train import encode_plain

CLUSTER = regex.compile(r"\X")
LETTERS = regex.compile(r"[\p{L}\p{M}\u200c\u200d]+")
TEXTS_AT_ONCE = 512


@dataclass(frozen=True)
class Fertility:
    """Counts over texts of one language. Words are what white space parts, as in published tables."""

    tokens: int
    words: int
    bytes: int
    single: int
    """Running words of letters that alone, after a blank, are one token."""
    lettered: int
    """Running words of letters."""
    broken: int
    """Tokens that begin or end inside a grapheme cluster."""

    @property
    def tokens_per_word(self) -> float:
        """Fertility: lower is better."""
        return self.tokens / max(1, self.words)

    @property
    def bytes_per_token(self) -> float:
        """How much text one token carries: higher is better."""
        return self.bytes / max(1, self.tokens)

    @property
    def single_words(self) -> float:
        """The share of running words that are one token (STRR)."""
        return self.single / max(1, self.lettered)

    @property
    def violations(self) -> float:
        """The share of tokens that begin or end inside a grapheme cluster (UAX 29)."""
        return self.broken / max(1, self.tokens)


def fertility(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> Fertility:
    """Count what `tokenizer` makes of `texts`; nothing is added by encoding."""
    spelled = spellings(tokenizer)
    tokens = broken = 0
    seen = Counter[str]()
    for at in range(0, len(texts), TEXTS_AT_ONCE):
        some = list(texts[at : at + TEXTS_AT_ONCE])
        for ids in encode_plain(tokenizer, some):
            tokens += len(ids)
            broken += _broken([spelled[id_] for id_ in ids])
        seen.update(word for text in some for word in LETTERS.findall(text))
    return Fertility(
        tokens=tokens,
        words=sum(len(text.split()) for text in texts),
        bytes=sum(len(text.encode()) for text in texts),
        single=_single(tokenizer, seen),
        lettered=seen.total(),
        broken=broken,
    )


def _broken(tokens: Sequence[bytes]) -> int:
    """How many of the tokens of a text begin or end inside a cluster of it."""
    text = b"".join(tokens).decode("utf8", "surrogateescape")
    clusters = (len(cluster.encode("utf8", "surrogateescape")) for cluster in CLUSTER.findall(text))
    whole = {0, *accumulate(clusters)}
    ends = [0, *accumulate(map(len, tokens))]
    return sum(not (begin in whole and end in whole) for begin, end in pairwise(ends))


def _single(tokenizer: PreTrainedTokenizerBase, seen: Counter[str]) -> int:
    """Tokenizers in sentencepiece's manner put the blank before a word themselves."""
    blank = " " if is_bytewise(tokenizer) else ""
    encoded = encode_plain(tokenizer, [blank + word for word in seen])
    return sum(seen[word] for word, ids in zip(seen, encoded, strict=True) if len(ids) == 1)
