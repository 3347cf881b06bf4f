from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dono.artifacts import Json
from dono.corpus.rows import Broken, Row
from dono.corpus.source_slack import read_slack, slack_parts
from dono.errors import Mistake
from dono.project import Source

USERS: list[Json] = [
    {"id": "U1", "name": "asha", "real_name": "Asha Rao", "profile": {"display_name": "asha.r"}},
    {"id": "U2", "name": "desk", "profile": {"real_name": "Help Desk"}},
]


def message(text: str, user: str = "U1", minute: int = 0, **more: Json) -> dict[str, Json]:
    when = datetime(2024, 1, 31, 10, minute, tzinfo=UTC).timestamp()
    return {"type": "message", "user": user, "text": text, "ts": f"{when:.6f}", **more}


def write(folder: Path, days: Mapping[str, Json | bytes]) -> None:
    for name, content in {"users.json": USERS, "channels.json": [], **days}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())


def read(folder: Path, **more: object) -> list[Row | Broken]:
    source = Source.model_validate({"name": "chat", "kind": "slack", "path": str(folder), **more})
    return [row for part in slack_parts(source) for row in read_slack(part, source)]


def texts(rows: Sequence[Row | Broken]) -> list[object]:
    return [row.fields["text"] for row in rows if isinstance(row, Row)]


def test_a_channel_is_a_part_and_its_days_follow_each_other(tmp_path: Path) -> None:
    late = message("and on") | {"ts": f"{datetime(2024, 2, 1, 0, 30, tzinfo=UTC).timestamp()}"}
    early = message("it goes on") | {"ts": f"{datetime(2024, 1, 31, 23, 50, tzinfo=UTC).timestamp()}"}
    write(tmp_path, {"a/2024-02-01.json": [late], "a/2024-01-31.json": [early], "b/2024-01-31.json": [message("b")]})
    assert texts(read(tmp_path)) == ["Speaker 1: it goes on\nand on", "Speaker 1: b"]
    names = [p.name for p in slack_parts(Source(name="x", kind="slack", path=str(tmp_path)))]
    assert names == [f"{tmp_path}/a", f"{tmp_path}/b"]


def test_the_archive_reads_as_the_directory_does(tmp_path: Path) -> None:
    write(tmp_path / "export", {"a/2024-01-31.json": [message("one"), message("two", "U2", 1)]})
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for file in (tmp_path / "export").rglob("*.json"):
            archive.write(file, str(file.relative_to(tmp_path / "export")))
    assert (
        texts(read(tmp_path / "export.zip")) == texts(read(tmp_path / "export")) == ["Speaker 1: one\nSpeaker 2: two"]
    )


def test_a_thread_is_a_conversation_of_its_own(tmp_path: Path) -> None:
    first = message("who?", minute=1)
    thread = first["ts"]
    day: list[Json] = [
        message("one"), first | {"thread_ts": thread}, message("two", "U2", 2),
        message("me", "U2", 3, thread_ts=thread),
    ]  # fmt: skip
    write(tmp_path, {"a/2024-01-31.json": day})
    assert texts(read(tmp_path)) == ["Speaker 1: one\nSpeaker 2: two", "Speaker 1: who?\nSpeaker 2: me"]


def test_markup_reads_as_text_and_people_are_speakers(tmp_path: Path) -> None:
    day: list[Json] = [
        message("hello <@U2>, <@U9>"),
        message("see <https://a.org|this> &amp; <https://a.b/?x=1&amp;y> <#C1|general> <!here> &lt;b&gt;", "U2", 1),
        message("<@U1|asha> <mailto:a@example.org|a@example.org> <!subteam^S1|@team>", "U2", 2),
        message("joined", "U3", 3, subtype="channel_join"),
        message("", "U3", 4),
    ]  # fmt: skip
    write(tmp_path, {"a/2024-01-31.json": day})
    assert texts(read(tmp_path)) == [
        "Speaker 1: hello @Speaker 2, @somebody\nSpeaker 2: see this & https://a.b/?x=1&y #general @here <b>\n"
        "@Speaker 1 a@example.org @team"
    ]


@pytest.mark.parametrize("name", ["U2", "desk", "Help Desk"])
def test_the_assistant_is_known_by_id_or_name(name: str, tmp_path: Path) -> None:
    write(tmp_path, {"a/2024-01-31.json": [message("where?"), message("here", "U2", 1)]})
    (row,) = read(tmp_path, assistant=name)
    assert isinstance(row, Row) and row.fields["messages"] == [
        {"role": "user", "content": "where?"},
        {"role": "assistant", "content": "here"},
    ]


def test_a_broken_day_and_a_broken_message_cost_themselves_only(tmp_path: Path) -> None:
    write(tmp_path, {"a/2024-01-30.json": b"[{", "a/2024-01-31.json": ["text", message("one"), {"type": "message"}]})
    rows = read(tmp_path)
    assert texts(rows) == ["Speaker 1: one"]
    assert [(r.line, r.reason) for r in rows if isinstance(r, Broken)] == [
        (1, "a day whose JSON is broken or larger than 32 MiB"),
        (2, "not a message as Slack writes it"),
        (4, "not a message as Slack writes it"),
    ]


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {})
    with pytest.raises(Mistake, match="no channel with a file for each day"):
        read(tmp_path)
