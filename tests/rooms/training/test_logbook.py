from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from tensorboardX.proto.event_pb2 import Event

from dono.artifacts import LOG, read_log
from dono.training.logbook import EVENTS, Logbook, Scale, row_of, sentence
from dono.training.loop import Progress

SCALE = Scale(flops_per_token=6e6, bytes_per_token=4.0, peak=6e10, price_per_second=0.5, currency="INR", cap=100.0)


class Sums(NamedTuple):
    pairs: int


def progress(step: int, loss: float = 2.0) -> Progress:
    return Progress(
        start=0, step=step, stop=10, loss=loss, rate=1e-3, gradient=0.7, tokens=step * 100, trained=step * 50,
        tokens_per_second=1000.0, seconds=step * 2.0, memory=2_000_000_000, metrics=None,
    )  # fmt: skip


def events(folder: Path) -> list[Event]:
    """TensorBoard's records: length (8 bytes), checksum (4), the event, checksum (4)."""
    found = []
    for file in sorted((folder / EVENTS).iterdir()):
        data, at = file.read_bytes(), 0
        while at < len(data):
            size = int.from_bytes(data[at : at + 8], "little")
            found.append(Event.FromString(data[at + 12 : at + 12 + size]))
            at += 16 + size
    return found


def test_a_row_sets_a_step_against_bytes_peak_and_price() -> None:
    row = row_of(progress(4), SCALE)
    assert row["bits_per_byte"] == pytest.approx(2.0 / math.log(2) / 4)
    assert row["flops_per_second"] == 6e9
    assert row["peak_share"] == pytest.approx(0.1)
    assert row["left"] == pytest.approx(12.0)
    assert (row["spent"], row["cap"]) == (4.0, 100.0)


def test_what_is_not_known_is_null_and_not_a_number() -> None:
    row = row_of(progress(1), Scale(flops_per_token=1.0))
    assert row["bits_per_byte"] is row["peak_share"] is row["cap"] is None


def test_the_objectives_own_sums_stand_in_the_row() -> None:
    assert row_of(replace(progress(1), metrics=Sums(3)), SCALE)["objective_pairs"] == 3.0


def test_what_held_out_rows_were_scored_at_stands_in_row_events_and_sentence(tmp_path: Path) -> None:
    scored = replace(progress(1), validation={"loss": 2.5, "bits_per_byte": 1.25})
    with Logbook(tmp_path, SCALE) as book:
        assert "held out 2.500" in sentence(book.write(scored), SCALE)
        assert "held out" not in sentence(book.write(progress(2)), SCALE)
    first, second = read_log(tmp_path / LOG)
    assert (first["validation_loss"], first["validation_bits_per_byte"]) == (2.5, 1.25)
    assert "validation_loss" not in second
    tags = {value.tag for event in events(tmp_path) for value in event.summary.value}
    assert {"validation/loss", "validation/bits_per_byte", "train/loss"} <= tags


def test_every_step_is_a_line_and_an_event(tmp_path: Path) -> None:
    with Logbook(tmp_path, SCALE) as book:
        for step in (1, 2, 3):
            book.write(progress(step, loss=4.0 - step))
    assert [row["loss"] for row in read_log(tmp_path / LOG)] == [3.0, 2.0, 1.0]
    losses = [v.simple_value for e in events(tmp_path) for v in e.summary.value if v.tag == "train/loss"]
    assert losses == [3.0, 2.0, 1.0]


def test_a_run_that_goes_on_has_each_step_once(tmp_path: Path) -> None:
    with Logbook(tmp_path, SCALE) as book:
        for step in (1, 2, 3, 4):
            book.write(progress(step, loss=9.0))
    with (tmp_path / LOG).open("a") as file:
        file.write('{"step": 5, "lo')  # a kill in the middle of a line
    with Logbook(tmp_path, SCALE) as book:
        for step in (3, 4, 5):
            book.write(progress(step, loss=1.0))
    rows = read_log(tmp_path / LOG)
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["loss"] for row in rows] == [9.0, 9.0, 1.0, 1.0, 1.0]
    assert all(json.loads(line) for line in (tmp_path / LOG).read_text().splitlines())


def test_a_log_that_cannot_be_written_is_said_and_does_not_stop_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Logbook(tmp_path, SCALE) as book:
        book.write(progress(1))

        def full(*arguments: object, **options: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "open", full)
        book.write(progress(2))
        row = book.write(progress(3))
    monkeypatch.undo()
    assert row["step"] == 3
    assert book.trouble is not None
    assert "No space left" in book.trouble
    assert [r["step"] for r in read_log(tmp_path / LOG)] == [1]


def test_a_sentence_says_what_a_person_asks() -> None:
    said = sentence(row_of(progress(4), SCALE), SCALE)
    assert said == (
        "loss 2.000 (0.721 bits per byte), rate 1.0e-03, 1,000 tok/s, 6 GFLOP/s (10% of peak), 2.0 GB, "
        "INR 4.00 of 100.00"
    )
