from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dono.corpus import source_parts
from dono.errors import Mistake
from dono.project import Project, load_project
from dono.stages import init


def initialised(folder: Path, *names: str) -> Project:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("hello\n", encoding="utf8")
    init.command(folder, sample=False, scale=1.0)
    return load_project(folder / "dono.yaml")


def files_read(project: Project) -> list[str]:
    """What all sources read, each file as often as it is read."""
    parts = [part.name for source in project.corpus for part in source_parts(project.located(source))]
    return sorted(str(Path(name).relative_to(project.folder)) for name in parts)


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


def test_only_the_folder_of_that_very_name_is_what_dono_made(tmp_path: Path) -> None:
    names = ["work/old.txt", "workorders.jsonl", "working_notes.txt", "homework/a.txt"]
    assert files_read(initialised(tmp_path, *names)) == sorted(names[1:])


def test_a_pattern_of_numbered_files_reads_no_other_file(tmp_path: Path) -> None:
    names = [
        "2023.csv",
        "2024.csv",
        "customers.csv",
        "log.1.txt",
        "log.10.txt",
        "part-1.txt",
        "part-2.txt",
        "part-x.txt",
    ]
    project = initialised(tmp_path, *names)
    assert files_read(project) == sorted(names)
    assert [s.path for s in project.corpus] == [
        "[0-9][0-9][0-9][0-9].csv", "customers.csv", "log.[0-9]*.txt", "part-[0-9].txt", "part-x.txt",
    ]  # fmt: skip


def test_every_source_has_a_name_of_its_own_though_files_are_called_alike(tmp_path: Path) -> None:
    names = ["हिन्दी.txt", "தமிழ்.txt", "notes.jsonl", "notes.txt", "2025.txt", "true.csv", "notes/a.txt", "notes-a.txt"]
    project = initialised(tmp_path, *names)
    assert files_read(project) == sorted(names)
    assert {s.path: s.name for s in project.corpus} == {
        "2025.txt": "2025", "notes-a.txt": "notes-a-2", "notes.jsonl": "notes", "notes.txt": "notes-text",
        "notes/a.txt": "notes-a", "true.csv": "true", "हिन्दी.txt": "text", "தமிழ்.txt": "text-2",
    }  # fmt: skip


def test_a_file_is_found_whatever_characters_its_name_holds(tmp_path: Path) -> None:
    names = ["ವಾಟ್ಸ್\u200cಆಪ್.txt", "WhatsApp Chat with\u200e Ravi.txt", 'it\'s "so"\\.txt', "a\nb\x7f\x85\u2028.txt"]
    assert files_read(initialised(tmp_path, *names)) == sorted(names)


def test_a_name_that_no_file_of_settings_can_hold_is_said(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text("hello\n")
    except OSError:
        pytest.skip("this file system takes no such name")
    with pytest.raises(Mistake, match="Rename the file"):
        init.command(tmp_path, sample=False, scale=1.0)


def test_train_and_test_files_of_several_folders_and_kinds_are_use_cases_of_their_own(tmp_path: Path) -> None:
    names = [f"{place}/intent/{part}" for place in "ab" for part in ("train.jsonl", "test.jsonl")]
    project = initialised(tmp_path, *names, "a/intent/train.csv", "a/intent/test.csv")
    assert {c.name: (c.train, c.test) for c in project.use_cases} == {
        "intent": ("a/intent/train.csv", "a/intent/test.csv"),
        "intent-2": ("a/intent/train.jsonl", "a/intent/test.jsonl"),
        "intent-3": ("b/intent/train.jsonl", "b/intent/test.jsonl"),
    }
    assert not project.corpus


def test_a_file_is_known_by_its_last_suffix_as_it_is_where_it_is_read(tmp_path: Path) -> None:
    names = ["A.TXT", "b.jsonl.gz", "c.txt.bak"]
    assert files_read(initialised(tmp_path, *names)) == names[:2]


def test_of_very_many_files_it_is_said_how_many_are_left_out(tmp_path: Path) -> None:
    project = initialised(tmp_path, *(f"{'b' * n}.txt" for n in range(1, init.MOST_SOURCES + 4)))
    assert len(project.corpus) == init.MOST_SOURCES
    assert "# 3 more files are in no source yet" in (tmp_path / "dono.yaml").read_text(encoding="utf8")


STEMS = st.text(
    st.sampled_from("ab1029०-_.[]*?!#:'\"\\ {}&\n\x07\x7f\x85\u2028\ufeffé\u200c\u200eक्त🙂"), min_size=1, max_size=6
)
FOLDERS = st.sampled_from(["", "", "chats", "data [1]", "1", "work", "*"])
SUFFIXES = st.sampled_from([".txt", ".txt", ".jsonl", ".json", ".csv", ".txt.gz", ".TXT", ".pdf", ""])


@given(st.lists(st.tuples(FOLDERS, STEMS, SUFFIXES), max_size=12), st.sampled_from(["mine", "data [old]", "2025"]))
@settings(max_examples=150, deadline=None)
@example([("", "2023", ".csv"), ("", "2024", ".csv"), ("", "customers", ".csv")], "mine")
def test_what_is_written_loads_and_reads_each_usable_file_once(files: list[tuple[str, str, str]], folder: str) -> None:
    names = {str(Path(place) / (stem + suffix)) for place, stem, suffix in files}
    names = {name for name in names if not Path(name).name.startswith(".")}
    usable = sorted(
        n for n in names if n.lower().endswith((".txt", ".jsonl", ".json", ".csv", ".txt.gz")) and n[:5] != "work/"
    )
    with TemporaryDirectory() as place:
        (Path(place) / folder).mkdir()
        project = initialised(Path(place) / folder, *names)
        assert files_read(project) == usable
        assert yaml.safe_load((Path(place) / folder / "dono.yaml").read_text(encoding="utf8"))["project"]
