"""`dono rate` as its user runs it: its lines, its bad input, and killed in the middle."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from dono.errors import Mistake, Mistakes
from dono.ratings import EventStore
from dono.stages import rate

ITEMS = '{"prompt": "कब?", "answers": ["कल", "पता नहीं"], "language": "hi"}\n{broken\n'


def filled(folder: Path, settings: str = "raters: [{name: Asha, languages: [hi], interface: hi}]\n") -> Path:
    (folder / "desk.yaml").write_text(settings, encoding="utf8")
    (folder / "items.jsonl").write_text(ITEMS * 3, encoding="utf8")
    (folder / "more.jsonl").write_text(ITEMS.replace("कब?", "कब तक?"), encoding="utf8")
    return folder


def run(place: Path, *renew: str) -> None:
    rate.command(place, host="127.0.0.1", port=0, database=None, renew=renew, proxied=False, dry_run=True)


def test_a_folder_without_settings_is_given_a_file_that_can_be_read(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="It was written"):
        run(tmp_path)
    assert rate.desk_settings(tmp_path).raters[0].name == "Asha"
    with pytest.raises(Mistake, match="no file matches"):
        run(tmp_path)


def test_links_are_shown_once_and_renewed_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(filled(tmp_path))
    first = capsys.readouterr().out
    assert "set aside: items.jsonl:2: no JSON" in first
    assert "items.jsonl: 1 items, 1 of them new, 3 rows set aside" in first
    assert re.search(r"Asha: http://127.0.0.1:\d+/enter/\S{32}", first) and "manager: http" in first
    run(tmp_path)
    again = capsys.readouterr().out
    assert "/enter/" not in again and "links as before: manager, Asha" in again and "0 of them new" in again
    run(tmp_path, "Asha")
    renewed = capsys.readouterr().out
    assert renewed.count("/enter/") == 1 and "Asha: http" in renewed
    store = EventStore(tmp_path / "desk.sqlite")
    with store.reading() as book:
        assert len(book.items) == 2 and len(book.rejected) == 4 and len(book.by_token) == 2
    store.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("overlapp: 2", "overlap"),
        ("overlap: 0", "overlap"),
        ("raters: [{name: A, languages: [hi]}, {name: A, languages: [ta]}]", "two raters are named 'A'"),
        ("raters: [{name: manager, languages: [hi]}]", "another name"),
    ],
)
def test_settings_that_cannot_be_get_their_line(tmp_path: Path, settings: str, said: str) -> None:
    with pytest.raises((Mistake, Mistakes), match=said):
        run(filled(tmp_path, settings))


def test_who_is_not_there_gets_its_line(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no such folder or file"):
        run(tmp_path / "nowhere")
    with pytest.raises(Mistake, match="no rater 'Nobody'"):
        run(filled(tmp_path), "Nobody")


@contextmanager
def opened(place: Path) -> Iterator[tuple[subprocess.Popen[str], str, dict[str, str]]]:
    """`dono rate` as a process, its address, and links by name. It is killed at the end, if it still runs."""
    command = [sys.executable, "-m", "dono", "rate", str(place), "--port", "0"]
    unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=unbuffered) as started:
        try:
            assert started.stdout is not None
            lines: list[str] = []
            for line in started.stdout:
                lines.append(line.strip())
                if found := re.search(r"the desk is open on (\S+)", line):
                    links = dict(x.split(": ", 1) for x in lines if "/enter/" in x)
                    yield started, found[1], links
                    break
            else:
                raise AssertionError(lines)
        finally:
            started.kill()


def test_a_server_that_is_killed_loses_nothing_that_was_sent(tmp_path: Path) -> None:
    filled(tmp_path)
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=60) as client:
        with opened(tmp_path) as (first, address, links):
            page = client.get(links["Asha"])
            action = re.findall(r'action="(/work/[\w-]+)"', page.text)[0]
            hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
            assert client.post(address + action, data={**hidden, "choice": "1", "comment": "रखा"}).status_code == 200
            first.send_signal(signal.SIGKILL)
            first.wait()
        with opened(tmp_path) as (_, address, links):
            assert not links
            assert "उत्तर 1" in client.get(f"{address}/mine").text
            assert "रखा" in client.get(address + action).text
    store = EventStore(tmp_path / "desk.sqlite")
    assert [e.kind for e in store.events()].count("submitted") == 1
    store.close()
