from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.artifacts import Json
from dono.corpus.parts import LocalFile
from dono.corpus.rows import Broken, Row
from dono.corpus.source_telegram import read_telegram
from dono.project import Source


def message(text: Json, who: str = "Asha", when: str = "2024-01-31T21:41:00", **more: Json) -> dict[str, Json]:
    return {
        "id": 1,
        "type": "message",
        "date": when,
        "from": who,
        "from_id": f"user{who.lower()}",
        "text": text,
        **more,
    }


def chat(*messages: Json) -> dict[str, Json]:
    return {"name": "Ravi", "type": "personal_chat", "id": 7, "messages": list(messages)}


def read(path: Path, content: Json | bytes, **more: object) -> list[Row | Broken]:
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    source = Source.model_validate({"name": "chat", "kind": "telegram", "path": str(path), **more})
    return list(read_telegram(LocalFile(path), source))


def texts(rows: Sequence[Row | Broken]) -> list[object]:
    return [row.fields["text"] for row in rows if isinstance(row, Row)]


def test_links_and_names_in_a_text_read_as_text(tmp_path: Path) -> None:
    text: Json = [
        "see ", {"type": "link", "text": "https://example.org"}, ", ",
        {"type": "mention_name", "text": "Asha", "user_id": "asha"}, " and ", {"type": "mention", "text": "@ravi_k"},
        " ", {"type": "bold", "text": "now"},
    ]  # fmt: skip
    rows = read(tmp_path / "r.json", chat(message("hello"), message(text, "Ravi")))
    assert texts(rows) == ["Speaker 1: hello\nSpeaker 2: see https://example.org, @Speaker 1 and @somebody now"]


def test_a_mention_of_a_speaker_by_id_is_that_speaker(tmp_path: Path) -> None:
    text: Json = [{"type": "mention_name", "text": "Asha", "user_id": 12}, " hello"]
    first = message("hello") | {"from_id": "user12"}
    assert texts(read(tmp_path / "r.json", chat(first, message(text, "Ravi")))) == [
        "Speaker 1: hello\nSpeaker 2: @Speaker 1 hello"
    ]


def test_notes_media_and_empty_texts_are_no_messages(tmp_path: Path) -> None:
    joined: Json = {"id": 2, "type": "service", "date": "2024-01-31T21:40:00", "actor": "Asha", "action": "phone_call"}
    rows = read(tmp_path / "r.json", chat(joined, message("", photo="photos/1.jpg"), message([]), message("text")))
    assert texts(rows) == ["Speaker 1: text"] and [r.line for r in rows] == [4]


def test_the_chats_of_an_account_are_apart_with_speakers_of_their_own(tmp_path: Path) -> None:
    account: Json = {
        "about": "an export",
        "personal_information": {"first_name": "Asha", "phone_number": "+91 98123 45678"},
        "chats": {"about": "", "list": [chat(message("one")), chat(message("two", "Ravi"), message("three"))]},
        "left_chats": {"list": [chat(message("four", "Mina"))]},
    }
    assert texts(read(tmp_path / "r.json", account)) == [
        "Speaker 1: one", "Speaker 1: two\nSpeaker 2: three", "Speaker 1: four",
    ]  # fmt: skip


def test_one_side_can_be_the_assistant_by_name_or_id(tmp_path: Path) -> None:
    export = chat(message("where is it?", "Ravi"), message("it comes", "Desk"))
    for name in ("Desk", "userdesk"):
        (row,) = read(tmp_path / "r.json", export, assistant=name)
        assert isinstance(row, Row) and row.fields["messages"] == [
            {"role": "user", "content": "where is it?"},
            {"role": "assistant", "content": "it comes"},
        ]


def test_what_is_broken_is_named_and_what_was_read_is_kept(tmp_path: Path) -> None:
    raw = json.dumps(chat(message("one"), {"type": "message"}, "no object", message("two"), message("three"))).encode()
    rows = read(tmp_path / "r.json", raw[:-60])
    assert texts(rows) == ["Speaker 1: one\ntwo"]
    assert [(r.line, r.reason) for r in rows if isinstance(r, Broken)] == [
        (2, "not a message as Telegram writes it"),
        (3, "not a message as Telegram writes it"),
        (5, "broken JSON: it ends too early; what comes after is not read"),
    ]


@given(
    said=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="@")).filter(str.strip), min_size=1
    )
)
def test_any_text_comes_back_as_it_was_written(said: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    days = [f"20{24 + i // 300}-{i // 25 % 12 + 1:02}-{i % 25 + 1:02}T21:41:00" for i in range(len(said))]
    export = chat(*(message(text, when=when) for text, when in zip(said, days, strict=True)))
    rows = read(tmp_path_factory.getbasetemp() / "any.json", export)
    assert texts(rows) == [f"Speaker 1: {text}" for text in said]
