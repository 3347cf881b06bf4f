from __future__ import annotations

from pathlib import Path

import pytest

from dono.corpus import rows as rows_room
from dono.corpus.parts import LocalFile
from dono.corpus.rows import Broken, Row
from dono.corpus.source_csv import read_csv
from dono.errors import Mistake
from dono.project import Source


def read(path: Path, content: str | bytes) -> list[Row | Broken]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_csv(LocalFile(path), Source(name="table", kind="csv", path=str(path))))


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


def test_a_header_that_comes_again_is_no_record(tmp_path: Path) -> None:
    rows = read(tmp_path / "t", "id,text\n1,a\nid,text\n2,b\n")
    assert fields(rows) == [{"id": "1", "text": "a"}, {"id": "2", "text": "b"}]
    assert [r.line for r in rows] == [2, 4]


def test_after_another_header_rows_are_read_by_it(tmp_path: Path) -> None:
    rows = read(tmp_path / "t", "id,text\n1,a\nid,language,text\n2,hi,b\n3,c\n")
    assert fields(rows) == [{"id": "1", "text": "a"}, {"id": "2", "language": "hi", "text": "b"}]
    assert broken(rows) == [(5, "2 cells where the header has 3")]


def test_columns_that_change_without_a_header_are_named(tmp_path: Path) -> None:
    rows = read(tmp_path / "t", "id,text\n1,a\n2,hi,b\n3,ta,c\n")
    assert broken(rows) == [(3, "3 cells where the header has 2"), (4, "3 cells where the header has 2")]


def test_a_record_that_says_names_of_columns_is_a_record(tmp_path: Path) -> None:
    rows = read(tmp_path / "t", "id,text,place\n1,text,Pune\n2,place,id\n3,text,text\n")
    assert [f["id"] for f in fields(rows)] == ["1", "2", "3"]


def test_a_zero_byte_in_a_cell_is_a_character_as_any_other(tmp_path: Path) -> None:
    rows = read(tmp_path / "t", "id,text\n1,a\0b\n2,c\n")
    assert fields(rows) == [{"id": "1", "text": "a\0b"}, {"id": "2", "text": "c"}]


def test_a_line_that_is_too_long_costs_itself_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_room, "LONGEST", 1 << 20)
    long = "x" * (1 << 21)
    rows = read(tmp_path / "t", f'id,text\n1,a\n2,{long}\n3,"open\n4,{long}\n5,b\n')
    assert broken(rows) == [
        (3, "a line of more than 1 MiB"),
        (4, "a stray quote, or one that is not closed"),
        (5, "a line of more than 1 MiB"),
    ]
    assert [f["id"] for f in fields(rows)] == ["1", "5"]
