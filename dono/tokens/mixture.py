"""How much of each part of a corpus is read: shares by temperature and weights, repeats bounded, counted to the token.

A part is the documents of one source, language and region. Its share is

    weight of its source · of its language · of its region · N(group)^(1 / temperature) · n(part) / N(group)

where n and N are tokens and the group is its language (or source, or region: `mixture.over`). Temperature 1 reads every
part as often as every other, a high one every group alike (Devlin et al. 2018 for mBERT; Arivazhagan et al. 2019).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dono.errors import Mistake
from dono.project import Mixture, Weights
from dono.tokens.rows import Ids

SAFE_REPEATS = 4.0
"""Reading a text up to so often is about as good as new text (borrowed: Muennighoff et al. 2023)."""


class Part(NamedTuple):
    """Which documents: of one source, in one language, of one region ("" where none is stated)."""

    source: str
    language: str
    region: str = ""


def portions(
    tokens: Mapping[Part, int],
    mixture: Mixture,
    total: int,
    *,
    weights: Weights | None = None,
    read: Mapping[Part, int] | None = None,
) -> dict[Part, int]:
    """Tokens that are read of each part, `total` in all, exactly. `tokens` counts what there is of each part.

    No part is read more than `max_repeats` times, what was `read` before included; what it would get beyond goes to the
    others by their shares. Where all parts together hold too little, all are read more often, by their sizes.
    `weights` stand for `mixture.weights` (those of the decay phase). Raises `Mistake` for a weight of a name that no
    part has, and where nothing has a weight.
    """
    parts = sorted(part for part, count in tokens.items() if count)
    shares = _shares(parts, tokens, mixture, mixture.weights if weights is None else weights)
    before = read or {}
    room = np.array([max(0.0, mixture.max_repeats * tokens[p] - before.get(p, 0)) for p in parts])
    taken = np.zeros(len(parts))
    open_ = shares > 0
    while open_.any():
        left = total - taken[~open_].sum()
        wanted = left * np.where(open_, shares, 0) / shares[open_].sum()
        over = open_ & (wanted > room)
        if not over.any():
            taken = np.where(open_, wanted, taken)
            break
        taken[over], open_ = room[over], open_ & ~over
    missing = total - taken.sum()
    if missing > 0.5:
        sizes = np.array([tokens[p] for p in parts]) * (shares > 0)
        taken += missing * sizes / sizes.sum()
    return dict(zip(parts, whole(taken, total), strict=True))


def whole(amounts: np.ndarray, total: int) -> list[int]:
    """Amounts as whole numbers that sum to `total`: the largest remainders are rounded up, of equal ones the first."""
    below = np.floor(amounts + 1e-9).astype(np.int64)
    order = np.argsort(below - amounts, kind="stable")
    below[order[: total - int(below.sum())]] += 1
    assert below.sum() == total and (below >= 0).all()
    return [int(n) for n in below]


def _shares(parts: list[Part], tokens: Mapping[Part, int], mixture: Mixture, weights: Weights) -> np.ndarray:
    for names, what in ((weights.sources, "source"), (weights.languages, "language"), (weights.regions, "region")):
        _check(names, {str(getattr(p, what)) for p in parts}, what)
    groups: dict[str, int] = {}
    for p in parts:
        name = str(getattr(p, mixture.over))
        groups[name] = groups.get(name, 0) + tokens[p]
    shares = np.array(
        [
            weights.sources.get(p.source, 1.0) * weights.languages.get(p.language, 1.0)
            * weights.regions.get(p.region, 1.0)
            * groups[str(getattr(p, mixture.over))] ** (1 / mixture.temperature - 1) * tokens[p]
            for p in parts
        ]
    )  # fmt: skip
    if not shares.sum():
        raise Mistake("nothing has a weight above 0", where="mixture.weights", remedy="Give one source or language one")
    return shares / shares.sum()


def _check(names: Iterable[str], known: set[str], what: str) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            remedy = f"Did you mean {near[0]!r}?" if near else f"The corpus has {', '.join(sorted(known)) or 'none'}"
            raise Mistake(f"the corpus has no {what} {name!r}", where=f"mixture: {what}s", remedy=remedy)


def repeated(tokens: Mapping[Part, int], taken: Mapping[Part, int]) -> dict[Part, float]:
    """How often each part is read."""
    return {part: count / tokens[part] for part, count in taken.items()}


@dataclass(frozen=True)
class Rings:
    """The parts of a corpus, each read as a ring: one lap after the other, the documents shuffled in each.

    `documents` are the numbers of each part's documents, `taken` the tokens that one epoch of the mixture reads of it,
    `begins` the tokens of it that were read before the first epoch.
    """

    documents: tuple[Ids, ...]
    taken: tuple[int, ...]
    begins: tuple[int, ...]
    seed: int

    @property
    def total(self) -> int:
        """Tokens of an epoch."""
        return sum(self.taken)

    def epoch(self, number: int, offsets: Ids) -> tuple[Ids, Ids]:
        """Where the texts of an epoch begin in the tokens, and how long they are; `offsets` as in `Shards`.

        Of each part it is the stretch of its ring that follows on that of the epoch before, so its first and its last
        document may be cut.
        """
        starts: list[Ids] = [np.zeros(0, dtype=np.int64)]
        lengths: list[Ids] = [np.zeros(0, dtype=np.int64)]
        for place, (documents, taken, begun) in enumerate(zip(self.documents, self.taken, self.begins, strict=True)):
            size = int((offsets[documents + 1] - offsets[documents]).sum())
            at, end = begun + number * taken, begun + (number + 1) * taken
            while at < end:
                lap, within = divmod(at, size)
                order = documents[np.random.default_rng([self.seed, 2, place, lap]).permutation(len(documents))]
                stop = min(size, within + end - at)
                for found, into in zip(_stretch(order, offsets, within, stop), (starts, lengths), strict=True):
                    into.append(found)
                at += stop - within
        return np.concatenate(starts), np.concatenate(lengths)


def _stretch(order: Ids, offsets: Ids, begin: int, end: int) -> tuple[Ids, Ids]:
    """The documents in this order, end to end, from token `begin` to `end`: starts and lengths, the outer ones cut."""
    lengths = offsets[order + 1] - offsets[order]
    ends = np.cumsum(lengths)
    first = int(np.searchsorted(ends, begin, side="right"))
    last = int(np.searchsorted(ends, end, side="left"))
    starts = offsets[order[first : last + 1]].copy()
    lengths = lengths[first : last + 1].copy()
    lengths[-1] -= int(ends[last]) - end
    cut = begin - (int(ends[first - 1]) if first else 0)
    starts[0] += cut
    lengths[0] -= cut
    return starts, lengths
