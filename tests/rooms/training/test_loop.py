from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from dono.errors import Capped, Mistake
from dono.models import Reader, reader_of
from dono.objectives import next_token
from dono.tokens import Rows
from dono.training import Early, Progress, likelihood, train
from dono.training.checkpoint import counters_in, keep_weights, put_back, state_of
from tests.rooms.training.tiny import VOCABULARY, held_out_loss, texts_at, tiny_lora, tiny_model, tiny_spec, train_texts

OPTIMIZERS = ["adamw", "muon"]
GOLDEN = {
    "adamw": [4.17990168357382, 4.174813417287973, 4.166946998009315, 4.155258527483259, 4.160665389594682],
    "muon": [4.17990168357382, 4.177923862750713, 4.166513956510103, 4.163189522879464, 4.158605523065689],
}
"""Losses of five steps. They may change with the meaning of a loss, an optimizer's numbers, the schedule, the clip or
the tiny model itself, and a change says so; never with packing, precision of sums, parts, resume or speed."""
ROUNDING = 1e-6
"""Other processors round otherwise (float32; measured on one with AVX-512 and without: 5e-8)."""


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_five_steps_have_the_golden_losses(optimizer: str, tmp_path: Path) -> None:
    spec = tiny_spec(5, optimizer=optimizer, decay_from=3)
    assert train_texts(tiny_model(), spec, tmp_path).losses == pytest.approx(GOLDEN[optimizer], rel=ROUNDING)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_scoring_held_out_rows_on_the_way_changes_no_bit_and_its_seconds_count(optimizer: str, tmp_path: Path) -> None:
    models, spec, seen = [tiny_model(), tiny_model()], tiny_spec(5, optimizer=optimizer), list[Progress]()
    plain = train_texts(models[0], spec, tmp_path / "plain")
    scored = train_texts(models[1], spec, tmp_path / "scored", validate=held_out_loss, watch=seen.append)
    assert scored.losses == plain.losses
    assert all(torch.equal(a, b) for a, b in zip(*(m.parameters() for m in models), strict=True))
    assert [p.step for p in seen if p.validation] == [2, 4]

    def slow(reader: Reader, step: int) -> dict[str, float]:
        time.sleep(0.1)
        return {}

    assert train_texts(tiny_model(), spec, tmp_path / "slow", validate=slow).seconds > 0.5


def test_a_run_that_held_out_rows_end_early_says_why_and_keeps_the_weights_that_were_put_back(tmp_path: Path) -> None:
    model, kept = tiny_model(), tmp_path / "kept.safetensors"

    def look(reader: Reader, step: int) -> None:
        if step == 2:
            keep_weights(reader, kept)
        if step == 4:
            put_back(reader, kept)
            raise Early("far enough")

    outcome = train_texts(model, tiny_spec(9), tmp_path / "run", validate=look)
    assert outcome.early == "far enough" and len(outcome.losses) == 4
    other = tiny_model()
    assert train_texts(other, tiny_spec(2), tmp_path / "other").early is None
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


def test_the_first_loss_of_a_random_model_is_the_log_of_its_vocabulary(tmp_path: Path) -> None:
    first = train_texts(tiny_model(), tiny_spec(1), tmp_path).losses[0]
    assert first == pytest.approx(math.log(VOCABULARY), abs=0.05)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_same_run_twice_is_the_same_to_the_last_bit(optimizer: str, tmp_path: Path) -> None:
    models, spec = [tiny_model(), tiny_model()], tiny_spec(5, optimizer=optimizer)
    losses = [train_texts(model, spec, tmp_path / str(i)).losses for i, model in enumerate(models)]
    assert losses[0] == losses[1]
    assert all(torch.equal(a, b) for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_trunk_in_two_pieces_equals_one_in_one_to_the_last_bit(optimizer: str, tmp_path: Path) -> None:
    whole = train_texts(tiny_model(), tiny_spec(6, optimizer=optimizer), tmp_path / "whole")
    train_texts(tiny_model(), tiny_spec(3, optimizer=optimizer), tmp_path / "a")
    second = tiny_spec(6, start=3, optimizer=optimizer)
    rest = train_texts(tiny_model(seed=9), second, tmp_path / "b", after=tmp_path / "a")
    assert rest.losses == whole.losses[3:]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_after_another_has_its_own_rates(optimizer: str, tmp_path: Path) -> None:
    trunk, still = tiny_model(), tiny_model(seed=9)
    train_texts(trunk, tiny_spec(2, optimizer=optimizer), tmp_path / "a")
    spec = tiny_spec(4, start=2, optimizer=optimizer, peak=0.0, matrix_peak=0.0)
    train_texts(still, spec, tmp_path / "b", after=tmp_path / "a")
    assert all(torch.equal(a, b) for a, b in zip(trunk.parameters(), still.parameters(), strict=True))


def test_a_run_goes_on_only_from_the_step_where_the_other_ended(tmp_path: Path) -> None:
    train_texts(tiny_model(), tiny_spec(2), tmp_path / "a")
    with pytest.raises(AssertionError, match="at step 2, not 3"):
        train_texts(tiny_model(), tiny_spec(4, start=3), tmp_path / "b", after=tmp_path / "a")
    with pytest.raises(AssertionError, match="no checkpoint"):
        train_texts(tiny_model(), tiny_spec(4, start=3), tmp_path / "b", after=tmp_path / "nowhere")


def stopping_after(steps: int) -> tuple[Callable[[Progress], None], Callable[[float], str | None]]:
    """A watch and a cap that is reached after so many steps."""
    seen: list[int] = []
    return lambda progress: seen.append(progress.step), lambda _: f"{steps} steps" if len(seen) == steps else None


def test_a_cap_saves_then_stops_and_the_run_goes_on_from_there_without_reading_what_was_read(tmp_path: Path) -> None:
    whole = train_texts(tiny_model(), tiny_spec(6), tmp_path / "whole")
    watch, capped = stopping_after(2)
    with pytest.raises(Capped, match="2 steps"):
        train_texts(tiny_model(), tiny_spec(6), tmp_path / "run", watch=watch, capped=capped)
    asked: list[int] = []

    def parts_at(step: int) -> list[Rows]:
        asked.append(step)
        return texts_at(step)

    for _ in range(2):  # the second time there is nothing left to do
        reader = reader_of(tiny_model(seed=9))
        resumed = train(reader, parts_at, likelihood(next_token), tiny_spec(6), tmp_path / "run")
        assert asked == [2, 3, 4, 5]
        assert resumed.losses == whole.losses and resumed.tokens == whole.tokens


def test_adapters_are_resumed_to_the_last_bit_and_alone_are_trained_and_kept(tmp_path: Path) -> None:
    whole = train_texts(tiny_lora(), tiny_spec(4), tmp_path / "whole").losses
    watch, capped = stopping_after(2)
    with pytest.raises(Capped):
        train_texts(tiny_lora(), tiny_spec(4), tmp_path / "run", watch=watch, capped=capped)
    model = tiny_lora()
    assert train_texts(model, tiny_spec(4), tmp_path / "run").losses == whole
    embedded = model.get_input_embeddings().weight
    assert torch.equal(embedded, tiny_lora().get_input_embeddings().weight)
    kept = sum(path.stat().st_size for path in (tmp_path / "run" / "state").iterdir())
    assert kept < 3 * 4 * sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_then_stops_and_leaves_no_thread(number: signal.Signals, tmp_path: Path) -> None:
    whole = train_texts(tiny_model(), tiny_spec(5), tmp_path / "whole").losses
    before = signal.getsignal(number)

    def watch(progress: Progress) -> None:
        if progress.step == 2:
            signal.raise_signal(number)

    with pytest.raises(KeyboardInterrupt):
        train_texts(tiny_model(), tiny_spec(5), tmp_path / "run", watch=watch)
    assert signal.getsignal(number) is before
    assert not [t for t in threading.enumerate() if t.name.startswith("batches")]
    state = state_of(tmp_path / "run")
    assert state is not None and counters_in(state).losses == whole[:2]
    assert train_texts(tiny_model(seed=9), tiny_spec(5), tmp_path / "run").losses == whole


def test_what_goes_wrong_while_parts_are_made_is_raised_and_leaves_no_thread(tmp_path: Path) -> None:
    def parts_at(step: int) -> list[Rows]:
        if step == 2:
            raise OSError("the data went away")
        return texts_at(step)

    with pytest.raises(OSError, match="the data went away"):
        train(reader_of(tiny_model()), parts_at, likelihood(next_token), tiny_spec(5), tmp_path)
    assert not [t for t in threading.enumerate() if t.name.startswith("batches")]


def test_a_loop_outside_the_main_thread_leaves_signals_alone(tmp_path: Path) -> None:
    losses: list[float] = []
    thread = threading.Thread(target=lambda: losses.extend(train_texts(tiny_model(), tiny_spec(2), tmp_path).losses))
    thread.start()
    thread.join()
    assert len(losses) == 2


def test_a_loss_that_is_not_finite_is_one_line_and_changes_nothing(tmp_path: Path) -> None:
    model = tiny_model()
    reader = reader_of(model)
    with torch.no_grad():
        model.get_input_embeddings().weight[0].fill_(float("nan"))
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(Mistake, match="the loss is nan and the gradient's norm nan at step 1") as told:
        train(reader, texts_at, likelihood(next_token), tiny_spec(2), tmp_path)
    assert "\n" not in str(told.value) and state_of(tmp_path) is None
    after = [p.detach() for p in model.parameters()]
    assert all(torch.equal(a.nan_to_num(7.0), b.nan_to_num(7.0)) for a, b in zip(before, after, strict=True))


def test_the_norm_is_told_before_the_gradient_is_clipped(tmp_path: Path) -> None:
    norms: list[float] = []
    free, clipped = (
        train_texts(
            tiny_model(), tiny_spec(3, clip=clip), tmp_path / str(clip), watch=lambda p: norms.append(p.gradient)
        ).losses
        for clip in (1e9, 1e-8)  # the second is of the size of AdamW's ε, so that its steps are shorter
    )
    assert norms[0] == norms[3] > 1e-3
    assert free[0] == clipped[0] and free[1] != clipped[1]


def test_progress_counts_what_was_read_and_learned(tmp_path: Path) -> None:
    seen: list[Progress] = []
    outcome = train_texts(tiny_model(), tiny_spec(3), tmp_path, watch=seen.append)
    tokens = [sum(part.tokens for part in texts_at(step)) for step in range(3)]
    trained = [sum(int((part.labels >= 0).sum()) for part in texts_at(step)) for step in range(3)]
    assert [p.step for p in seen] == [1, 2, 3] and [p.loss for p in seen] == outcome.losses
    assert [p.tokens for p in seen] == [sum(tokens[: i + 1]) for i in range(3)]
    assert outcome.trained == seen[-1].trained == sum(trained)
    assert [p.rate for p in seen] == pytest.approx([0.5e-2, 1e-2, 1e-2])
    assert seen[-1].memory > 0 and seen[-1].metrics is None
