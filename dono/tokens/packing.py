"""Which documents go together: bins of limited size, filled closely; parts of about equal size, or of near lengths."""

from __future__ import annotations

from bisect import bisect_left, insort
from heapq import heapreplace

import numpy as np

from dono.tokens.rows import Ids

UNEVEN = 32
"""The largest even part is allowed this fraction above the mean (measured with eight documents a part: 1/100)."""


def best_fit(lengths: Ids, capacity: int) -> list[Ids]:
    """The numbers of the documents in each bin of `capacity` tokens; `lengths` int64 [documents] in tokens.

    Each document in turn goes into the fullest bin that still has room for it, else into a new one (Ding et al. 2024,
    "Fewer Truncations Improve Language Modeling"). Sorted longest first this is best-fit decreasing, which fills
    closest; in a random order every bin is a random mixture. A document longer than `capacity` is a bin by itself.
    """
    assert capacity >= 1
    bins: list[list[int]] = []
    spaces: list[int] = []  # how much room bins have left: each amount once, rising
    with_space: dict[int, list[int]] = {}  # the bins that have so much left; amounts are far fewer than bins
    for number, length in enumerate(lengths.tolist()):
        at = bisect_left(spaces, length)
        if at == len(spaces):
            chosen, space = len(bins), capacity
            bins.append([])
        else:
            space = spaces[at]
            chosen = with_space[space].pop()
            if not with_space[space]:
                del with_space[space], spaces[at]
        bins[chosen].append(number)
        left = space - length
        if left > 0:
            if left not in with_space:
                with_space[left] = []
                insort(spaces, left)
            with_space[left].append(chosen)
    return [np.asarray(numbers, dtype=np.int64) for numbers in bins]


def even_parts(lengths: Ids, capacity: int, *, multiple: int = 1) -> list[Ids]:
    """The numbers of the documents in each of few parts of about equal tokens, at most `capacity` each.

    The number of parts is a multiple of `multiple`; where there are fewer documents than that, parts are empty. A
    document longer than `capacity` is a part by itself. Longest first, each document goes to the part that has least so
    far (Graham 1969). Measured on steps of log-normal documents: as few parts as best-fit decreasing makes.
    """
    assert len(lengths) and capacity >= 1
    most = rounded_up(len(lengths), multiple)
    count = min(most, rounded_up(-(-int(lengths.sum()) // capacity), multiple))
    while True:
        parts = _shared_out(lengths, count)
        if count == most or max(int(lengths[part].sum()) for part in parts) <= capacity:
            return parts
        count += multiple


def _shared_out(lengths: Ids, count: int) -> list[Ids]:
    parts: list[list[int]] = [[] for _ in range(count)]
    filled = [(0, part) for part in range(count)]
    for number in np.argsort(-lengths, kind="stable").tolist():
        tokens, part = filled[0]
        parts[part].append(number)
        heapreplace(filled, (tokens + int(lengths[number]), part))
    return [np.asarray(numbers, dtype=np.int64) for numbers in parts]


def near_parts(lengths: Ids, capacity: int, *, multiple: int = 1) -> list[Ids]:
    """As `even_parts`, for documents that are padded: near in length, at most `capacity` places with the padding.

    The part with most places is halved until all fit.
    """
    assert len(lengths) and capacity >= 1

    def places(part: Ids) -> int:
        return len(part) * int(lengths[part[0]]) if len(part) > 1 else 0  # a single document cannot be parted

    parts: list[Ids] = [np.argsort(-lengths, kind="stable")]
    while True:
        largest = max(range(len(parts)), key=lambda i: places(parts[i]))
        if places(parts[largest]) <= capacity and len(parts) % multiple == 0:
            return parts
        if len(parts[largest]) == 1:
            return parts + [parts[0][:0]] * (-len(parts) % multiple)
        tokens = np.cumsum(lengths[parts[largest]])
        half = max(1, int(np.searchsorted(tokens, tokens[-1] / 2)))
        parts[largest : largest + 1] = np.split(parts[largest], [half])


def even_length(tokens: int, capacity: int, *, multiple: int = 1) -> int:
    """A length of at most `capacity` to which the even parts of up to so many tokens can all be filled up.

    Were it `capacity` itself, a full step of twice that would be cut in three, and a third of each part be empty.
    """
    if tokens <= capacity and multiple == 1:
        return tokens
    slack = tokens + -(-tokens // UNEVEN)
    return min(capacity, -(-slack // rounded_up(-(-slack // capacity), multiple)))


def rounded_up(number: int, multiple: int) -> int:
    """The least multiple, not 0, that is not below `number`."""
    return -(-max(number, 1) // multiple) * multiple
