"""What every kind of source must do: the same documents whatever the container, broken rows named, nothing lost."""

from __future__ import annotations

import csv
import gzip
import json
import pickle
import sqlite3
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.artifacts import Json
from dono.corpus import (
    SOURCES,
    Broken,
    Document,
    LocalFile,
    Row,
    checked_parts,
    gather,
    read_documents,
    source_parts,
)
from dono.errors import Mistake
from dono.project import Source

TEXTS = [
    "The parcel is late, and the customer asks: where is it?",
    "आपका ऑर्डर क\u094d\u200dष कल तक पहुँच जाएगा",
    "ಕ\u0ccd\u200cಷ ಮತ್ತು, \"ಉದ್ಧರಣ\"; ಗಳು",
    "mera order kab tak aayega, batao",
    "👩\u200d💻 می\u200cخواهم",
]  # fmt: skip
FIRST = datetime(2024, 1, 31, 21, 41)
"""When the first message of a chat was written; each text is one a day later, so a conversation of its own."""


def write_text(path: Path, texts: Sequence[str]) -> None:
    path.write_text("\n".join(texts) + "\n", encoding="utf8")


def write_jsonl(path: Path, texts: Sequence[str]) -> None:
    path.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in enumerate(texts)), encoding="utf8")


def write_csv(path: Path, texts: Sequence[str]) -> None:
    with path.open("w", encoding="utf8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("id", "text"), *enumerate(texts)])


def write_parquet(path: Path, texts: Sequence[str]) -> None:
    pq.write_table(pa.table({"id": list(range(len(texts))), "text": list(texts)}), path, row_group_size=1000)


def write_sqlite(path: Path, texts: Sequence[str]) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT)")
        database.executemany("INSERT INTO texts VALUES (?, ?)", enumerate(texts, 1))


def write_dataset(path: Path, texts: Sequence[str]) -> None:
    path.mkdir()
    write_parquet(path / "train.parquet", texts)


def write_whatsapp(path: Path, texts: Sequence[str]) -> None:
    times = [(FIRST + timedelta(days=i)).strftime("%d/%m/%y, %H:%M") for i in range(len(texts))]
    lines = (f"{when} - Asha Rao: {text}\n" for when, text in zip(times, texts, strict=True))
    path.write_text("".join(lines), encoding="utf8")


def write_telegram(path: Path, texts: Sequence[str]) -> None:
    messages: list[Json] = [
        {"id": i, "type": "message", "date": (FIRST + timedelta(days=i)).isoformat(), "from": "Asha Rao",
         "from_id": "user7", "text": text} for i, text in enumerate(texts)
    ]  # fmt: skip
    path.write_text(json.dumps({"name": "Asha", "type": "personal_chat", "id": 1, "messages": messages}), "utf8")


def write_slack(path: Path, texts: Sequence[str]) -> None:
    (path / "general").mkdir(parents=True)
    for i, text in enumerate(texts):
        when = FIRST + timedelta(days=i)
        message = {"type": "message", "user": "U7", "text": text, "ts": f"{when.timestamp():.6f}"}
        (path / f"general/{when:%Y-%m-%d}.json").write_text(json.dumps([message]), "utf8")


WRITERS: dict[str, Callable[[Path, Sequence[str]], None]] = {
    "text": write_text,
    "jsonl": write_jsonl,
    "csv": write_csv,
    "parquet": write_parquet,
    "sql": write_sqlite,
    "huggingface": write_dataset,
    "whatsapp": write_whatsapp,
    "telegram": write_telegram,
    "slack": write_slack,
}
SUFFIX = {"text": ".txt", "jsonl": ".jsonl", "csv": ".csv", "parquet": ".parquet", "whatsapp": ".txt",
          "telegram": ".json"}  # fmt: skip
"""Kinds of which any file is a part."""
CHATS = ("whatsapp", "telegram", "slack")
IN_TEXT = ("text", "jsonl", "csv", "whatsapp", "telegram")


def third_line(raw: bytes) -> Callable[[Path], None]:
    def insert(path: Path) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:2], raw, *lines[2:]]))

    return insert


def no_text_in_parquet(path: Path) -> None:
    table = pq.read_table(path)
    broken = pa.table({"id": [9], "text": pa.array([b"caf\xe9"]).view(pa.string())})
    pq.write_table(pa.concat_tables([table.slice(0, 2), broken, table.slice(2)]), path)


def no_text_in_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE texts SET id = id + 1000 WHERE id > 2")
        database.execute("INSERT INTO texts VALUES (3, CAST(x'636166e9' AS TEXT))")


def no_text_in_dataset(path: Path) -> None:
    table = pq.read_table(path / "train.parquet")
    empty = pa.table({"id": [9], "text": pa.array([None], pa.string())})
    pq.write_table(pa.concat_tables([table.slice(0, 2), empty, table.slice(2)]), path / "train.parquet")


def no_message_in_telegram(path: Path) -> None:
    export = json.loads(path.read_text("utf8"))
    export["messages"].insert(2, {"type": "message", "text": "no date"})
    path.write_text(json.dumps(export), "utf8")


def no_message_in_slack(path: Path) -> None:
    day = sorted(path.glob("general/*.json"))[1]
    day.write_text(json.dumps([*json.loads(day.read_text("utf8")), {"type": "message", "text": "no time"}]), "utf8")


BREAK: dict[str, Callable[[Path], None]] = {
    "text": third_line(b"caf\xe9 au lait\n"),
    "jsonl": third_line(b'{"id": 9, "text": "cut off\n'),
    "csv": third_line(b"9,one cell,too many\n"),
    "parquet": no_text_in_parquet,
    "sql": no_text_in_sqlite,
    "huggingface": no_text_in_dataset,
    "whatsapp": third_line(b"caf\xe9 au lait\n"),
    "telegram": no_message_in_telegram,
    "slack": no_message_in_slack,
}
"""What puts a broken row into the third place."""
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".zst": lambda data: bytes(pa.compress(data, codec="zstd", asbytes=True)),
}


def source(path: Path | str, kind: str, name: str = "one") -> Source:
    if kind == "sql":
        return Source(name=name, kind=kind, path=f"sqlite:///{path}", table="texts", unique_key="id")
    return Source(name=name, kind=kind, path=str(path))


def documents(texts: Sequence[str], kind: str) -> list[str]:
    """The documents that texts become: a chat's begin with who speaks."""
    return [f"Speaker 1: {text}" if kind in CHATS else text for text in texts]


def gathered(sources: Sequence[Source], folder: Path) -> list[Document]:
    folder.mkdir()
    gather(sources, {}, folder, heldout_share=0.3, seed=0, progress=lambda done, documents: None)
    return list(read_documents(folder))


def texts_of(path: Path | str, kind: str, folder: Path) -> list[str]:
    return [d.text for d in gathered([source(path, kind)], folder)]


def notes(folder: Path) -> list[dict[str, str]]:
    return list(json.loads((folder / "survey.json").read_text("utf8"))["notes"])


def test_the_tables_of_this_suite_are_the_table_of_sources() -> None:
    assert WRITERS.keys() == BREAK.keys() == SOURCES.keys()


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("kind", ["text", "jsonl", "csv"])
def test_the_same_documents_from_every_container(kind: str, packing: str, tmp_path: Path) -> None:
    WRITERS["text"](tmp_path / "plain", TEXTS)
    WRITERS[kind](tmp_path / "unpacked", TEXTS)
    path = tmp_path / f"data.{kind}{packing}"
    path.write_bytes(PACKERS[packing]((tmp_path / "unpacked").read_bytes()))
    expected = gathered([source(tmp_path / "plain", "text")], tmp_path / "a")
    found = gathered([source(path, kind)], tmp_path / "b")
    assert [(d.text, d.language, d.split) for d in found] == [(d.text, d.language, d.split) for d in expected]
    assert [d.text for d in found] == TEXTS


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_gives_the_texts_as_they_were_written(kind: str, tmp_path: Path) -> None:
    WRITERS[kind](tmp_path / "data", TEXTS)
    assert texts_of(tmp_path / "data", kind, tmp_path / "out") == documents(TEXTS, kind)
    (part,) = source_parts(source(tmp_path / "data", kind))
    rows = list(SOURCES[kind](part, source(tmp_path / "data", kind)))
    lines = [r.line for r in rows]
    assert lines == sorted(set(lines)) and lines[0] >= 1
    assert [r.at for r in rows] == sorted(r.at for r in rows) and 0 < rows[-1].at <= part.size


@pytest.mark.parametrize("kind", SOURCES)
def test_a_part_can_be_read_in_another_process_and_is_known_by_its_content(kind: str, tmp_path: Path) -> None:
    for name, texts in (("a", TEXTS), ("b", TEXTS), ("c", [*TEXTS[:-1], "other"])):
        (tmp_path / name).mkdir()
        WRITERS[kind](tmp_path / name / "data", texts)
    one, same, other = (source(tmp_path / name / "data", kind) for name in "abc")
    (part,) = source_parts(one)
    sent, asked = pickle.loads(pickle.dumps((part, one)))
    assert list(SOURCES[kind](sent, asked)) == list(SOURCES[kind](part, one))
    prints = [source_parts(s)[0].fingerprint() for s in (one, same, other)]
    assert prints[0] == prints[1] != prints[2] and len(prints[0]) == 16
    assert sent.stamp() == part.stamp() and str(part) == part.name


@pytest.mark.parametrize("kind", SOURCES)
def test_a_broken_row_is_set_aside_and_named_and_the_others_are_kept(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    WRITERS[kind](path, TEXTS)
    BREAK[kind](path)
    assert texts_of(path, kind, tmp_path / "out") == documents(TEXTS, kind)
    (reject,) = [json.loads(line) for line in (tmp_path / "out/rejects.jsonl").read_text("utf8").splitlines()]
    assert reject["source"] == "one" and reject["file"] == source_parts(source(path, kind))[0].name
    assert reject["line"] == 3 and reject["reason"]


@pytest.mark.parametrize("kind", SOURCES)
def test_rows_are_read_as_they_are_asked_for(kind: str, tmp_path: Path) -> None:
    texts = [f"{i} " + "a text of some length " * 190 for i in range(3_000)]
    WRITERS[kind](tmp_path / "data", texts)
    asked = source(tmp_path / "data", kind)
    parts = source_parts(asked)
    next(iter(SOURCES[kind](parts[0], asked)))  # what a reader imports is no part of what it holds
    tracemalloc.start()
    try:
        count = sum(isinstance(row, Row) for part in parts for row in SOURCES[kind](part, asked))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == len(texts)
    assert peak < 0.7 * sum(map(len, texts))


@pytest.mark.parametrize("kind", SUFFIX)
def test_members_of_an_archive_are_files(kind: str, tmp_path: Path) -> None:
    WRITERS[kind](tmp_path / "one", TEXTS[:3])
    WRITERS[kind](tmp_path / "two", TEXTS[3:])
    with zipfile.ZipFile(tmp_path / "data.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "one", f"folder/a{SUFFIX[kind]}")
        archive.write(tmp_path / "two", f"folder/b{SUFFIX[kind]}")
        archive.writestr("folder/photo.jpg", b"\xff\xd8\xff")
    assert texts_of(tmp_path / "data.zip", kind, tmp_path / "out") == documents(TEXTS, kind)


@pytest.mark.parametrize("kind", SUFFIX)
def test_files_behind_a_url_are_files(kind: str, tmp_path: Path) -> None:
    WRITERS[kind](tmp_path / "data", TEXTS)
    url = f"memory://shop-{kind}/data{SUFFIX[kind]}"
    with fsspec.open(url, "wb") as file:
        file.write((tmp_path / "data").read_bytes())
    assert texts_of(url, kind, tmp_path / "out") == documents(TEXTS, kind)
    assert texts_of(f"memory://shop-{kind}/*", kind, tmp_path / "all") == documents(TEXTS, kind)


@pytest.mark.parametrize("kind", SUFFIX)
@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_an_empty_file_is_refused_in_one_line(kind: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(content)
    with pytest.raises(Mistake, match="empty") as caught:
        gathered([source(tmp_path / "data", kind)], tmp_path / "out")
    assert caught.value.where.endswith("data") and "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", SUFFIX)
def test_an_empty_file_among_others_is_left_out_and_named(kind: str, tmp_path: Path) -> None:
    WRITERS[kind](tmp_path / "a.data", TEXTS)
    (tmp_path / "b.data").write_bytes(b"")
    assert texts_of(tmp_path / "*.data", kind, tmp_path / "out") == documents(TEXTS, kind)
    assert notes(tmp_path / "out") == [
        {"source": "one", "file": str(tmp_path / "b.data"), "note": "empty, left out"}
    ]  # fmt: skip


@pytest.mark.parametrize("kind", IN_TEXT)
def test_a_file_that_says_its_encoding_is_read_by_it_and_that_is_told(kind: str, tmp_path: Path) -> None:
    WRITERS[kind](tmp_path / "utf8", TEXTS)
    text = (tmp_path / "utf8").read_text("utf8")
    (tmp_path / "data").write_bytes(text.encode("utf-16"))
    assert texts_of(tmp_path / "data", kind, tmp_path / "out") == documents(TEXTS, kind)
    assert [note["note"] for note in notes(tmp_path / "out")] == ["read as utf-16"]


def test_parquet_in_an_encoding_is_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes("नमस्ते दुनिया\nकैसे हो\n".encode("utf-16"))
    with pytest.raises(Mistake, match="no parquet file"):
        gathered([source(tmp_path / "data", "parquet")], tmp_path / "out")


@pytest.mark.parametrize("kind", SUFFIX)
@given(content=st.binary(max_size=300) | st.text(max_size=200).map(lambda t: t.encode("utf8", "surrogatepass")))
def test_whatever_the_bytes_no_reader_crashes(
    kind: str, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any-{kind}"
    path.write_bytes(content)
    asked = source(path, kind)
    try:
        rows = [row for part in checked_parts(asked).parts for row in SOURCES[kind](part, asked)]
    except Mistake as mistake:
        assert "\n" not in str(mistake) or content
        return
    assert all(isinstance(row, Row | Broken) for row in rows)


@pytest.mark.parametrize("kind", [k for k in SOURCES if k not in CHATS])
def test_a_source_whose_rows_are_all_broken_is_refused_with_the_most_frequent_reason(kind: str, tmp_path: Path) -> None:
    WRITERS[kind](tmp_path / "data", ["\u200c", "\u200d", "\u200c\u200c"])
    with pytest.raises(Mistake, match=r"none of 3 rows is usable; most often \(3 times\): empty text"):
        gathered([source(tmp_path / "data", kind)], tmp_path / "out")


@pytest.mark.parametrize("kind", SUFFIX)
def test_order_of_files_changes_neither_documents_nor_their_split(kind: str, tmp_path: Path) -> None:
    WRITERS[kind](tmp_path / "a.data", TEXTS[:2])
    WRITERS[kind](tmp_path / "b.data", TEXTS[2:])
    one = gathered([source(tmp_path / "*.data", kind)], tmp_path / "one")
    parts = [source(tmp_path / "b.data", kind, "b"), source(tmp_path / "a.data", kind, "a")]
    two = gathered(parts, tmp_path / "two")
    assert [d.text for d in one] == documents(TEXTS, kind)
    assert {(d.text, d.split) for d in one} == {(d.text, d.split) for d in two}


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_a_compressed_file_that_breaks_off_is_refused(packing: str, tmp_path: Path) -> None:
    lines = "".join(f"line number {i * 7919 % 104729}\n" for i in range(50_000)).encode()
    path = tmp_path / f"data.txt{packing}"
    packed = PACKERS[packing](lines)
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(Mistake, match=r"cannot be read after line \d+"):
        gathered([source(path, "text")], tmp_path / "out")


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_compressed_parts_joined_are_read_to_the_last(packing: str, tmp_path: Path) -> None:
    path = tmp_path / f"data.txt{packing}"
    path.write_bytes(PACKERS[packing](b"the first part\n") + PACKERS[packing](b"the second part\n"))
    assert texts_of(path, "text", tmp_path / "out") == ["the first part", "the second part"]


def test_a_reader_of_ones_own_goes_through_the_same_door(tmp_path: Path) -> None:
    write_text(tmp_path / "data", TEXTS)
    assert texts_of(tmp_path / "data", "dono.corpus.source_text.read_text", tmp_path / "out") == TEXTS


@pytest.mark.parametrize(
    ("kind", "remedy"), [("jsnl", "Did you mean 'jsonl'"), ("xml", "package.module.function"), ("no.such", "Correct")]
)
def test_an_unknown_kind_is_refused_with_the_nearest_named(kind: str, remedy: str, tmp_path: Path) -> None:
    write_text(tmp_path / "data", TEXTS)
    with pytest.raises(Mistake, match=remedy):
        gathered([source(tmp_path / "data", kind)], tmp_path / "out")


@pytest.mark.parametrize("kind", ["slack", "sql"])
def test_what_is_no_file_is_not_read_as_one(kind: str, tmp_path: Path) -> None:
    WRITERS[kind](tmp_path / "data", TEXTS)
    (part,) = source_parts(source(tmp_path / "data", kind))
    with pytest.raises(Mistake, match="it is no file"):
        part.open()
    assert LocalFile(tmp_path / "data").cuttable and not part.cuttable
