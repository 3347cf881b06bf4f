from __future__ import annotations

from pathlib import Path

import pytest

from dono.corpus.rows import Broken, Row
from dono.corpus.source_csv import read_csv
from dono.errors import Mistake
from dono.project import Source


def read(path: Path, content: str | bytes) -> list[Row | Broken]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_csv(path, Source(name="table", kind="csv", path=str(path))))


def fields(rows: list[Row | Broken]) -> list[dict[str, object]]:
    return [dict(r.fields) for r in rows if isinstance(r, Row)]


def broken(rows: list[Row | Broken]) -> list[tuple[int, str]]:
    return [(r.line, r.reason) for r in rows if isinstance(r, Broken)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(delimiter: str, tmp_path: Path) -> None:
    rows = read(tmp_path / "t", f"id{delimiter}text\n1{delimiter}hello\n")
    assert fields(rows) == [{"id": "1", "text": "hello"}]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert fields(read(tmp_path / "t", "\ufeffid,text\n1,hello\n")) == [{"id": "1", "text": "hello"}]


def test_a_cell_over_several_lines_is_one_cell(tmp_path: Path) -> None:
    rows = read(tmp_path / "t", 'id,text\n1,"two\nlines, ""quoted"""\n2,b\n')
    assert fields(rows) == [{"id": "1", "text": 'two\nlines, "quoted"'}, {"id": "2", "text": "b"}]
    assert [r.line for r in rows] == [2, 4]


@pytest.mark.parametrize("bad", ['2,"never closed\n', '2,"closed" early\n', "2,too,many\n", "2\n"])
def test_a_bad_line_costs_itself_only(bad: str, tmp_path: Path) -> None:
    after = "".join(f"{i},row {i}\n" for i in range(3, 3000))
    rows = read(tmp_path / "t", f"id,text\n1,a\n{bad}{after}")
    assert [line for line, _ in broken(rows)] == [3]
    assert [f["id"] for f in fields(rows)] == ["1", *map(str, range(3, 3000))]


def test_a_quote_that_is_closed_by_a_later_row_costs_itself_only(tmp_path: Path) -> None:
    rows = read(tmp_path / "t", 'id,text\n1,"open\n2,"good"\n3,c\n')
    assert broken(rows) == [(2, "a stray quote, or one that is not closed")]
    assert [f["text"] for f in fields(rows)] == ["good", "c"]


def test_bytes_that_are_no_utf8_are_named_and_shown(tmp_path: Path) -> None:
    rows = read(tmp_path / "t", b"id,text\n1,caf\xe9\n2,good\n")
    assert broken(rows) == [(2, "not UTF-8")]
    assert [r.beginning for r in rows if isinstance(r, Broken)] == ["1,caf\\xe9"]


@pytest.mark.parametrize(
    ("content", "what"), [("\na,b\n", "no header"), ("id,id\n1,2\n", "named twice"), (b"\xff,id\n1,2\n", "no header")]
)
def test_a_broken_header_is_a_mistake(content: str | bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=what):
        read(tmp_path / "t", content)
