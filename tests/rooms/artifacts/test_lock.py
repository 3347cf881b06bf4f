"""The lock of a folder tells who works there, who did, and whether that came to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dono.artifacts import alone_in, holder_of
from dono.artifacts.lock import LOCK
from dono.errors import Mistake

HOLD = """
import sys, time
from pathlib import Path
from dono.artifacts import alone_in
with alone_in(Path(sys.argv[2])):
    print("in", flush=True)
    time.sleep(60)
"""


def test_who_works_is_told_and_nobody_else_may(tmp_path: Path) -> None:
    assert holder_of(tmp_path) is None
    with alone_in(tmp_path):
        holder = holder_of(tmp_path)
        assert holder is not None and holder.working and not holder.finished
        assert (holder.pid, holder.folder) == (os.getpid(), str(Path.cwd())) and time.time() - holder.since < 60
        with pytest.raises(Mistake, match="another dono command is working"), alone_in(tmp_path):
            pass
    holder = holder_of(tmp_path)
    assert holder is not None and holder.finished and not holder.working


def test_what_fails_or_is_killed_has_not_finished(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"), alone_in(tmp_path):
        raise ValueError("broken")
    holder = holder_of(tmp_path)
    assert holder is not None and not holder.finished and not holder.working
    process = subprocess.Popen([sys.executable, "-c", HOLD, "decide", str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "in\n"
    holder = holder_of(tmp_path)
    assert holder is not None and holder.working and holder.command[0] == "decide" and holder.pid == process.pid
    process.send_signal(signal.SIGKILL)
    process.communicate()
    holder = holder_of(tmp_path)
    assert holder is not None and not holder.working and not holder.finished
    with alone_in(tmp_path):
        pass


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "x"}', "\x00", '{"pid": 1, "command": 3, "since": 1}'])
def test_a_lock_that_says_nothing_sensible_tells_of_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / LOCK).write_text(text, encoding="utf8")
    assert holder_of(tmp_path) is None
    with alone_in(tmp_path):
        assert holder_of(tmp_path) is not None


def test_a_file_in_the_way_of_the_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("kept", encoding="utf8")
    for folder in (tmp_path / "notes.txt", tmp_path / "notes.txt" / "work"):
        with pytest.raises(Mistake, match="no folder can be made there"), alone_in(folder):
            pass
