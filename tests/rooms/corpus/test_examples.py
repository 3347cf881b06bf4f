from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from dono.corpus import Example, load_examples, overlap
from dono.errors import Mistake


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf8")
    return path


def test_labels_are_answers_and_languages_are_stated_or_guessed(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        {"text": "आपका ऑर्डर\u200c कहाँ है", "label": "where"},
        {"text": "kay zala", "label": 2, "language": "mr-Latn"},
    )
    examples, rejects, formats = load_examples(path, "classify")
    assert examples == [Example("आपका ऑर्डर कहाँ है", "where", "hi"), Example("kay zala", "2", "mr-Latn")]
    assert rejects == [] and formats == {"label": 2}


def test_the_label_is_the_answer_of_a_classify_case_whatever_else_a_row_has(tmp_path: Path) -> None:
    row = {"text": "t", "label": "spam", "prompt": "p", "answer": "a"}
    path = write(tmp_path / "a.jsonl", row)
    assert load_examples(path, "classify").examples[0].answer == "spam"
    assert load_examples(path, "generate").examples[0].answer == "a"


def test_rows_without_an_answer_are_set_aside_with_the_reason(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        {"text": "good", "label": "x"},
        {"text": "no label", "label": None},
        {"text": "alone"},
        {"messages": [{"role": "user", "content": "hello?"}]},
        {"prompt": "p", "answer": " "},
    )
    loaded = load_examples(path, "classify")
    assert [e.prompt for e in loaded.examples] == ["good"]
    assert [(r.line, r.reason) for r in loaded.rejects] == [
        (2, "no label"),
        (3, "a text without an answer or a label"),
        (4, "the chat has no assistant turn"),
        (5, "empty text"),
    ]
    assert all(r.file == str(path) and r.beginning.startswith("{") for r in loaded.rejects)


def test_the_unsure_take_the_language_that_nearly_all_rows_have(tmp_path: Path) -> None:
    rows = [{"text": f"where is my order number {i}", "label": "x"} for i in range(20)]
    path = write(tmp_path / "a.jsonl", *rows, {"text": "Cancel", "label": "x"})
    assert {e.language for e in load_examples(path, "classify").examples} == {"en"}
    mixed = write(
        tmp_path / "b.jsonl", rows[0], {"text": "mera order kahan hai", "label": "x"}, {"text": "Cancel", "label": "x"}
    )
    assert [e.language for e in load_examples(mixed, "classify").examples] == ["en", "hi-Latn", "und"]


def test_tables_hold_examples_too(tmp_path: Path) -> None:
    (tmp_path / "my table.csv").write_text("text,label\nwhere is it,where\n", encoding="utf8")
    assert load_examples(tmp_path / "my table.csv", "classify").examples == [Example("where is it", "where", "en")]


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.jsonl", "", "empty"),
        ("a.jsonl", '{"text": "alone"}\n{"text": "b"}\n{', r"none of 3 rows is usable; most often .2 times.: a text"),
        ("a.csv", "text,label\n", "no row"),
        ("a.xlsx", "x", "unknown kind of file"),
    ],
)  # fmt: skip
def test_a_file_without_a_usable_row_is_a_mistake(name: str, content: str, what: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf8")
    with pytest.raises(Mistake, match=what):
        load_examples(tmp_path / name, "classify")


def test_a_compressed_file_is_read_by_the_kind_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"prompt": "where is it", "answer": "here"}\n'))
    assert load_examples(tmp_path / "a.jsonl.gz", "generate").examples == [Example("where is it", "here", "en")]


def test_a_missing_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no such file"):
        load_examples(tmp_path / "a.jsonl", "generate")


def test_prompts_that_are_in_the_test_are_found_case_and_punctuation_aside() -> None:
    train = [Example(p, "x", None) for p in ("Hi", "Where is it?", "👍", "where was it", "👎")]
    test = [Example(p, "y", None) for p in ("hi!", "where is it", "👍")]
    assert overlap(train, test) == [0, 1, 2]
    assert overlap(train, []) == []
