"""Tokens on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.tokens import Shards, encode_plain, write_shards

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
