from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.artifacts import Json
from dono.corpus.rights import Ledger
from dono.corpus.rights.ledger import HEAD, LEDGER, SECRET, TORN
from dono.errors import Mistake

BODIES: list[dict[str, Json]] = [
    {"source": "chats", "n": 3},
    {"source": "कहानियाँ", "share": 0.25},
    {"list": [1, None, True]},
    {"a": {"b": "c"}},
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ledger of four entries; nobody writes to it."""
    folder = tmp_path_factory.mktemp("ledger")
    for body in BODIES:
        Ledger(folder).append("run", body)
    return folder


@pytest.fixture(scope="module")
def scrap(tmp_path_factory: pytest.TempPathFactory, written: Path) -> Path:
    """A copy that each example spoils anew."""
    folder = tmp_path_factory.mktemp("scrap") / "rights"
    shutil.copytree(written, folder)
    return folder


def test_entries_come_back_as_they_were_written_in_their_order(written: Path) -> None:
    reading = Ledger(written).read()
    assert [e.body for e in reading.entries] == BODIES and reading.notes == ()
    assert [e.sequence for e in reading.entries] == [1, 2, 3, 4]
    assert all(two.previous == one.hash for one, two in zip(reading.entries, reading.entries[1:], strict=False))


def test_the_key_is_its_owners_alone_and_stands_in_no_entry(written: Path) -> None:
    assert (written / SECRET).stat().st_mode & 0o777 == 0o600
    secret = (written / SECRET).read_bytes()
    assert len(secret) == 32
    for path in (written / LEDGER, written / HEAD):
        assert secret not in path.read_bytes() and secret.hex() not in path.read_text(encoding="utf8")


def test_a_key_that_others_may_read_is_refused(written: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(written, tmp_path / "rights"))
    (folder / SECRET).chmod(0o644)
    with pytest.raises(Mistake, match="others may read this secret"):
        Ledger(folder).read()


def test_every_byte_counts(written: Path, scrap: Path) -> None:
    whole = (written / LEDGER).read_bytes()
    for place in range(len(whole)):
        spoiled = bytes([whole[place] ^ (1 + place % 255)])
        (scrap / LEDGER).write_bytes(whole[:place] + spoiled + whole[place + 1 :])
        with pytest.raises(Mistake, match=rf"entry {whole[:place].count(10) + 1} "):
            Ledger(scrap).read()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_edit_is_found(written: Path, scrap: Path, data: st.DataObject) -> None:
    whole = (written / LEDGER).read_bytes()
    begin = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(begin, min(len(whole), begin + 900)))
    new = data.draw(st.binary(max_size=6))
    edited = whole[:begin] + new + whole[end:]
    if edited == whole:
        return
    (scrap / LEDGER).write_bytes(edited)
    with pytest.raises(Mistake, match="entry"):
        Ledger(scrap).read()


def moved(lines: list[bytes]) -> list[bytes]:
    return [lines[1], lines[0], *lines[2:]]


def taken_out(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *lines[2:]]


def taken_off(lines: list[bytes]) -> list[bytes]:
    return lines[:-1]


def twice(lines: list[bytes]) -> list[bytes]:
    return [*lines, lines[-1]]


def emptied(lines: list[bytes]) -> list[bytes]:
    return []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (moved, r"entry 1 is missing or out of its place \(entry 2 stands there\)"),
        (taken_out, r"entry 2 is missing or out of its place \(entry 3 stands there\)"),
        (taken_off, "entry 4 is gone"),
        (twice, r"entry 5 is missing or out of its place \(entry 4 stands there\)"),
        (emptied, "entry 1 is gone"),
    ],
)
def test_moved_and_missing_entries_are_named(
    written: Path, scrap: Path, spoil: Callable[[list[bytes]], list[bytes]], said: str
) -> None:
    lines = (written / LEDGER).read_bytes().splitlines(keepends=True)
    (scrap / LEDGER).write_bytes(b"".join(spoil(lines)))
    with pytest.raises(Mistake, match=said):
        Ledger(scrap).read()


def test_a_chain_written_anew_without_the_key_is_found(written: Path, tmp_path: Path) -> None:
    changed: list[dict[str, Json]] = [{"source": "chats", "n": 4}, *BODIES[1:]]
    for body in changed:  # by somebody with another key
        Ledger(tmp_path / "forged").append("run", body)
    folder = Path(shutil.copytree(written, tmp_path / "rights"))
    shutil.copyfile(tmp_path / "forged" / LEDGER, folder / LEDGER)
    with pytest.raises(Mistake, match="entry 4 is not the one that was sealed"):
        Ledger(folder).read()
    shutil.copyfile(tmp_path / "forged" / HEAD, folder / HEAD)
    with pytest.raises(Mistake, match="the seal is not the project's"):
        Ledger(folder).read()


def test_every_byte_of_the_seal_counts(written: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(written, tmp_path / "rights"))
    whole = (written / HEAD).read_bytes()
    for place in range(len(whole)):
        (folder / HEAD).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(Mistake):
            Ledger(folder).read()


def test_a_copy_without_the_key_is_checked_as_far_as_it_can_be_and_not_written_to(
    written: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(written, tmp_path / "rights"))
    (folder / SECRET).unlink()
    reading = Ledger(folder).read()
    assert len(reading.entries) == 4 and "the project's key is not here" in reading.notes[0]
    for use in (Ledger(folder).identities, lambda: Ledger(folder).append("run", {})):
        with pytest.raises(Mistake, match="the project's key is gone"):
            use()


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(1, 10_000))
def test_a_last_line_cut_short_by_a_kill_is_set_aside(
    cut: int, written: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = Path(shutil.copytree(written, tmp_path_factory.mktemp("torn") / "rights"))
    line = json.dumps({"sequence": 5, "kind": "run", "body": {"text": "करोड़"}}, ensure_ascii=False).encode()
    part = line[: 1 + cut % len(line)]
    with (folder / LEDGER).open("ab") as file:
        file.write(part)
    reading = Ledger(folder).read()
    assert len(reading.entries) == 4 and "entry 5 was cut short by a kill" in reading.notes[0]
    Ledger(folder).append("run", {"after": True})
    again = Ledger(folder).read()
    assert [e.body for e in again.entries] == [*BODIES, {"after": True}] and again.notes == ()
    assert (folder / TORN).read_bytes() == part + b"\n"


def test_a_kill_between_the_line_and_its_seal_loses_nothing(written: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(written, tmp_path / "rights"))
    before = (folder / HEAD).read_bytes()
    Ledger(folder).append("run", {"fifth": 5})
    (folder / HEAD).write_bytes(before)
    assert len(Ledger(folder).entries()) == 5
    Ledger(folder).append("run", {"sixth": 6})
    assert [e.body for e in Ledger(folder).entries()][4:] == [{"fifth": 5}, {"sixth": 6}]


WRITES = """
import sys
from pathlib import Path
from dono.corpus.rights import Ledger
ledger = Ledger(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    entry = ledger.append("run", {"text": "x" * 20000})
    print(entry.sequence, flush=True)
"""


def test_killed_while_it_writes_every_entry_that_was_told_of_is_there(tmp_path: Path) -> None:
    told = 0
    for entries in (1, 3, 8):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITES, str(tmp_path)], stdout=subprocess.PIPE, text=True, env={**os.environ}
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(entries):
            told = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
        process.wait()
        process.stdout.close()
        told = int(rest[-1]) if rest else told
        found = Ledger(tmp_path).entries()
        assert told <= len(found) <= told + 1
    last = Ledger(tmp_path).append("run", {"last": True})
    assert Ledger(tmp_path).entries()[-1] == last


APPENDS = """
import sys
from pathlib import Path
from dono.corpus.rights import Ledger
for number in range(15):
    Ledger(Path(sys.argv[1])).append("run", {"by": sys.argv[2], "number": number})
"""


def test_two_processes_write_in_turn(tmp_path: Path) -> None:
    both = [subprocess.Popen([sys.executable, "-c", APPENDS, str(tmp_path), name]) for name in ("one", "two")]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    found = [(e.body["by"], e.body["number"]) for e in Ledger(tmp_path).entries()]
    assert sorted(found) == [(name, number) for name in ("one", "two") for number in range(15)]
