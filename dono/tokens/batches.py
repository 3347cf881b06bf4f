"""The order in which a corpus is read: any step's batch can be asked for directly, so resuming replays nothing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dono.errors import Mistake
from dono.tokens.mixture import Rings
from dono.tokens.rows import Document, Ids, Rows, packed, padded
from dono.tokens.shards import Shards


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
    """A deterministic stream of windows of `length` tokens, `batch` of them a step, each token predicted from before.

    Each epoch shuffles the documents, lays them end to end as a ring, cuts the ring into windows that overlap by one
    token (each token is a target once), starting at a random place, and reads the windows in a random order.
    `share` reads only a part of the corpus: whole documents drawn by `seed` until that share of the tokens is reached
    (the last one cut); a smaller share is a part of a larger one of the same seed.

    `apart`: a window is cut where a document begins, and the pieces do not see each other. A piece begins with the EOS
    before its document, from which the first token is predicted (so is it scored and generated too); the rest of a
    document that a window cuts begins without any. `apart=False`: what stands before in the window is seen.
    `pack`: all pieces on one row, else a row for each window, whose documents then always see each other: rows are for
    models that cannot keep packed documents apart.

    `rings`: an epoch reads so much of each part of the corpus, going on in each where the epoch before ended.
    """

    def __init__(
        self,
        shards: Shards,
        *,
        length: int,
        batch: int,
        seed: int,
        share: float = 1.0,
        apart: bool = True,
        pack: bool = True,
        rings: Rings | None = None,
    ) -> None:
        assert length >= 1 and batch >= 1 and 0 < share <= 1 and (rings is None or share == 1)
        self.shards, self.length, self.batch, self.seed, self.share = shards, length, batch, seed, share
        self.apart, self.pack, self.rings = apart, pack, rings
        lengths = shards.lengths()
        self._documents = np.random.default_rng([seed, 0]).permutation(len(lengths))
        self._lengths = lengths[self._documents]
        if share < 1:
            wanted = max(1, round(share * shards.n_tokens))
            ends = np.cumsum(self._lengths)
            kept = int(np.searchsorted(ends, wanted)) + 1
            self._documents, self._lengths = self._documents[:kept], self._lengths[:kept].copy()
            self._lengths[-1] -= int(ends[kept - 1]) - wanted
        self.unique_tokens = int(self._lengths.sum()) if rings is None else rings.total
        """Tokens of one epoch: without `rings` different ones; after these, reading repeats."""
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
        """The windows of one step, counted from 0, as they are: int64 [batch, length + 1]. Always the same."""
        return np.stack([self._window(step * self.batch + row)[0] for row in range(self.batch)])

    def parts_at(self, step: int, part_rows: int | None = None) -> list[Rows]:
        """The windows of one step as `part_rows` to a part (the last part may have fewer; None: all in one).

        In all they are `batch` · `length` tokens, each with its label, whatever `part_rows` is.
        """
        windows = [self._pieces(step * self.batch + row) for row in range(self.batch)]
        many = part_rows or self.batch
        lay = packed if self.pack else padded
        return [lay([d for pieces in windows[at : at + many] for d in pieces]) for at in range(0, self.batch, many)]

    def _pieces(self, number: int) -> list[Document]:
        """The documents of one window that are kept apart."""
        window, begins = self._window(number)
        inputs, labels = window[:-1].copy(), window[1:]
        if not (self.apart and self.pack):
            return [Document(inputs, labels)]
        first = np.asarray([place - 1 for place in begins if place], dtype=np.int64)
        inputs[first] = self.shards.eos  # there already, unless the document before is the one that `share` cuts
        return [Document(inputs[a:b], labels[a:b]) for a, b in pairwise([0, *first[first > 0].tolist(), self.length])]

    def _window(self, number: int) -> tuple[Ids, list[int]]:
        """The tokens [length + 1] of a window, counted from 0 over all epochs, and where in it documents begin."""
        number, position = divmod(number, self.windows)
        epoch = self._at(number)
        return self._read(epoch, int(epoch.order[position]))

    def _at(self, number: int) -> _Epoch:
        if self._epoch is None or self._epoch.number != number:
            rng = np.random.default_rng([self.seed, 1, number])
            starts, lengths = self.shards.offsets[self._documents], self._lengths
            if self.rings is not None:
                starts, lengths = self.rings.epoch(number, self.shards.offsets)
            order = rng.permutation(len(starts))
            self._epoch = _Epoch(
                number=number,
                starts=starts[order],
                ends=np.cumsum(lengths[order]),
                offset=int(rng.integers(self.unique_tokens)),
                order=rng.permutation(self.windows),
            )
        return self._epoch

    def _read(self, epoch: _Epoch, window: int) -> tuple[Ids, list[int]]:
        into = np.empty(self.length + 1, dtype=np.int64)
        at = (epoch.offset + window * self.length) % self.unique_tokens
        document = int(np.searchsorted(epoch.ends, at, side="right"))
        filled = 0
        begins: list[int] = []
        while filled < len(into):
            left = int(epoch.ends[document]) - at
            begun = self._length(epoch, document) - left
            if not begun:
                begins.append(filled)
            place = int(epoch.starts[document]) + begun
            taken = min(left, len(into) - filled)
            into[filled : filled + taken] = self.shards.tokens[place : place + taken]
            filled, at, document = filled + taken, at + taken, document + 1
            if document == len(epoch.ends):
                at, document = 0, 0
        return into, begins

    @staticmethod
    def _length(epoch: _Epoch, document: int) -> int:
        return int(epoch.ends[document]) - (int(epoch.ends[document - 1]) if document else 0)
