"""One command at a time in a folder: the lock, and who holds it."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TextIO

from dono.errors import Mistake

LOCK = ".lock"
GLANCES, GLANCE_SECONDS = 5, 0.05
"""Somebody who only looks whether the folder is locked holds it for an instant: so often, and so long, it is waited."""


@dataclass(frozen=True)
class Holder:
    """The command that works in a folder, or did last: its process, what was asked (without the program) and where,
    since when (seconds since 1970). `finished`: it came to its end; `working`: it still holds the lock.
    """

    pid: int
    command: tuple[str, ...]
    folder: str
    since: float
    finished: bool = False
    working: bool = True


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Only one command at a time writes into a folder. Raises `Mistake` while another one does, and where there can be
    no such folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        what = f"no folder can be made there ({error.strerror})"
        raise Mistake(what, where=str(folder), remedy="Name another folder") from error
    with (folder / LOCK).open("a+", encoding="utf8") as lock:
        if not any(_taken(lock.fileno(), again=n > 0) for n in range(GLANCES)):
            remedy = "Wait for it, stop it, or name another folder"
            raise Mistake("another dono command is working in this folder", where=str(folder), remedy=remedy)
        mine = Holder(os.getpid(), tuple(sys.argv[1:]), str(Path.cwd()), time.time())
        _say(lock, mine)
        yield  # the kernel lets go of the lock when the process ends, however it ends
        _say(lock, replace(mine, finished=True))


def _say(lock: TextIO, holder: Holder) -> None:
    lock.truncate(0)
    lock.write(json.dumps(asdict(holder)))
    lock.flush()


def _taken(lock: int, *, again: bool) -> bool:
    if again:
        time.sleep(GLANCE_SECONDS)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def holder_of(folder: Path) -> Holder | None:
    """Who works in a folder, or who did last; None where nobody ever has, or it cannot be told."""
    try:
        with (folder / LOCK).open(encoding="utf8") as lock:
            told = lock.read()
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                working = False
            except BlockingIOError:
                working = True
        found = json.loads(told)
        command, since = tuple(map(str, found["command"])), float(found["since"])
        return Holder(int(found["pid"]), command, str(found["folder"]), since, bool(found["finished"]), working)
    except (OSError, ValueError, KeyError, TypeError):
        return None
