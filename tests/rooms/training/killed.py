"""Runs that SIGKILL ends, again and again, in processes of their own; started by test_checkpoint.py.

The argument is the folder to work in. Every run is a fork of this process, which itself computes nothing, so that it
begins within milliseconds.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from dono.models import reader_of
from dono.objectives import next_token
from dono.training import Progress, likelihood, train
from dono.training.checkpoint import counters_in, state_of
from tests.rooms.training.tiny import texts_at, tiny_model, tiny_spec

STEPS = 16
FILES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree")
"""What Python tells its audit hooks of a program's dealings with files."""


def run(
    folder: Path,
    stop: int,
    *,
    optimizer: str = "adamw",
    parts: int = 1,
    watch: Callable[[Progress], None] | None = None,
) -> None:
    """Train from wherever the folder is, saving after every step."""
    spec = tiny_spec(stop, optimizer=optimizer, save_seconds=0.0)
    train(reader_of(tiny_model()), partial(texts_at, parts=parts), likelihood(next_token), spec, folder, watch=watch)


def forked(work: Callable[[], None]) -> int:
    """The number of a child process that does `work` and no more."""
    child = os.fork()
    if child:
        return child
    failed = True
    try:
        work()
        failed = False
    finally:
        os._exit(int(failed))


def finished(child: int) -> bool:
    """Wait for a child: True where it came to its end, False where it was killed."""
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "a run failed"
    return not os.WIFSIGNALED(status)


def kill_at_random_times(folder: Path, optimizer: str, parts: int, whole: float) -> int:
    """Kill a run after random parts of the `whole` seconds that it takes, until it has come to its end; how often."""
    kills, draw = 0, random.Random(f"{optimizer} {parts}")
    while True:
        child = forked(partial(run, folder, STEPS, optimizer=optimizer, parts=parts))
        time.sleep(draw.uniform(0.1, 0.4) * whole * 1.1**kills)
        os.kill(child, signal.SIGKILL)
        if finished(child):
            return kills
        kills += 1


def kill_at_each_file_operation(base: Path) -> int:
    """For every file operation of one save: a run killed right before it, then resumed; how many there are."""
    number = 0
    while True:
        number += 1
        folder = base / str(number)
        if finished(forked(partial(_run_until, folder, number))):
            return number - 1
        state = state_of(folder)
        assert state is not None and counters_in(state).step >= 2, f"nothing to go on from before operation {number}"
        assert finished(forked(partial(run, folder, 4)))


def _run_until(folder: Path, number: int) -> None:
    """A run that kills itself right before the `number`th file operation of the save after its third step."""
    step = seen = 0

    def watch(progress: Progress) -> None:
        nonlocal step
        step = progress.step

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if step == 3 and event in FILES and str(arguments[0]).startswith(str(folder)):
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    run(folder, 4, watch=watch)


def main(base: Path) -> None:
    """Everything in turn; how often runs were killed goes to told.json."""
    torch.set_num_threads(1)
    told: dict[str, int] = {}
    for optimizer in ("adamw", "muon"):
        for parts in (1, 3):
            name = f"{optimizer} {parts}"
            began = time.monotonic()
            assert finished(forked(partial(run, base / "whole" / name, STEPS, optimizer=optimizer, parts=parts)))
            whole = time.monotonic() - began
            told[name] = kill_at_random_times(base / "killed" / name, optimizer, parts, whole)
    assert finished(forked(partial(run, base / "operations" / "whole", 4)))
    told["operations"] = kill_at_each_file_operation(base / "operations")
    (base / "told.json").write_text(json.dumps(told), encoding="utf8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
