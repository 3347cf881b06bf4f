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


def test_parts_of_one_export_are_one_source(tmp_path: Path) -> None:
    for name in ("part-1", "part-2", "part-10", "notes"):
        (tmp_path / f"{name}.txt").write_text("hello\n", encoding="utf8")
    init.command(tmp_path, sample=False, scale=1.0)
    project = load_project(tmp_path / "dono.yaml")
    assert {s.name: s.path for s in project.corpus} == {"part": "part-*.txt", "notes": "notes.txt"}


def test_a_table_with_a_column_of_two_values_is_something_to_predict(tmp_path: Path) -> None:
    rows = "".join(f"C{n},{n % 7},{'yes' if n % 3 else 'no'}\n" for n in range(40))
    (tmp_path / "churn.csv").write_text("customer,plan,it's left\n" + rows, encoding="utf8")
    init.command(tmp_path, sample=False, scale=1.0)
    project = load_project(tmp_path / "dono.yaml")
    (case,) = project.use_cases
    assert (case.kind, case.train, case.target) == ("predict", "churn.csv", "it's left") and not project.corpus


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
