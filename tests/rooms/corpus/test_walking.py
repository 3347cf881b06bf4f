from __future__ import annotations

import os
from pathlib import Path

import pytest

from dono.corpus.sources import source_parts
from dono.corpus.walking import local_files, suffix_of
from dono.errors import Mistake
from dono.project import Source


def tree(folder: Path) -> None:
    for name in ("a.txt", "deep/b.txt", "deep/er/c.txt.gz", "deep/d.csv", ".hidden/e.txt", "deep/.f.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a line\n")


def names(found: list[Path], folder: Path) -> list[str]:
    return [str(f.relative_to(folder)) for f in found]


def test_a_directory_gives_its_files_of_the_kind_however_deep(tmp_path: Path) -> None:
    tree(tmp_path)
    found = local_files(str(tmp_path), frozenset([".txt"]))
    assert names(found, tmp_path) == ["a.txt", "deep/b.txt", "deep/er/c.txt.gz"]
    assert names(local_files(str(tmp_path)), tmp_path) == ["a.txt", "deep/b.txt", "deep/d.csv", "deep/er/c.txt.gz"]


def test_a_pattern_with_two_stars_goes_as_deep_as_globs_do(tmp_path: Path) -> None:
    tree(tmp_path)
    for pattern in ("**/*.txt", "deep/**/*.txt*", "**", "*.txt", "**/deep/**/c*"):
        expected = sorted(
            p for p in tmp_path.glob(f"{pattern}/*" if pattern == "**" else pattern)
            if p.is_file() and not any(part.startswith(".") for part in p.relative_to(tmp_path).parts)
        )  # fmt: skip
        assert local_files(str(tmp_path / pattern)) == expected, pattern


def test_links_in_a_circle_are_walked_once(tmp_path: Path) -> None:
    tree(tmp_path)
    (tmp_path / "deep/back").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "deep/er/self").symlink_to(".", target_is_directory=True)
    (tmp_path / "again.txt").symlink_to("a.txt")
    (tmp_path / "nowhere.txt").symlink_to("missing.txt")
    for path in (str(tmp_path), str(tmp_path / "**/*.txt*")):
        found = local_files(path, frozenset([".txt"]))
        assert [f.resolve().name for f in found] == ["a.txt", "b.txt", "c.txt.gz"]


def test_a_link_to_a_directory_elsewhere_is_followed(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    tree(tmp_path / "two")
    (tmp_path / "one/link").symlink_to(tmp_path / "two", target_is_directory=True)
    assert len(local_files(str(tmp_path / "one"), frozenset([".txt"]))) == 3


def test_names_with_brackets_and_stars_are_names_where_such_a_file_is(tmp_path: Path) -> None:
    for name in ("a[1].txt", "b*.txt"):
        (tmp_path / name).write_text("a line\n")
        assert local_files(str(tmp_path / name)) == [tmp_path / name]


def test_nothing_found_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no file matches"):
        source_parts(Source(name="a", path=str(tmp_path / "*.txt")))


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.txt", ".txt"),
        ("a.JSONL.gz", ".jsonl"),
        ("a.b.csv.zst", ".csv"),
        ("a", ""),
        ("a.gz", ""),
        ("x/y.tsv", ".tsv"),
    ],
)
def test_the_suffix_is_that_of_the_content(name: str, suffix: str) -> None:
    assert suffix_of(name) == suffix


def test_a_name_that_is_not_utf8_is_said_in_one_line(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
    try:
        path.write_text("a line\n")
    except OSError:
        pytest.skip("this file system takes no such name")
    for asked in (tmp_path, tmp_path / "*.txt", path):
        with pytest.raises(Mistake, match=r"caf\\xe9\.txt: the file's name is not UTF-8\. Rename the file") as raised:
            source_parts(Source(name="a", path=str(asked)))
        assert str(raised.value).encode()
