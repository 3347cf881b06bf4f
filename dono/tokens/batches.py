"""The order in which a corpus is read: any step's batch can be asked for directly, so resuming replays nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dono.errors import Mistake
from dono.tokens.shards import Shards

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Epoch:
    """One pass: documents in a new order, laid end to end, read in windows in a new order."""

    number: int
    starts: Ids
    """[documents] where each document begins in tokens.bin."""
    ends: Ids
    """[documents] where each document ends in this epoch's stream (running sum of lengths)."""
    offset: int
    order: Ids
    """[windows] the windows in the order in which they are read."""


class Batches:
    """A deterministic stream of [batch, length + 1] windows: inputs are `[:, :-1]`, targets `[:, 1:]`.

    Each epoch shuffles the documents, lays them end to end as a ring, cuts the ring into windows that overlap by one
    token (each token is a target once), starting at a random place, and reads the windows in a random order.
    `share` reads only a part of the corpus: whole documents drawn by `seed` until that share of the tokens is reached
    (the last one cut); a smaller share is a part of a larger one of the same seed.
    """

    def __init__(self, shards: Shards, *, length: int, batch: int, seed: int, share: float = 1.0) -> None:
        assert length >= 1 and batch >= 1 and 0 < share <= 1
        self.shards, self.length, self.batch, self.seed, self.share = shards, length, batch, seed, share
        lengths = shards.lengths()
        self._documents = np.random.default_rng([seed, 0]).permutation(len(lengths))
        self._lengths = lengths[self._documents]
        if share < 1:
            wanted = max(1, round(share * shards.n_tokens))
            ends = np.cumsum(self._lengths)
            kept = int(np.searchsorted(ends, wanted)) + 1
            self._documents, self._lengths = self._documents[:kept], self._lengths[:kept].copy()
            self._lengths[-1] -= int(ends[kept - 1]) - wanted
        self.unique_tokens = int(self._lengths.sum())
        """Different tokens that there are to read; after these, reading repeats."""
        if self.unique_tokens < 2:
            raise Mistake(
                f"{self.unique_tokens} token is too little to learn from",
                where="corpus",
                remedy="Add text, or raise the pilots' scale",
            )
        self.windows = max(1, self.unique_tokens // length)
        """Windows of one epoch."""
        self._epoch: _Epoch | None = None

    @property
    def tokens_per_step(self) -> int:
        """Targets of one batch."""
        return self.batch * self.length

    @property
    def steps_per_epoch(self) -> float:
        """How many steps read the corpus once; rarely a whole number."""
        return self.windows / self.batch

    def epochs(self, steps: int) -> float:
        """How often the corpus has been read after so many steps; above 1, text repeats."""
        return steps / self.steps_per_epoch

    def batch_at(self, step: int) -> Ids:
        """The batch of one step, counted from 0: int64 [batch, length + 1]. The same for the same seed, always."""
        rows = np.empty((self.batch, self.length + 1), dtype=np.int64)
        for row in range(self.batch):
            number, position = divmod(step * self.batch + row, self.windows)
            epoch = self._at(number)
            self._read(epoch, int(epoch.order[position]), rows[row])
        return rows

    def _at(self, number: int) -> _Epoch:
        if self._epoch is None or self._epoch.number != number:
            rng = np.random.default_rng([self.seed, 1, number])
            order = rng.permutation(len(self._documents))
            self._epoch = _Epoch(
                number=number,
                starts=self.shards.offsets[self._documents[order]],
                ends=np.cumsum(self._lengths[order]),
                offset=int(rng.integers(self.unique_tokens)),
                order=rng.permutation(self.windows),
            )
        return self._epoch

    def _read(self, epoch: _Epoch, window: int, into: Ids) -> None:
        """Fill `into` [length + 1] with one window of the ring."""
        at = (epoch.offset + window * self.length) % self.unique_tokens
        document = int(np.searchsorted(epoch.ends, at, side="right"))
        filled = 0
        while filled < len(into):
            left = int(epoch.ends[document]) - at
            place = int(epoch.starts[document]) + (self._length(epoch, document) - left)
            taken = min(left, len(into) - filled)
            into[filled : filled + taken] = self.shards.tokens[place : place + taken]
            filled, at, document = filled + taken, at + taken, document + 1
            if document == len(epoch.ends):
                at, document = 0, 0

    @staticmethod
    def _length(epoch: _Epoch, document: int) -> int:
        return int(epoch.ends[document]) - (int(epoch.ends[document - 1]) if document else 0)
