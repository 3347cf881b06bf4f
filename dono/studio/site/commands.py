"""What the studio starts and stops: Dono's own commands in processes of their own, which outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from dono.artifacts import Holder
from dono.errors import Mistake
from dono.studio.site.work import WorkFolder

PROGRAM = (sys.executable, "-m", "dono")
STARTED = ("prepare", "decide", "build")
"""Commands that may be started here: all of them go on where they were stopped."""
LOG = "studio.log"
"""In the work folder: what a command that was started here said."""
LINES, LONGEST = 12, 20_000


def start(work: WorkFolder, command: Sequence[str], folder: Path) -> None:
    """Start a command in a folder. Raises `Mistake` where another one works, or it is none of `STARTED`."""
    holder = work.holder()
    if holder is not None and holder.working:
        raise _busy(holder)
    if not command or command[0] not in STARTED or not folder.is_dir():
        what = f"{' '.join(command)[:80]!r} is not started from here"
        raise Mistake(what, where="the form", remedy=f"Choose one of {', '.join(STARTED)}")
    work.root.mkdir(parents=True, exist_ok=True)
    with (work.root / LOG).open("wb") as log:
        process = subprocess.Popen(
            [*PROGRAM, *command], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    threading.Thread(target=process.wait, daemon=True).start()  # so that no zombie is left when it ends


def stop(work: WorkFolder, pid: int) -> None:
    """Ask the command that works to save and stop. Raises `Mistake` where it is not at work, or another one is."""
    holder = work.holder()
    if holder is None or not holder.working or holder.pid != pid:
        raise Mistake("it is not working any more", where="the form", remedy="Look at the page again")
    try:
        os.kill(holder.pid, signal.SIGTERM)
    except ProcessLookupError:
        return  # it ended this instant
    except PermissionError as error:
        raise Mistake(
            "it belongs to another user", where=f"process {pid}", remedy="Ask that user to stop it"
        ) from error


def to_go_on(work: WorkFolder) -> Holder | None:
    """The command that was stopped before its end, where it is one that can be started here."""
    holder = work.holder()
    if holder is None or holder.working or holder.finished or holder.command[:1] == ():
        return None
    return holder if holder.command[0] in STARTED and Path(holder.folder).is_dir() else None


def last_lines(work: WorkFolder) -> list[str]:
    """The end of what the command that was started here has said."""
    try:
        with (work.root / LOG).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LONGEST))
            return log.read().decode("utf8", "replace").splitlines()[-LINES:]
    except OSError:
        return []


def _busy(holder: Holder) -> Mistake:
    command = " ".join(("dono", *holder.command))
    return Mistake(f"`{command}` is working here already", where="the work folder", remedy="Wait for it, or stop it")
