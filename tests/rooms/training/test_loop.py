from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from dono.errors import Capped, Mistake
from dono.models import random_llama
from dono.objectives import next_token
from dono.tokens import load_tokenizer
from dono.training import Batch, LoopSpec, Outcome, rate_at, train
from tests.conftest import TINY


def batch_at(step: int) -> Batch:
    ids = np.random.default_rng(step).integers(0, 300, (4, 33))
    return Batch(ids[:, :-1].copy(), ids[:, 1:].copy())


def spec(start: int, stop: int, decay_from: int | None = None, save_seconds: float = 1e9) -> LoopSpec:
    return LoopSpec(
        start=start, stop=stop, peak=1e-2, warmup=2, decay_from=stop if decay_from is None else decay_from,
        save_seconds=save_seconds,
    )  # fmt: skip


def run(model: LlamaForCausalLM, loop: LoopSpec, folder: Path, after: Path | None = None) -> Outcome:
    return train(model, batch_at, next_token, loop, folder, after=after)


def test_the_first_loss_of_a_random_model_is_the_log_of_its_vocabulary(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    first = run(model, spec(0, 1), tmp_path).losses[0]
    assert first == pytest.approx(np.log(len(tokenizer)), abs=0.05)


def test_the_same_seed_twice_gives_the_same_losses_to_the_last_bit(
    tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    losses = [run(random_llama(TINY, tokenizer, seed=3), spec(0, 6), tmp_path / str(i)).losses for i in range(2)]
    assert losses[0] == losses[1]


def test_a_trunk_in_two_parts_equals_one_in_one(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    whole = run(random_llama(TINY, tokenizer, seed=0), spec(0, 6), tmp_path / "whole")
    run(random_llama(TINY, tokenizer, seed=0), spec(0, 3), tmp_path / "a")
    rest = run(random_llama(TINY, tokenizer, seed=0), spec(3, 6), tmp_path / "b", after=tmp_path / "a" / "state.pt")
    assert rest.losses == whole.losses[3:]


def test_a_cap_saves_then_stops_and_the_run_goes_on_from_there(
    tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    whole = run(random_llama(TINY, tokenizer, seed=0), spec(0, 6), tmp_path / "whole")
    steps: list[int] = []
    with pytest.raises(Capped):
        train(
            random_llama(TINY, tokenizer, seed=0), batch_at, next_token, spec(0, 6), tmp_path / "capped",
            watch=lambda p: steps.append(p.step), capped=lambda seconds: "2 steps" if len(steps) == 2 else None,
        )  # fmt: skip
    resumed = run(random_llama(TINY, tokenizer, seed=9), spec(0, 6), tmp_path / "capped")
    assert resumed.losses == whole.losses


def train_until_killed(tokenizer_folder: str, folder: str) -> None:
    torch.set_num_threads(1)
    model = random_llama(TINY, load_tokenizer(tokenizer_folder), seed=0)
    train(model, batch_at, next_token, spec(0, 4000, save_seconds=0.0), Path(folder))


def test_a_run_killed_by_sigkill_goes_on_to_the_same_losses(tokenizer_folder: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=train_until_killed, args=(str(tokenizer_folder), str(tmp_path / "killed")))
    process.start()
    assert process.pid is not None
    state = tmp_path / "killed" / "state.pt"
    for _ in range(600):
        if state.is_file():
            break
        time.sleep(0.1)
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    saved = torch.load(state, weights_only=True)
    tokenizer = load_tokenizer(tokenizer_folder)
    stop = saved["step"]
    whole = run(random_llama(TINY, tokenizer, seed=0), spec(0, 4000), tmp_path / "none") if stop >= 4000 else None
    assert whole is None, "it was not killed in time"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        again = random_llama(TINY, tokenizer, seed=0)
        fresh = train(again, batch_at, next_token, spec(0, stop, 4000 if stop > 4000 else stop), tmp_path / "fresh")
    finally:
        torch.set_num_threads(threads)
    assert fresh.losses == saved["losses"]


def test_a_loss_that_is_not_finite_is_one_line(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    model = random_llama(TINY, tokenizer, seed=0)
    with torch.no_grad():
        model.get_input_embeddings().weight.fill_(float("nan"))
    with pytest.raises(Mistake, match="the loss is nan at step 1"):
        run(model, spec(0, 2), tmp_path)


def test_a_full_disk_keeps_the_previous_checkpoint(
    tokenizer: PreTrainedTokenizerBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(random_llama(TINY, tokenizer, seed=0), spec(0, 2), tmp_path / "a")
    before = (tmp_path / "a" / "state.pt").read_bytes()

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(Mistake, match="no space left on the disk"):
        run(random_llama(TINY, tokenizer, seed=0), spec(2, 3), tmp_path / "b", after=tmp_path / "a" / "state.pt")
    assert (tmp_path / "a" / "state.pt").read_bytes() == before
    assert not list(tmp_path.glob("b/*"))


def test_the_schedule_is_a_trapezoid() -> None:
    rates = [rate_at(s, peak=1.0, warmup=4, decay_from=8, stop=10) for s in range(10)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 2 / 3, 1 / 3])
