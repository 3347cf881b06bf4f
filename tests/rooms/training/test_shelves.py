"""Checkpoints behind a URL: on a real S3 server of our own, and in a folder named by a URL."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from dono.errors import Capped, Mistake
from dono.training.checkpoint import counters_in, forget_state, state_of, trained_seconds
from dono.training.shelves import AT, Kept, Shelf
from tests.rooms.corpus.test_s3 import Server, s3fs, server
from tests.rooms.training.test_loop import stopping_after
from tests.rooms.training.tiny import tiny_model, tiny_spec, train_texts

__all__ = ["server"]


def run_until(steps: int, folder: Path, under: str) -> None:
    watch, capped = stopping_after(steps)
    with pytest.raises(Capped):
        train_texts(tiny_model(), tiny_spec(6, checkpoints=under), folder, watch=watch, capped=capped)


def test_a_run_whose_machine_is_lost_goes_on_from_s3_to_the_last_bit(server: Server, tmp_path: Path) -> None:
    whole, model = train_texts(tiny_model(), tiny_spec(6), tmp_path / "whole"), tiny_model(seed=9)
    folder = tmp_path / "trunk" / "abc"
    for steps in (2, 1):
        run_until(steps, folder, "s3://shop/runs/")
        shutil.rmtree(folder)
    resumed = train_texts(model, tiny_spec(6, checkpoints="s3://shop/runs/"), folder)
    assert resumed.losses == whole.losses and resumed.tokens == whole.tokens
    assert [p.name for p in folder.iterdir()] == [AT] and (folder / AT).read_text() == "s3://shop/runs/trunk/abc"
    again = tiny_model()
    train_texts(again, tiny_spec(6), tmp_path / "whole")
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    files = s3fs.S3FileSystem()
    assert [p.rsplit("/", 1)[-1] for p in files.ls("shop/runs/trunk/abc", detail=False)] == ["000000000006"]
    forget_state(folder)
    files.invalidate_cache()
    assert not files.exists("shop/runs/trunk/abc") and not list(folder.iterdir())


def test_a_checkpoint_that_was_not_finished_does_not_count(tmp_path: Path) -> None:
    folder, under = tmp_path / "run" / "abc", f"file://{tmp_path}/shelf"
    run_until(2, folder, under)
    half = tmp_path / "shelf" / "run" / "abc" / "000000000004"
    half.mkdir()
    (half / ".metadata").write_bytes(b"half")
    state = state_of(folder)
    assert isinstance(state, Kept) and counters_in(state).step == 2 and trained_seconds(folder) > 0
    train_texts(tiny_model(), tiny_spec(6, checkpoints=under), folder)
    assert [p.name for p in half.parent.iterdir()] == ["000000000006"]


def test_a_url_that_cannot_be_written_to_is_said_in_one_line_and_what_was_saved_is_kept(
    server: Server, tmp_path: Path
) -> None:
    folder, under = tmp_path / "run" / "abc", "s3://shop/runs"
    run_until(2, folder, under)
    server.stop()
    for wrong, where in ((under, folder), ("ftpp://a/b", tmp_path / "run" / "other")):
        with pytest.raises(Mistake, match="the checkpoints cannot be kept there") as told:
            train_texts(tiny_model(), tiny_spec(6, checkpoints=wrong), where)
        assert "\n" not in str(told.value) and told.value.where.startswith(wrong)
    server.start()
    assert train_texts(tiny_model(), tiny_spec(6, checkpoints=under), folder).tokens > 0


def test_the_place_on_a_shelf_stays_where_the_run_began(tmp_path: Path) -> None:
    (tmp_path / "run" / "abc").mkdir(parents=True)
    Shelf.take(tmp_path / "run" / "abc", "s3://one/")
    Shelf.take(tmp_path / "run" / "abc", "s3://other/")
    assert Shelf.of(tmp_path / "run" / "abc") == Shelf("s3://one/run/abc")
    assert Shelf.of(tmp_path) is None
