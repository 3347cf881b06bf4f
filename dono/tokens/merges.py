"""Merges of byte-level BPE learned in stages: characters, grapheme clusters, words, phrases.

A stage merges only whole tokens of the stage before, and its merges rank behind: so a character is whole before its
cluster is built, a cluster before its word, a word before its phrase. Where a tokenizer applies them by rank, as they
all do, no frequent token begins or ends inside a cluster. Rare clusters stay in pieces; bytes keep every text.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise

import regex
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from dono.tokens.bytewise import written

Merge = tuple[str, str]
"""Two tokens that become one, as the tokenizer's file writes them."""
Pair = tuple[str, str]

CLUSTER = regex.compile(r"\X")
FIRST_SYMBOL = 0x10000
"""Tokens of an earlier stage are shown to the trainer as single characters from here on: room for a million."""
UNBOUNDED = 2**31 - 1
"""Symbols of a token that may be of any length."""
FEED = 50_000
"""Characters given to the trainer at once: its bookkeeping takes some dozens of bytes for each."""


def character_merges(characters: Mapping[str, int], least: int) -> list[Merge]:
    """Merges that make characters seen at least so often whole, the most frequent first, byte by byte from the left.

    Each begins with the first byte of a character, which is none's last: they never join two characters.
    """
    merges: dict[Merge, None] = {}
    for character in _frequent(characters, least):
        raw = character.encode()
        merges |= dict.fromkeys((written(raw[:at]), written(raw[at : at + 1])) for at in range(1, len(raw)))
    return list(merges)


def cluster_merges(clusters: Mapping[str, int], least: int, most: int) -> list[Merge]:
    """Merges that make clusters of several characters whole: those seen at least so often, at most `most` merges.

    Plain BPE whose texts are the clusters, each alone; ties go to what comes first in code points.
    """
    spelled = {c: tuple(c) for c in _frequent(clusters, least) if len(c) > 1}
    pairs, holders = Counter[Pair](), dict[Pair, set[str]]()
    for cluster, symbols in spelled.items():
        for pair in pairwise(symbols):
            pairs[pair] += clusters[cluster]
            holders.setdefault(pair, set()).add(cluster)
    queue = [(-count, pair) for pair, count in pairs.items()]
    heapify(queue)
    merges: list[Merge] = []
    while queue and len(merges) < most:
        count, best = heappop(queue)
        if not count or -count != pairs[best]:
            continue  # counted anew since; its present count is in the queue too
        merges.append((written(best[0].encode()), written(best[1].encode())))
        changed: set[Pair] = set()
        for cluster in holders[best]:
            before, after = spelled[cluster], _joined(spelled[cluster], best)
            pairs.subtract({pair: n * clusters[cluster] for pair, n in Counter(pairwise(before)).items()})
            pairs.update({pair: n * clusters[cluster] for pair, n in Counter(pairwise(after)).items()})
            for pair in pairwise(after):
                holders.setdefault(pair, set()).add(cluster)
            changed |= {*pairwise(before), *pairwise(after)}
            spelled[cluster] = after
        for pair in changed - {best}:
            heappush(queue, (-pairs[pair], pair))
    return merges


def _frequent(counts: Mapping[str, int], least: int) -> list[str]:
    return sorted((c for c, n in counts.items() if n >= least), key=lambda c: (-counts[c], c))


def _joined(symbols: tuple[str, ...], pair: Pair) -> tuple[str, ...]:
    joined: list[str] = []
    for symbol in symbols:
        if joined and (joined[-1], symbol) == pair:
            joined[-1] += symbol
        else:
            joined.append(symbol)
    return tuple(joined)


def learned_merges(units: Iterable[str], spelled: Sequence[str], many: int, longest: int = UNBOUNDED) -> list[Merge]:
    """The next `many` merges (fewer where no pair is seen twice) on texts that are symbols of an earlier stage.

    A symbol is `chr(FIRST_SYMBOL + i)` and spells `spelled[i]`; nothing is merged across a line break. A new token has
    at most `longest` symbols. The counting is done by the trainer of Hugging Face tokenizers.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.CharDelimiterSplit("\n")
    trainer = trainers.BpeTrainer(
        vocab_size=len(spelled) + many,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=[chr(FIRST_SYMBOL + i) for i in range(len(spelled))],
        max_token_length=longest,
    )
    tokenizer.train_from_iterator(units, trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [(_spell(left, spelled), _spell(right, spelled)) for left, right in merges]


def _spell(symbols: str, spelled: Sequence[str]) -> str:
    return "".join(spelled[ord(symbol) - FIRST_SYMBOL] for symbol in symbols)


def counted_units(words: Mapping[str, int], symbols: Mapping[str, str]) -> Iterator[str]:
    """Each word as symbols of its clusters, as often as it was seen; a cluster without a symbol parts it."""
    for word, count in words.items():
        unit = "".join([symbols.get(c, "\n") for c in CLUSTER.findall(word)]) + "\n"
        once = max(1, FEED // len(unit))
        for _ in range(count // once):
            yield unit * once
        if count % once:
            yield unit * (count % once)
