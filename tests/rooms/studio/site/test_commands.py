"""Stop and go on: commands run in processes of their own, one at a time, whoever looks."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dono.artifacts import holder_of
from dono.studio.site import commands
from tests.rooms.studio.site.shop import project_file, visited

WORKS = """
import sys, time
from pathlib import Path
from dono.artifacts import alone_in
from dono.errors import Mistake
try:
    with alone_in(Path("work")):
        print("at work on", *sys.argv[1:], flush=True)
        Path("work/asked").write_text(" ".join(sys.argv[1:]))
        while not Path("work/enough").exists():
            time.sleep(0.02)
except Mistake as mistake:
    print(mistake)
"""
"""A command that works until it is told that it is enough."""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "works.py").write_text(WORKS, encoding="utf8")
    monkeypatch.setattr(commands, "PROGRAM", (sys.executable, str(tmp_path / "works.py")))
    return project_file(tmp_path)


def until(true: Callable[[], bool]) -> None:
    for _ in range(1500):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


def working(file: Path) -> bool:
    holder = holder_of(file.parent / "work")
    return holder is not None and holder.working and (file.parent / "work" / "asked").exists()


def key_in(page: str) -> str:
    return page.partition('name="key" value="')[2].partition('"')[0]


def test_a_command_is_started_stopped_and_goes_on_and_two_studios_do_not_meet(file: Path) -> None:
    work = file.parent / "work"
    with visited(file) as (_, one), visited(file) as (_, two):
        key, other = key_in(one.get("/runs").text), key_in(two.get("/runs").text)
        assert one.post("/runs/start", data={"key": key, "command": "decide"}).status_code == 200
        until(lambda: working(file))
        assert (work / "asked").read_text() == f"decide {file.resolve()}"
        page = two.get("/runs").text
        assert "dono decide" in page and "Stop" in page and "at work on" in page
        busy = two.post("/runs/start", data={"key": other, "command": "build"})
        assert busy.status_code == 422 and "is working here already" in busy.text
        holder = holder_of(work)
        assert holder is not None
        assert two.post("/runs/stop", data={"key": other, "pid": "1"}).status_code == 422, "only what works here"
        assert two.post("/runs/stop", data={"key": other, "pid": str(holder.pid)}).status_code == 200
        until(lambda: not working(file))
        page = one.get("/runs").text
        assert "was stopped" in page and "Go on with decide" in page and "can go on" in one.get("/").text
        (work / "asked").unlink()
        assert one.post("/runs/go-on", data={"key": key}).status_code == 200
        until(lambda: working(file))
        assert (work / "asked").read_text() == f"decide {file.resolve()}"
        (work / "enough").touch()
        until(lambda: not working(file))
        assert "Go on with" not in one.get("/runs").text, "it came to its end"
        assert one.post("/runs/go-on", data={"key": key}).status_code == 422


@pytest.mark.parametrize("command", ["rate", "", "forget", "decide --more 5"])
def test_only_commands_of_the_way_are_started(file: Path, command: str) -> None:
    with visited(file) as (_, client):
        key = key_in(client.get("/runs").text)
        found = client.post("/runs/start", data={"key": key, "command": command})
    assert found.status_code == 422 and "is not started from here" in found.text
    assert not (file.parent / "work" / "asked").exists()


def test_a_studio_that_ends_leaves_its_commands_at_work(file: Path) -> None:
    with visited(file) as (_, client):
        client.post("/runs/start", data={"key": key_in(client.get("/runs").text), "command": "prepare"})
        until(lambda: working(file))
    assert working(file)
    (file.parent / "work" / "enough").touch()
    until(lambda: not working(file))


def test_a_stopped_process_of_another_folder_is_not_touched(file: Path, tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with visited(file) as (_, client):
            key = key_in(client.get("/runs").text)
            assert client.post("/runs/stop", data={"key": key, "pid": str(bystander.pid)}).status_code == 422
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
