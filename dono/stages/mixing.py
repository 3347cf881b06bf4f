"""The mixture of a corpus stage: what there is of each part of the corpus, and in which order it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from dono.artifacts import Json, Reference, Store
from dono.corpus import document_parts
from dono.project import Mixture
from dono.tokens import SAFE_REPEATS, Ids, Part, Rings, Shards, portions, repeated, whole


@dataclass(frozen=True)
class Stock:
    """What there is: tokens of each part of a corpus, and the numbers of its documents in the shards."""

    tokens: Mapping[Part, int]
    documents: Mapping[Part, Ids]


@lru_cache(maxsize=4)
def stock_of(corpus: Path, tokens: Path) -> Stock:
    """The stock of a corpus's training documents as tokens."""
    codes, names = document_parts(corpus)
    shards = Shards.open(tokens)
    assert len(codes) == shards.n_documents, f"{tokens} was not made from {corpus}"
    lengths = shards.lengths()
    parts = {Part(*name): np.flatnonzero(codes == code) for code, name in enumerate(names)}
    return Stock({part: int(lengths[found].sum()) for part, found in parts.items()}, parts)


def stock(store: Store, tokens: Reference) -> Stock:
    """The stock behind a tokens artifact."""
    artifact = store.read(tokens.kind, tokens.id)
    assert artifact is not None
    corpus = next(r for r in artifact.made_from if r.kind == "corpus")
    made = store.read(corpus.kind, corpus.id)
    assert made is not None
    return stock_of(made.path, artifact.path)


@dataclass(frozen=True)
class Plan:
    """What a full run reads of each part, before its rate decays and while it does."""

    stable: Mapping[Part, int]
    decay: Mapping[Part, int]

    @property
    def taken(self) -> dict[Part, int]:
        """Both together."""
        return {part: self.stable.get(part, 0) + self.decay.get(part, 0) for part in {**self.stable, **self.decay}}

    def as_json(self) -> dict[str, Json]:
        """For a run's identity: what decides in which order it reads."""
        return {
            name: [[*part, count] for part, count in sorted(taken.items())]
            for name, taken in (("stable", self.stable), ("decay", self.decay))
        }


def plan_mixture(tokens: Mapping[Part, int], mixture: Mixture, stable: int, decay: int) -> Plan:
    """How a full run of so many tokens, stable and decaying, reads parts of so many tokens."""
    if mixture.decay is None:
        both = portions(tokens, mixture, stable + decay)
        before = whole(np.array(list(both.values())) * (stable / (stable + decay)), stable)
        return Plan(
            dict(zip(both, before, strict=True)),
            {part: taken - early for (part, taken), early in zip(both.items(), before, strict=True)},
        )
    first = portions(tokens, mixture, stable)
    return Plan(first, portions(tokens, mixture, decay, weights=mixture.decay, read=first))


def rings(found: Stock, taken: Mapping[Part, int], begun: float, earlier: Mapping[Part, int], seed: int) -> Rings:
    """The order in which so many tokens of each part are read, after `begun` (0 to 1) of what was read `earlier`.

    An epoch is as long as the corpus at most, and a whole number of them reads what is to be taken.
    """
    total, there = sum(taken.values()), sum(found.tokens.values())
    laps = -(-total // there)
    parts = [part for part, count in taken.items() if count]
    an_epoch = whole(np.array([taken[part] / laps for part in parts]), round(total / laps))
    begins = tuple(round(begun * earlier.get(part, 0)) for part in parts)
    return Rings(tuple(found.documents[part] for part in parts), tuple(an_epoch), begins, seed)


def repeated_too_often(tokens: Mapping[Part, int], plan: Plan) -> list[str]:
    """In words which parts are read more often than is about as good as new text."""
    often = {p: times for p, times in repeated(tokens, plan.taken).items() if times > SAFE_REPEATS * 1.001}
    return [
        f"{part.source}, {part.language}{', ' + part.region if part.region else ''}: read {times:.1f} times; beyond "
        f"{SAFE_REPEATS:g} times reading again is worth ever less (Muennighoff et al. 2023)"
        for part, times in sorted(often.items())
    ]
