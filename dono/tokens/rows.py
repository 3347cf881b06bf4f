"""Documents laid out as a model reads them: end to end on one row without padding, or one to a row with padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

IGNORED = -100
"""The label that no loss is taken on (the convention of torch's cross-entropy)."""

Ids = npt.NDArray[np.int64]


class Document(NamedTuple):
    """One sequence: `ids` int64 [length], and `labels` int64 [length], the token that follows each place or IGNORED."""

    ids: Ids
    labels: Ids


class Rows(NamedTuple):
    """What one forward pass reads. `inputs`, `labels` (aligned with the outputs) and `positions`: int64 [rows, length].

    Packed: one row; document i stands at `bounds[i]:bounds[i + 1]` (int64 [documents + 1]) and sees itself alone.
    Padded: `bounds` is None, one document to a row from its beginning, `attention` int64 [rows, length] is 1 where it
    stands. `tokens` counts places that are not filling.
    """

    inputs: Ids
    labels: Ids
    positions: Ids
    tokens: int
    bounds: Ids | None = None
    attention: Ids | None = None


def document(ids: Sequence[int] | Ids, trained_from: int = 1) -> Document:
    """A document of the tokens `ids[:-1]`, each to be followed by the next; tokens before `trained_from` are given."""
    whole = np.asarray(ids, dtype=np.int64)
    labels = whole[1:].copy()
    labels[: max(0, trained_from - 1)] = IGNORED
    return Document(whole[:-1], labels)


def packed(documents: Sequence[Document], *, fill_to: int = 0, pad: int = 0) -> Rows:
    """All documents on one row, end to end; filled up to `fill_to` places with a document of `pad` that trains nothing.

    A fixed `fill_to` gives every batch the same shape, so that nothing is compiled twice.
    """
    assert documents, "nothing to pack"
    lengths = [len(d.ids) for d in documents]
    tokens = sum(lengths)
    if tokens < fill_to:
        lengths.append(fill_to - tokens)
        filling = np.full(fill_to - tokens, pad, dtype=np.int64)
        documents = [*documents, Document(filling, np.full_like(filling, IGNORED))]
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    positions = np.arange(bounds[-1]) - np.repeat(bounds[:-1], lengths)
    inputs, labels = (np.concatenate(part)[None] for part in zip(*documents, strict=True))
    return Rows(inputs, labels, positions[None], tokens, bounds=bounds)


def padded(documents: Sequence[Document], *, pad: int = 0) -> Rows:
    """One document to a row, filled at the end with `pad`, which is neither attended to nor trained."""
    assert documents, "nothing to lay out"
    shape = (len(documents), max(len(d.ids) for d in documents))
    inputs, labels = np.full(shape, pad, dtype=np.int64), np.full(shape, IGNORED, dtype=np.int64)
    attention = np.zeros(shape, dtype=np.int64)
    for row, (ids, targets) in enumerate(documents):
        inputs[row, : len(ids)], labels[row, : len(ids)], attention[row, : len(ids)] = ids, targets, 1
    positions = np.broadcast_to(np.arange(shape[1]), shape).copy()
    return Rows(inputs, labels, positions, int(attention.sum()), attention=attention)


def separate(rows: Rows) -> list[Document]:
    """The documents of packed or padded rows, filling included where it is packed as a document of its own."""
    if rows.bounds is not None:
        inputs, labels = rows.inputs[0], rows.labels[0]
        return [Document(inputs[a:b], labels[a:b]) for a, b in zip(rows.bounds[:-1], rows.bounds[1:], strict=True)]
    assert rows.attention is not None
    lengths = rows.attention.sum(axis=1)
    return [Document(rows.inputs[i, :n], rows.labels[i, :n]) for i, n in enumerate(lengths)]


def filled_up(parts: list[Rows], processes: int) -> list[Rows]:
    """The parts, and copies of the first that train nothing, up to a multiple of the processes."""
    nothing = parts[0]._replace(labels=np.full_like(parts[0].labels, IGNORED), tokens=0)
    return parts + [nothing] * (-len(parts) % processes)
