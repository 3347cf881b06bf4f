"""Bad input: one line with value, place and remedy, exit code 2, nothing lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dono.cli import main

PROJECT = """
project: shop
corpus: [{name: talk, kind: text, path: talk.txt, rights: {ground: not_personal, purpose: [train]}}]
use_cases: [{name: intent, kind: classify, train: train.jsonl, test: test.jsonl}]
bases: [./base]
budget: {hours: 0.02, pilot_share: 0.5}
scratch: {width: 32, layers: 2, heads: 2, vocabulary: 300, context: 64}
"""
ROWS = [{"text": f"{what} {n} now please", "label": label} for n in range(12) for what, label in
        (("where is parcel", "track"), ("return the shoe", "return"))]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, base_folder: Path) -> Path:
    """A sound small project; each test spoils one thing."""
    (tmp_path / "dono.yaml").write_text(PROJECT, encoding="utf8")
    lines = [f"the customer in city {n} asks where parcel {n * 7} is and when it comes\n" for n in range(300)]
    (tmp_path / "talk.txt").write_text("".join(lines), encoding="utf8")
    write_rows(tmp_path / "train.jsonl", ROWS)
    write_rows(tmp_path / "test.jsonl", [{"text": "where is my parcel today", "label": "track"},
                                        {"text": "I return this shoe today", "label": "return"}])  # fmt: skip
    shutil.copytree(base_folder, tmp_path / "base")
    return tmp_path


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf8")


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code, and the last line of standard error."""
    monkeypatch.setattr("sys.argv", ["dono", *arguments])
    code = 0
    try:
        main()
    except SystemExit as stop:
        code = int(str(stop.code))
    lines = capsys.readouterr().err.strip().splitlines()
    return code, lines[-1] if lines else ""


def empty(folder: Path) -> None:
    (folder / "train.jsonl").write_text("", encoding="utf8")


def missing(folder: Path) -> None:
    (folder / "train.jsonl").unlink()


def no_text(folder: Path) -> None:
    (folder / "talk.txt").write_bytes(bytes(1000))


def all_broken(folder: Path) -> None:
    (folder / "train.jsonl").write_text("{not json\n" * 5, encoding="utf8")


def unseen_label(folder: Path) -> None:
    write_rows(folder / "test.jsonl", [{"text": "please refund my money at once", "label": "refund"}])


def no_tokenizer(folder: Path) -> None:
    for file in folder.glob("base/tokenizer*"):
        file.unlink()


def no_model(folder: Path) -> None:
    shutil.rmtree(folder / "base")


def empty_corpus(folder: Path) -> None:
    (folder / "talk.txt").write_text("", encoding="utf8")


def little_budget(folder: Path) -> None:
    text = PROJECT.replace("pilot_share: 0.5", "pilot_share: 0.0001")
    (folder / "dono.yaml").write_text(text, encoding="utf8")


def misspelt(folder: Path) -> None:
    (folder / "dono.yaml").write_text(PROJECT.replace("bases:", "basis:"), encoding="utf8")


def no_column(folder: Path) -> None:
    (folder / "churn.csv").write_text("plan,left\n" + "a,yes\nb,no\n" * 30, encoding="utf8")
    churn = "{name: churn, kind: predict, train: churn.csv, target: gone}"
    (folder / "dono.yaml").write_text(PROJECT.replace("use_cases: [", f"use_cases: [{churn}, "), encoding="utf8")


def no_language(folder: Path) -> None:
    spoilt = PROJECT.replace("path: talk.txt", "path: talk.txt, language: xx-qq")
    (folder / "dono.yaml").write_text(spoilt, encoding="utf8")


SPOILED: list[tuple[Callable[[Path], None], str, str]] = [
    (empty, "train.jsonl", "empty"),
    (missing, "use_cases[intent].train", "no such file"),
    (no_text, "talk.txt", "no text at all"),
    (all_broken, "train.jsonl", "JSON"),
    (unseen_label, "use_cases[intent].test", "'refund'"),
    (no_tokenizer, "base", "tokenizer"),
    (no_model, "base", "no model there"),
    (empty_corpus, "talk.txt", "empty"),
    (little_budget, "budget.pilot_share", "too little"),
    (misspelt, "basis", "Did you mean 'bases'?"),
    (no_column, "use_cases[churn].target", "no column 'gone'. Columns: plan, left"),
    (no_language, "corpus[talk].language", "no language has the code 'xx-qq'"),
]


@pytest.mark.parametrize(("spoil", "where", "what"), SPOILED, ids=[s[0].__name__ for s in SPOILED])
def test_a_mistake_is_one_line_with_place_and_remedy(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
    where: str,
    what: str,
) -> None:
    spoil(folder)
    code, line = run(monkeypatch, capsys, "decide", str(folder / "dono.yaml"))
    assert code == 2, line
    assert line.startswith("dono: ") and where in line and what in line
    assert "Traceback" not in line
    assert not (folder / "work" / "corpus").exists() or spoil in (no_text, empty_corpus, little_budget, no_tokenizer)


def test_a_broken_line_among_good_ones_is_counted_set_aside_and_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "train.jsonl").open("a", encoding="utf8") as file:
        file.write('{"text": "cut in the mid\n')
    code, line = run(monkeypatch, capsys, "prepare", str(folder / "dono.yaml"))
    assert code == 0, line
    (rejects,) = folder.glob("work/examples/*/rejects.jsonl")
    (row,) = [json.loads(r) for r in rejects.read_text(encoding="utf8").splitlines()]
    assert row["line"] == len(ROWS) + 1
    (kept,) = folder.glob("work/examples/*/train.jsonl")
    assert len(kept.read_text(encoding="utf8").splitlines()) == len(ROWS)


def test_test_rows_of_an_unseen_label_are_set_aside_where_the_person_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "test.jsonl").open("a", encoding="utf8") as file:
        file.write('{"text": "please refund my money at once", "label": "refund"}\n')
    code, line = run(
        monkeypatch, capsys, "prepare", str(folder / "dono.yaml"), "use_cases.intent.unseen_labels=set_aside"
    )
    assert code == 0, line
    (rejects,) = folder.glob("work/examples/*/rejects.jsonl")
    assert "its label is not in train" in rejects.read_text(encoding="utf8")


def test_a_full_disk_is_one_line_and_what_was_finished_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = run(monkeypatch, capsys, "prepare", str(folder / "dono.yaml"))
    assert code == 0
    kept = sorted(folder.glob("work/*/*/artifact.json"))

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as spoiled:
        spoiled.setattr("torch.save", full)
        code, line = run(spoiled, capsys, "decide", str(folder / "dono.yaml"))
    assert code == 2
    assert "no space left on the disk" in line and "Free some space" in line
    assert set(kept) <= set(folder.glob("work/*/*/artifact.json"))
    code, line = run(monkeypatch, capsys, "decide", str(folder / "dono.yaml"))
    assert code == 0, line
