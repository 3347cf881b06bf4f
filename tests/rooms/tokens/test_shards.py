"""Tokens on disk, and the order in which they are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.tokens import Batches, Shards, encode_plain, write_shards

DOCUMENTS = [("नमस्ते दुनिया", "hi"), ("hello world, hello", "en"), ("", "en"), ("தமிழ்", "ta"), ("और एक", "hi")]


@pytest.fixture
def shards(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> Shards:
    """Five documents in three languages."""
    write_shards(DOCUMENTS, tokenizer, tmp_path)
    return Shards.open(tmp_path)


def test_documents_come_back_with_their_language_and_end_in_eos(
    shards: Shards, tokenizer: PreTrainedTokenizerBase
) -> None:
    for number, (text, language) in enumerate(DOCUMENTS):
        ids = shards.document(number).tolist()
        assert ids[-1] == tokenizer.eos_token_id and tokenizer.decode(ids[:-1]) == text
        assert shards.language(number) == language
    assert shards.tokens.dtype == np.uint16


def test_counts_are_true_in_all_and_by_language(shards: Shards, tokenizer: PreTrainedTokenizerBase) -> None:
    counts = shards.counts()
    assert counts.total.bytes == sum(len(t.encode()) for t, _ in DOCUMENTS) == shards.n_bytes
    assert counts.total.tokens == sum(len(i) + 1 for i in encode_plain(tokenizer, [t for t, _ in DOCUMENTS]))
    assert counts.by_language["hi"].documents == 2 and set(counts.by_language) == {"hi", "en", "ta"}
    assert sum(c.tokens for c in counts.by_language.values()) == shards.n_tokens
    assert shards.documents("hi").tolist() == [0, 4] and shards.documents("xx").tolist() == []


def test_progress_tells_documents_and_tokens(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    told: list[tuple[int, int]] = []
    counts = write_shards(
        [("a b", "en")] * 600, tokenizer, tmp_path, progress=lambda documents, tokens: told.append((documents, tokens))
    )
    assert [d for d, _ in told] == [512, 600] and told[-1][1] == counts.total.tokens


def test_tokens_cut_short_are_noticed(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    write_shards(DOCUMENTS, tokenizer, tmp_path)
    whole = (tmp_path / "tokens.bin").read_bytes()
    (tmp_path / "tokens.bin").write_bytes(whole[:-4])
    with pytest.raises(Mistake, match="the index says"):
        Shards.open(tmp_path)


def test_no_document_is_refused(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(Mistake, match="no document"):
        write_shards([], tokenizer, tmp_path)


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
