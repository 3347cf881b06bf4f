"""The kinds of tokenizers that can be trained, all byte-level: any text comes back byte for byte. One plain table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
import regex
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from dono.project import TokenizerKind
from dono.tokens.bytewise import CHARACTERS, written
from dono.tokens.merges import (
    CLUSTER,
    FIRST_SYMBOL,
    Merge,
    character_merges,
    cluster_merges,
    counted_units,
    learned_merges,
)
from dono.tokens.patterns import OUR_PATTERN, PHRASE_PATTERN, QWEN35_PATTERN

BOS, EOS, PAD = "<|bos|>", "<|eos|>", "<|pad|>"
SPECIALS = (BOS, EOS, PAD)

RARE = 4e-7
"""A character or cluster of a smaller share of all clusters is left in pieces, and so is one seen once."""
CLUSTER_SHARE = 0.25
"""At most this part of the vocabulary makes clusters whole (assumed; it binds below about 20,000)."""
LONGEST_PHRASE = 8
"""A superword has at most so many tokens of the stage before (assumed: longer ones are somebody's boilerplate)."""
WORD_PIECE = 48
"""The longest piece of a Unigram, in bytes: sixteen letters of an Indic script."""
NEVER = -1e6
"""The log-likelihood of a special token in a Unigram: its name in a text is read as characters."""
TEXTS_AT_ONCE = 1000

_CUT = regex.compile(OUR_PATTERN)
_PHRASE = regex.compile(PHRASE_PATTERN)


def new_tokenizer(pattern: str = OUR_PATTERN) -> Tokenizer:
    """An empty byte-level BPE with our pre-tokenizer; no normalizer, so that every text comes back byte for byte."""
    return _bytewise(Tokenizer(models.BPE()), pattern)


def _bytewise(tokenizer: Tokenizer, pattern: str) -> Tokenizer:
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def assembled(merges: Sequence[Merge], pattern: str, *, specials: Sequence[str] = SPECIALS) -> Tokenizer:
    """A byte-level BPE of these merges, which rank in their order; ids are specials, bytes, then what merges make."""
    tokens = [*specials, *sorted(CHARACTERS), *(left + right for left, right in merges)]
    vocabulary = {token: id_ for id_, token in enumerate(dict.fromkeys(tokens))}
    tokenizer = _bytewise(Tokenizer(models.BPE(vocab=vocabulary, merges=list(dict.fromkeys(merges)))), pattern)
    tokenizer.add_special_tokens(list(specials))
    return tokenizer


def words(texts: Iterable[str], vocab_size: int, stage: float = 1.0) -> Tokenizer:
    """Plain BPE within words, by the trainer of Hugging Face tokenizers. `stage` plays no part."""
    return plain(texts, vocab_size, OUR_PATTERN)


def plain(texts: Iterable[str], vocab_size: int, pattern: str) -> Tokenizer:
    """Plain byte-level BPE within the pieces of any pattern."""
    tokenizer = new_tokenizer(pattern)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def graphemes(texts: Iterable[str], vocab_size: int, stage: float = 1.0) -> Tokenizer:
    """BPE within words whose merges join whole grapheme clusters. `stage` plays no part."""
    counts = Counter(word for text in texts for word in _CUT.findall(text))
    return assembled(_grapheme_merges(counts, vocab_size - len(SPECIALS) - 256), OUR_PATTERN)


def superwords(texts: Iterable[str], vocab_size: int, stage: float = 0.9) -> Tokenizer:
    """Grapheme-safe BPE within words up to the share `stage` of the vocabulary, then across spaces within phrases.

    As SuperBPE (arXiv 2503.13423, section 2), but never across a sentence's end, a digit or a line break.
    """
    texts = list(texts)
    counts = Counter(word for text in texts for word in _CUT.findall(text))
    room = vocab_size - len(SPECIALS) - 256
    merges = _grapheme_merges(counts, round(stage * room))
    first = assembled(merges, OUR_PATTERN, specials=())
    spelled = [first.id_to_token(i) or "" for i in range(first.get_vocab_size())]
    known = {word: symbols(*found) for word, found in zip(counts, encoded(first, counts), strict=True)}
    units = (phrase_units(text, known) for text in texts)
    merges += learned_merges(units, spelled, room - len(spelled) + 256, LONGEST_PHRASE)
    return assembled(merges, PHRASE_PATTERN)


def phrase_units(text: str, known: Mapping[str, str]) -> str:
    """A text's phrases, one a line, as the symbols of their words.

    Encoding each word once is what makes this quick: a word is cut alike in every phrase (see `PHRASE_PATTERN`).
    """
    return "\n".join(["".join([known[word] for word in _CUT.findall(phrase)]) for phrase in _PHRASE.findall(text)])


def unigram(texts: Iterable[str], vocab_size: int, stage: float = 1.0) -> Tokenizer:
    """Unigram (arXiv 1804.10959) over bytes within words, for comparison. `stage` plays no part.

    Slow to train, and the library's trainer gives a slightly other tokenizer each time.
    """
    tokenizer = _bytewise(Tokenizer(models.Unigram()), OUR_PATTERN)
    trainer = trainers.UnigramTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        max_piece_length=WORD_PIECE,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    described = json.loads(tokenizer.to_str())
    for piece in described["model"]["vocab"][: len(SPECIALS)]:
        piece[1] = NEVER
    return Tokenizer.from_str(json.dumps(described))


def portable(texts: Iterable[str], vocab_size: int, stage: float = 1.0) -> Tokenizer:
    """Plain BPE within pieces that llama.cpp cuts alike. `stage` plays no part."""
    return plain(texts, vocab_size, QWEN35_PATTERN)


KINDS: dict[TokenizerKind, Callable[[Iterable[str], int, float], Tokenizer]] = {
    "words": words,
    "graphemes": graphemes,
    "superwords": superwords,
    "unigram": unigram,
    "portable": portable,
}
"""Kinds by name: each takes texts, the size of the vocabulary, and the share of it that is learned within words."""


def _grapheme_merges(counts: Counter[str], room: int) -> list[Merge]:
    """At most `room` merges: characters, clusters, then words of clusters that are whole."""
    clusters = Counter[str]()
    for word, count in counts.items():
        for cluster in CLUSTER.findall(word):
            clusters[cluster] += count
    characters = Counter[str]()
    for cluster, count in clusters.items():
        for character in cluster:
            characters[character] += count
    least = max(2, round(RARE * clusters.total()))
    most = round(CLUSTER_SHARE * room)
    merges = character_merges(characters, least)[:most]
    merges += cluster_merges(clusters, least, most - len(merges))
    made = {left + right for left, right in merges}
    whole = [c for c in clusters if len(c.encode()) == 1 or written(c.encode()) in made]
    shown = {cluster: chr(FIRST_SYMBOL + i) for i, cluster in enumerate(whole)}
    spelled = [written(c.encode()) for c in whole]
    return merges + learned_merges(counted_units(counts, shown), spelled, room - len(merges))


def encoded(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[tuple[list[int], list[int | None]]]:
    """Ids of each text, and for each id the number of the piece, as the pre-tokenizer cuts, that it is in."""
    several = iter(texts)
    while batch := list(islice(several, TEXTS_AT_ONCE)):
        for found in tokenizer.encode_batch(batch, add_special_tokens=False):
            yield found.ids, found.word_ids


def symbols(ids: Sequence[int], pieces: Sequence[int | None]) -> str:
    """A text's ids as symbols for `learned_merges`, a line break where a piece of the pre-tokenizer ends."""
    if not ids:
        return ""
    codes = np.asarray(ids, dtype=np.uint32) + FIRST_SYMBOL
    numbers = np.asarray(pieces, dtype=np.int64)
    ends = np.flatnonzero(np.diff(numbers)) + 1
    return np.insert(codes, ends, ord("\n")).astype("<u4").tobytes().decode("utf-32-le")
