from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from dono.artifacts import fingerprint
from dono.corpus import rows, source_text
from dono.corpus.parts import LocalFile
from dono.corpus.rows import Broken, Row, read_lines
from dono.corpus.source_jsonl import read_jsonl
from dono.corpus.source_text import read_text
from dono.errors import Mistake
from dono.project import Source

MIB = 1 << 20


def source(path: Path, **more: object) -> Source:
    return Source.model_validate({"name": "a", "path": str(path), **more})


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_larger_than_memory_costs_itself_only(packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with gzip.open(path, "wb", 1) if packed else path.open("wb") as file:
        file.write(b"the first\n")
        for _ in range(100):
            file.write(b"x" * MIB)
        file.write(b"\nthe last\n")
    tracemalloc.start()
    try:
        first, long, last = read_lines(LocalFile(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not isinstance(first, Broken) and first[2] == b"the first\n"
    assert not isinstance(last, Broken) and (last[0], last[2]) == (3, b"the last\n")
    assert isinstance(long, Broken) and (long.line, long.reason) == (2, "a line of more than 32 MiB")
    assert long.beginning == "x" * 400
    assert peak < 70 * MIB


def test_the_limit_is_of_the_line_with_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LONGEST", 10)
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbf123456\n123456789\n1234567890\nend")
    found = list(read_lines(LocalFile(tmp_path / "a")))
    assert [(f.line if isinstance(f, Broken) else f[2]) for f in found] == [b"123456\n", b"123456789\n", 3, b"end"]


def test_a_long_last_line_without_an_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LONGEST", MIB)
    (tmp_path / "a").write_bytes(b'{"text": "one"}\n{"text": "' + b"x" * 3 * MIB)
    one, long = read_jsonl(LocalFile(tmp_path / "a"), source(tmp_path / "a"))
    assert isinstance(one, Row) and isinstance(long, Broken)
    assert long.reason == "a line of more than 1 MiB" and long.beginning.startswith('{"text": "xx')


def test_a_file_that_is_one_document_has_the_same_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"a line\n" * 100)
    (whole,) = read_text(LocalFile(tmp_path / "a"), source(tmp_path / "a", unit="file"))
    assert isinstance(whole, Row) and whole.fields["text"] == "a line\n" * 100
    monkeypatch.setattr(source_text, "LONGEST", 300)
    (broken,) = read_text(LocalFile(tmp_path / "a"), source(tmp_path / "a", unit="file"))
    assert isinstance(broken, Broken) and broken.reason.startswith("a file of more than")
    assert broken.beginning.startswith("a line\na line")


def test_a_file_that_went_away_is_said_in_one_line(tmp_path: Path) -> None:
    part = LocalFile(tmp_path / "gone.txt")
    for ask in (lambda: part.size, part.fingerprint, lambda: list(read_lines(part))):
        with pytest.raises(Mistake, match="no such file"):
            ask()


def test_the_fingerprint_of_a_file_is_the_one_of_artifacts(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a line\n")
    assert LocalFile(tmp_path / "a.txt").fingerprint() == fingerprint(tmp_path / "a.txt")
