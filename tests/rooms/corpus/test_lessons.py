"""Rows as what one run learns from: recognised without a registry."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from dono.corpus import Lesson, Reject, gather, lesson_files, read_documents, read_lessons
from dono.errors import Mistake
from dono.project import Source

ASKED: tuple[tuple[str, str], ...] = (("User", "where is it"), ("Assistant", "it comes today"))
CHAT = [{"role": "user", "content": "where is it"}, {"role": "assistant", "content": "it comes today"}]
SAYS: list[tuple[dict[str, object], Lesson]] = [
    ({"text": "a parcel"}, Lesson("text", "a parcel")),
    ({"prompt": "where is it", "completion": "it comes today"}, Lesson("prompt", "where is it\nit comes today", ASKED)),
    ({"prompt": "where is it", "answer": "it comes today"}, Lesson("prompt", "where is it\nit comes today", ASKED)),
    ({"prompt": "where is it", "response": "it comes today"}, Lesson("prompt", "where is it\nit comes today", ASKED)),
    (
        {"instruction": "where is", "input": "it", "output": "it comes today"},
        Lesson(
            "instruction",
            "where is\n\nit\nit comes today",
            (("User", "where is\n\nit"), ("Assistant", "it comes today")),
        ),
    ),
    ({"messages": CHAT}, Lesson("messages", "User: where is it\nAssistant: it comes today", ASKED)),
    (
        {"conversations": [{"from": "human", "value": "where is it"}, {"from": "gpt", "value": "it comes today"}]},
        Lesson("conversations", "User: where is it\nAssistant: it comes today", ASKED),
    ),
    (
        {"prompt": "where is it", "chosen": "it comes today", "rejected": "no"},
        Lesson("preference", "where is it\nit comes today", ASKED, "no"),
    ),
    (
        {"chosen": CHAT, "rejected": [*CHAT[:1], {"role": "assistant", "content": "no"}]},
        Lesson("preference", "User: where is it\nAssistant: it comes today", ASKED, "no"),
    ),
    (
        {"prompt": CHAT[:1], "chosen": CHAT[1:], "rejected": [{"role": "assistant", "content": "no"}]},
        Lesson("preference", "User: where is it\nAssistant: it comes today", ASKED, "no"),
    ),
]


def read(folder: Path, *rows: object) -> list[Lesson | Reject]:
    path = folder / "rows.jsonl"
    path.write_text("".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in rows), encoding="utf8")
    return list(read_lessons([path]))


@pytest.mark.parametrize(("row", "lesson"), SAYS, ids=lambda v: "+".join(v) if isinstance(v, dict) else "")
def test_a_row_is_recognised_by_its_fields(row: dict[str, object], lesson: Lesson, tmp_path: Path) -> None:
    assert read(tmp_path, row) == [lesson]


def test_a_chat_keeps_all_turns_up_to_its_last_answer(tmp_path: Path) -> None:
    turns = [{"role": "system", "content": "be brief"}, *CHAT, *CHAT, {"role": "user", "content": "thanks"}]
    (lesson,) = read(tmp_path, {"messages": turns})
    assert isinstance(lesson, Lesson) and lesson.turns == (("System", "be brief"), *ASKED, *ASKED)


def test_what_can_be_learned_from_a_row_is_known(tmp_path: Path) -> None:
    kinds = [row.kind for row in read(tmp_path, *(row for row, _ in SAYS)) if isinstance(row, Lesson)]
    assert kinds == ["texts", *["answers"] * 6, *["preferences"] * 3]


BROKEN: list[tuple[object, str]] = [
    ("{", "broken JSON"),
    ({"prompt": "a", "chosen": "b"}, "no field 'rejected'"),
    ({"prompt": "a", "chosen": "b", "rejected": "b"}, "the chosen and the rejected answer are the same"),
    ({"chosen": CHAT, "rejected": [{"role": "user", "content": "what"}, CHAT[1]]}, "different prompts"),
    ({"prompt": "a", "answer": " "}, "empty text"),
]


@pytest.mark.parametrize(("row", "reason"), BROKEN, ids=lambda v: v if isinstance(v, str) else "")
def test_a_broken_row_is_set_aside_with_its_reason_and_place(row: object, reason: str, tmp_path: Path) -> None:
    _, reject, _ = read(tmp_path, {"text": "before"}, row, {"text": "after"})
    assert isinstance(reject, Reject) and reason in reject.reason and reject.line == 2


def test_files_are_named_by_paths_or_patterns_each_once(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl"):
        (tmp_path / name).write_text('{"text": "x"}\n', encoding="utf8")
    found = lesson_files(["b.jsonl", "*.jsonl"], tmp_path)
    assert [path.name for path in found] == ["b.jsonl", "a.jsonl"]
    with pytest.raises(Mistake, match=r"no file matches 'none\*'"):
        lesson_files(["none*"], tmp_path)


def test_packed_and_plain_text_files_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "packed"}\n'))
    (tmp_path / "b.txt").write_text("plain\n", encoding="utf8")
    found = list(read_lessons([tmp_path / "a.jsonl.gz", tmp_path / "b.txt"]))
    assert [row.text for row in found if isinstance(row, Lesson)] == ["packed", "plain"]


def test_of_a_gathered_corpus_nothing_held_out_or_tested_is_learned_from(tmp_path: Path) -> None:
    source = Source(name="talk", path=str(tmp_path / "talk.txt"))
    words = [
        "river",
        "house",
        "shop",
        "train",
        "mango",
        "letter",
        "school",
        "garden",
        "market",
        "lamp",
        "cloud",
        "bridge",
    ]
    draw = random.Random(0)
    texts = [f"{' '.join(draw.choices(words, k=14))}." for _ in range(60)]
    (tmp_path / "talk.txt").write_text("\n".join(texts), encoding="utf8")
    folder = tmp_path / "corpus"
    folder.mkdir()
    gather([source], {"ask": [texts[7]]}, folder, heldout_share=0.3, seed=0, progress=lambda done, kept: None)
    learned = {row.text for row in read_lessons([folder / "documents.parquet"]) if isinstance(row, Lesson)}
    assert learned == {d.text for d in read_documents(folder, split="train")}
    assert learned and len(learned) < len(texts) and texts[7] not in learned
