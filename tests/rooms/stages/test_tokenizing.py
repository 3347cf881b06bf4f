"""A corpus cut into tokens in pieces, by whichever processes, beside the same in one go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dono.artifacts import Store
from dono.corpus import read_documents, row_groups
from dono.runners import open_runner
from dono.stages import tokenizing
from dono.stages.prepare import Prepared
from dono.stages.tokenizing import Encoding, corpus_tokens, encoding
from dono.stages.vocabularies import own_tokenizer, train_documents
from dono.stages.workplace import Workplace
from dono.tokens import load_tokenizer, write_shards


@pytest.fixture
def small_groups(prepared: Prepared, tmp_path: Path) -> Path:
    """The corpus with its documents in many row groups."""
    assert prepared.corpus is not None
    table = pq.read_table(prepared.corpus.path / "documents.parquet")
    pq.write_table(table, tmp_path / "documents.parquet", row_group_size=7)
    return tmp_path


@pytest.mark.parametrize("kind", ["local", "ray"])
def test_pieces_are_joined_to_the_tokens_of_one_go_to_the_byte(
    place: Workplace, prepared: Prepared, small_groups: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    kind: str, request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    assert prepared.corpus is not None
    tokenizer = own_tokenizer(place, prepared.corpus)
    whole = write_shards(train_documents(prepared.corpus), load_tokenizer(tokenizer.path), tmp_path / "whole")
    if kind == "ray":
        request.getfixturevalue("ray_session")
    runner = open_runner("local" if kind == "ray" else None, tmp_path)
    monkeypatch.setattr(tokenizing, "PIECE_BYTES", 1)
    corpus = replace(prepared.corpus, path=small_groups)
    apart = replace(place, store=Store(tmp_path / "work"), runner=runner)
    monkeypatch.setattr(tokenizing, "record_step", lambda *_: None)
    artifact, shards = corpus_tokens(apart, corpus, tokenizer.reference, str(tokenizer.path))
    assert len(row_groups(small_groups, 1)) > 10 and shards.n_documents == whole.total.documents
    names = {p.name for p in artifact.path.iterdir()}
    assert names == {"artifact.json", "tokens.bin", "index.npz"}
    for name in ("tokens.bin", "index.npz"):
        assert (artifact.path / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_piece_that_is_there_is_not_encoded_again_and_one_without_documents_to_learn_from_is_none(
    place: Workplace, prepared: Prepared, small_groups: Path, tmp_path: Path
) -> None:
    assert prepared.corpus is not None
    tokenizer = own_tokenizer(place, prepared.corpus)
    (tmp_path / "pieces").mkdir()
    work = encoding(Encoding(small_groups, str(tokenizer.path), tmp_path / "pieces"))
    told: list[int] = []
    piece = work(range(2), told.append)
    assert piece is not None and told
    stamp = (piece / "tokens.bin").stat().st_mtime_ns
    assert work(range(2), told.append) == piece and (piece / "tokens.bin").stat().st_mtime_ns == stamp
    assert work(range(0, 0), told.append) is None
    found = [d.text for d in read_documents(small_groups, groups=range(1, 2))]
    assert found == [d.text for d in read_documents(small_groups)][7:14]
