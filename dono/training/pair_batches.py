"""The order in which preferences are read: any step's pairs can be asked for directly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from dono.tokens import Document, Ids, Rows, even_parts, near_parts, packed, padded
from dono.training.learners import Floats, JudgedRows, PairRows

R = TypeVar("R", PairRows, JudgedRows)


class Pair(NamedTuple):
    """One prompt with two answers, each a document whose trained labels are the answer's."""

    chosen: Document
    rejected: Document

    @property
    def tokens(self) -> int:
        """Tokens of both, the prompt twice."""
        return len(self.chosen.ids) + len(self.rejected.ids)


class _Shuffled(Generic[R]):
    """`batch` pairs a step, one new order an epoch after the other; a step may reach into the next epoch.

    A step is cut into parts of at most `part_tokens` tokens (None: as few parts as there may be), a multiple of
    `processes` of them, as `batch` must be; a pair longer than that is a part by itself.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        *,
        batch: int,
        seed: int,
        pad: int,
        part_tokens: int | None = None,
        processes: int = 1,
        pack: bool = True,
    ) -> None:
        assert pairs and batch % processes == 0
        self.pairs, self.batch, self.seed, self.pad, self.processes = pairs, batch, seed, pad, processes
        self.part_tokens, self.pack = part_tokens, pack
        self._lengths = np.asarray([p.tokens for p in pairs], dtype=np.int64)

    @property
    def steps_per_epoch(self) -> float:
        """How many steps read every pair once; rarely a whole number."""
        return len(self.pairs) / self.batch

    def numbers_at(self, step: int) -> Ids:
        """The numbers of one step's pairs: int64 [batch]."""
        places = np.arange(step * self.batch, (step + 1) * self.batch)
        epochs, within = np.divmod(places, len(self.pairs))
        orders = {e: np.random.default_rng([self.seed, e]).permutation(len(self.pairs)) for e in set(epochs.tolist())}
        return np.asarray([orders[e][i] for e, i in zip(epochs.tolist(), within.tolist(), strict=True)])

    def parts_at(self, step: int) -> list[R]:
        """The parts of one step, counted from 0. The same for the same seed, always."""
        numbers = self.numbers_at(step)
        divide, lengths = even_parts if self.pack else near_parts, self._lengths[numbers]
        room = self.part_tokens or len(lengths) * int(lengths.max())
        return [self.rows_of(numbers[part]) for part in divide(lengths, room, multiple=self.processes)]

    def rows_of(self, numbers: Ids) -> R:
        """These pairs as one part."""
        raise NotImplementedError

    def _laid(self, documents: Sequence[Document]) -> Rows:
        return packed(documents) if self.pack else padded(documents, pad=self.pad)


class PairBatches(_Shuffled[PairRows]):
    """Pairs of which the first answer is preferred.

    `reference` float32 [pairs, 2]: log-likelihoods of the chosen and the rejected answers under the frozen reference;
    None for losses without one.
    """

    def __init__(self, pairs: Sequence[Pair], *, reference: Floats | None = None, **how: Any) -> None:  # noqa: ANN401
        super().__init__(pairs, **how)
        self.reference = reference

    def rows_of(self, numbers: Ids) -> PairRows:
        """The chosen answers, then the rejected ones."""
        chosen, rejected = zip(*(self.pairs[i] for i in numbers), strict=True)
        reference = None if self.reference is None else self.reference[numbers].T.reshape(-1)
        return PairRows(self._laid([*chosen, *rejected]), len(numbers), reference)


class JudgedBatches(_Shuffled[JudgedRows]):
    """Answers with a verdict each (`desirable`), and beside each the same answer after another row's prompt.

    `reference` float32 [pairs, 2]: log-likelihoods of both under the frozen reference.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        desirable: Sequence[bool],
        reference: Floats,
        **how: Any,  # noqa: ANN401 - what `_Shuffled` takes
    ) -> None:
        super().__init__(pairs, **how)
        self.desirable, self.reference = np.asarray(desirable), reference

    def rows_of(self, numbers: Ids) -> JudgedRows:
        """The answers after their own prompts, and after others."""
        own, other = zip(*(self.pairs[i] for i in numbers), strict=True)
        known = self.reference[numbers]
        return JudgedRows(self._laid(own), self.desirable[numbers], known[:, 0], self._laid(other), known[:, 1])
