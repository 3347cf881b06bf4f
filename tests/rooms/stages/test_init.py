from __future__ import annotations

from pathlib import Path

import pytest

from dono.errors import Mistake
from dono.project import load_project
from dono.stages import init


def fill(folder: Path) -> None:
    (folder / "chats").mkdir()
    (folder / "intent").mkdir()
    (folder / "work").mkdir()
    (folder / "chats" / "june 24.jsonl").write_text('{"text": "hello"}\n', encoding="utf8")
    (folder / "notes.txt").write_text("hello\n", encoding="utf8")
    (folder / "work" / "old.txt").write_text("never\n", encoding="utf8")
    for name in ("train", "test"):
        (folder / "intent" / f"{name}.jsonl").write_text('{"text": "hi", "label": "greet"}\n', encoding="utf8")


def test_the_file_it_writes_loads_and_names_what_was_found(tmp_path: Path) -> None:
    fill(tmp_path)
    init.command(tmp_path, sample=False, scale=1.0)
    project = load_project(tmp_path / "dono.yaml")
    assert {s.path: s.kind for s in project.corpus} == {"chats/june 24.jsonl": "jsonl", "notes.txt": "text"}
    (case,) = project.use_cases
    assert (case.name, case.kind, case.train) == ("intent", "classify", "intent/train.jsonl")


def test_an_empty_folder_gives_a_file_that_says_what_is_missing(tmp_path: Path) -> None:
    init.command(tmp_path, sample=False, scale=1.0)
    project = load_project(tmp_path / "dono.yaml")
    assert not project.corpus and project.use_cases[0].kind == "language"


def test_a_project_file_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "dono.yaml").write_text("mine", encoding="utf8")
    with pytest.raises(Mistake, match="a project file already"):
        init.command(tmp_path, sample=False, scale=1.0)
    assert (tmp_path / "dono.yaml").read_text(encoding="utf8") == "mine"


def test_a_table_whose_columns_are_known_is_given_its_schema(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("msisdn,recharge_dt,recharge_amt\n1,2025-01-02,99\n", encoding="utf8")
    (tmp_path / "other.csv").write_text("id,text\n1,hello\n", encoding="utf8")
    (tmp_path / "broken.parquet").write_bytes(b"no parquet")
    init.command(tmp_path, sample=False, scale=1.0)
    project = load_project(tmp_path / "dono.yaml")
    assert {s.name: s.schema_name for s in project.corpus} == {"r": "telco.recharge", "other": None, "broken": None}
