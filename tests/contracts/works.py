"""Works for the contract of runners: functions of a module, as they go from one process to another."""

from __future__ import annotations

import os
import signal
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import torch

from dono.errors import Capped, Mistake
from dono.runners import Job, Note, Tell, Work
from dono.training.world import joined

LATE = 2.0
"""Seconds in which another process would find what is left of one that was killed, and call it."""


def multiplying(by: int) -> Work[int, int]:
    def work(task: int, tell: Tell) -> int:
        tell(task)
        return by * task

    return work


def misled(_: None) -> Work[int, int]:
    def work(task: int, tell: Tell) -> int:
        if task % 2:
            raise Mistake("it is odd", where=f"row {task}", remedy="Give an even one")
        return task

    return work


def counting(start: int) -> Job[int, int]:
    def job(task: int, note: Note) -> int:
        note(f"at {task}")
        return start + task

    return job


def stopping(_: None) -> Job[int, int]:
    def job(task: int, note: Note) -> int:
        raise Capped("3 s", "4 s")

    return job


def dying(folder: Path) -> Work[int, int]:
    """Whoever does the third task first is killed."""

    def work(task: int, tell: object) -> int:
        if task == 3 and not (folder / "killed").exists():
            (folder / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return task

    return work


def stuck_at_first(folder: Path) -> Job[int, int]:
    """Whoever comes first never ends, as on a machine that does not answer any more."""

    def job(task: int, note: Note) -> int:
        try:
            (folder / "first").touch(exist_ok=False)
        except FileExistsError:
            return task
        while True:
            time.sleep(0.1)

    return job


@dataclass(frozen=True)
class Errand:
    """Where a group notes what it does; which rank is killed the first time; whether it goes wrong."""

    folder: Path
    killed: int | None = None
    wrong: bool = False


def meeting(errand: Errand) -> None:
    """All processes add up their ranks, counted from 1. Who comes for a killed one comes late."""
    if os.environ.get("RANK") == str(errand.killed) and (errand.folder / "killed").exists():
        time.sleep(LATE)
    (errand.folder / f"began-{uuid.uuid4().hex}").touch()
    with joined() as world:
        if errand.wrong:
            raise Mistake("not finite", where="the loss", remedy="Lower the rate")
        if world.rank == errand.killed and not (errand.folder / "killed").exists():
            (errand.folder / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        total = world.summed(torch.tensor([world.rank + 1.0]))
        if world.leads:
            (errand.folder / "sum").write_text(f"{total.item():g}")
