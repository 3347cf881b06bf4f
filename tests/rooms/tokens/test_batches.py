"""The order in which a corpus is read, and how its documents are kept apart."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.errors import Mistake
from dono.tokens import Batches, Rows, Shards, separate

EOS = 60_000


def numbered(lengths: list[int]) -> Shards:
    """Shards whose tokens are 0, 1, 2 …: where a token came from can be read off it."""
    total = sum(lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    count = len(lengths)
    zeros = np.zeros(count, dtype=np.int32)
    return Shards(np.arange(total, dtype=np.uint16), offsets, np.ones(count, dtype=np.int64), zeros, ("en",))


def test_an_epoch_learns_every_token_once() -> None:
    batches = Batches(numbered([7, 1, 40, 12]), length=6, batch=2, seed=3)
    assert batches.windows == 10 and batches.steps_per_epoch == 5 and batches.epochs(10) == 2
    for epoch in (0, 1):
        targets = np.concatenate([batches.batch_at(step)[:, 1:].ravel() for step in range(epoch * 5, epoch * 5 + 5)])
        assert sorted(targets) == list(range(60))


def test_any_step_can_be_asked_for_without_the_steps_before_it() -> None:
    shards = numbered([30, 20, 70, 9])
    batches = Batches(shards, length=8, batch=3, seed=1)
    streamed = [batches.batch_at(step) for step in range(20)]
    for step in (13, 2, 19, 0):
        assert (Batches(shards, length=8, batch=3, seed=1).batch_at(step) == streamed[step]).all()
    assert streamed[0].shape == (3, 9) and streamed[0].dtype == np.int64


def test_another_seed_and_another_epoch_read_in_another_order() -> None:
    shards = numbered([10] * 20)
    first = Batches(shards, length=10, batch=20, seed=1)
    assert (first.batch_at(0) != first.batch_at(1)).any()
    assert (first.batch_at(0) != Batches(shards, length=10, batch=20, seed=2).batch_at(0)).any()


def test_a_share_reads_that_share_of_the_tokens_and_a_smaller_one_lies_within_it() -> None:
    shards = numbered([10] * 30)
    seen = {}
    for share in (0.1, 0.25):
        batches = Batches(shards, length=5, batch=1, seed=4, share=share)
        assert batches.unique_tokens == round(300 * share)
        steps = int(batches.steps_per_epoch)
        seen[share] = {int(t) for step in range(steps) for t in batches.batch_at(step)[0, 1:]}
        assert len(seen[share]) == batches.unique_tokens
    assert seen[0.1] <= seen[0.25]


def test_a_corpus_shorter_than_a_window_is_repeated_within_it() -> None:
    batch = Batches(numbered([3, 2]), length=12, batch=2, seed=0).batch_at(5)
    assert batch.shape == (2, 13) and set(batch.ravel()) == {0, 1, 2, 3, 4}


def test_a_corpus_of_one_token_is_refused() -> None:
    with pytest.raises(Mistake, match="too little"):
        Batches(numbered([1]), length=4, batch=1, seed=0)


def closed(lengths: list[int]) -> Shards:
    """As `numbered`, each document closed by EOS: of a document of 3 from token 7 on, 7, 8, EOS is stored."""
    shards = numbered(lengths)
    shards.tokens[shards.offsets[1:] - 1] = EOS
    return shards


def labels_of(parts: list[Rows]) -> list[int]:
    return [int(label) for rows in parts for label in rows.labels.ravel()]


LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=12).filter(lambda lengths: sum(lengths) >= 2)


@settings(max_examples=150, deadline=None)
@given(lengths=LENGTHS, length=st.integers(1, 30), batch=st.integers(1, 4), share=st.sampled_from([0.4, 1.0]))
def test_apart_every_piece_is_one_document_that_begins_with_eos_or_goes_on(
    lengths: list[int], length: int, batch: int, share: float
) -> None:
    if share * sum(lengths) < 2:
        return
    shards = closed(lengths)
    batches = Batches(shards, length=length, batch=batch, seed=5, share=share)
    for step in range(4):
        (rows,) = batches.parts_at(step)
        assert rows.tokens == rows.inputs.size == batch * length
        assert labels_of([rows]) == batches.batch_at(step)[:, 1:].ravel().tolist()
        for ids, labels in separate(rows):
            assert ids[1:].tolist() == labels[:-1].tolist()
            assert EOS not in ids[1:]
            seen = np.concatenate([ids, labels[-1:]])
            stored = seen[seen != EOS]
            assert (np.diff(stored) == 1).all()
            owners = np.searchsorted(shards.offsets, stored, side="right")
            assert len(set(owners.tolist())) <= 1


def test_apart_a_documents_first_token_is_predicted_from_eos_alone() -> None:
    batches = Batches(closed([6, 4, 9, 5]), length=24, batch=1, seed=0)
    pieces = separate(batches.parts_at(0)[0])
    begun = {int(labels[0]) for ids, labels in pieces if ids[0] == EOS}
    assert begun == {0, 6, 10, 19} and len(pieces) in (4, 5)


def test_the_document_that_a_share_cuts_does_not_leak_into_the_next() -> None:
    shards = closed([50, 50])
    batches = Batches(shards, length=7, batch=1, seed=1, share=0.75)
    beginnings = [document for step in range(12) for document in separate(batches.parts_at(step)[0])]
    into_first = [ids[0] for ids, labels in beginnings if labels[0] in (0, 50)]
    assert into_first and set(into_first) == {EOS}


def test_together_a_window_is_one_document_across_boundaries() -> None:
    shards = closed([6, 4, 9, 5])
    batches = Batches(shards, length=8, batch=3, seed=0, apart=False)
    windows, (rows,) = batches.batch_at(1), batches.parts_at(1)
    assert rows.bounds is not None and rows.bounds.tolist() == [0, 8, 16, 24]
    assert rows.inputs.reshape(3, 8).tolist() == windows[:, :-1].tolist()
    assert rows.labels.reshape(3, 8).tolist() == windows[:, 1:].tolist()
    (padded,) = Batches(shards, length=8, batch=3, seed=0, pack=False).parts_at(1)
    assert padded.bounds is None and padded.inputs.tolist() == windows[:, :-1].tolist()


@pytest.mark.parametrize("part_rows", [1, 2, 3, 5])
def test_parts_hold_the_same_pieces_as_the_whole_step(part_rows: int) -> None:
    batches = Batches(closed([6, 4, 9, 5, 30]), length=8, batch=5, seed=0)
    whole, parts = batches.parts_at(2), batches.parts_at(2, part_rows)
    assert [rows.inputs.size for rows in parts[:-1]] == [part_rows * 8] * (len(parts) - 1)
    assert labels_of(parts) == labels_of(whole)
    assert lists(parts) == lists(whole)


def lists(parts: list[Rows]) -> list[tuple[list[int], list[int]]]:
    return [(d.ids.tolist(), d.labels.tolist()) for rows in parts for d in separate(rows)]


def test_positions_restart_with_every_piece() -> None:
    (rows,) = Batches(closed([6, 4, 9, 5]), length=12, batch=2, seed=3).parts_at(0)
    assert rows.bounds is not None
    for a, b in pairwise(rows.bounds.tolist()):
        assert rows.positions[0, a:b].tolist() == list(range(b - a))
