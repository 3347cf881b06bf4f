"""What every kind of source must do: the same documents whatever the container, broken rows named, nothing lost."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dono.corpus import SOURCES, Broken, Document, Row, gather, read_documents
from dono.errors import Mistake
from dono.project import Source

TEXTS = [
    "The parcel is late, and the customer asks: where is it?",
    "आपका ऑर्डर क\u094d\u200dष कल तक पहुँच जाएगा",
    "ಕ\u0ccd\u200cಷ ಮತ್ತು, \"ಉದ್ಧರಣ\"; ಗಳು",
    "mera order kab tak aayega, batao",
    "👩\u200d💻 می\u200cخواهم",
]  # fmt: skip


def write_text(path: Path, texts: Sequence[str]) -> None:
    path.write_text("\n".join(texts) + "\n", encoding="utf8")


def write_jsonl(path: Path, texts: Sequence[str]) -> None:
    path.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in enumerate(texts)), encoding="utf8")


def write_csv(path: Path, texts: Sequence[str]) -> None:
    with path.open("w", encoding="utf8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("id", "text"), *enumerate(texts)])


def write_parquet(path: Path, texts: Sequence[str]) -> None:
    pq.write_table(pa.table({"id": list(range(len(texts))), "text": list(texts)}), path)


WRITERS: dict[str, Callable[[Path, Sequence[str]], None]] = {
    "text": write_text,
    "jsonl": write_jsonl,
    "csv": write_csv,
    "parquet": write_parquet,
}
BROKEN: dict[str, bytes] = {
    "text": b"caf\xe9 au lait\n",
    "jsonl": b'{"id": 9, "text": "cut off\n',
    "csv": b"9,one cell,too many\n",
}
"""One broken row of each kind that has lines."""
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".zst": lambda data: bytes(pa.compress(data, codec="zstd", asbytes=True)),
}


def source(path: Path, kind: str, name: str = "one") -> Source:
    return Source(name=name, kind=kind, path=str(path))


def gathered(sources: Sequence[Source], folder: Path) -> list[Document]:
    folder.mkdir()
    gather(sources, {}, folder, heldout_share=0.3, seed=0, progress=lambda done, documents: None)
    return list(read_documents(folder))


def rows_of(path: Path, kind: str) -> list[Row | Broken]:
    return list(SOURCES[kind](path, source(path, kind)))


def test_the_table_of_writers_is_the_table_of_sources() -> None:
    assert WRITERS.keys() == SOURCES.keys()


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("kind", BROKEN)
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
def test_every_kind_yields_the_texts_as_they_were_written(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    WRITERS[kind](path, TEXTS)
    rows = rows_of(path, kind)
    assert [str(r.fields["text"]).rstrip("\n") for r in rows if isinstance(r, Row)] == TEXTS
    lines = [r.line for r in rows]
    assert lines == sorted(set(lines)) and lines[0] >= 1
    assert [r.at for r in rows] == sorted(r.at for r in rows) and 0 < rows[-1].at <= path.stat().st_size


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_row_is_set_aside_and_named_and_the_others_are_kept(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    WRITERS[kind](path, TEXTS)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], BROKEN[kind], *lines[2:]]))
    assert [d.text for d in gathered([source(path, kind)], tmp_path / "out")] == TEXTS
    (reject,) = [json.loads(line) for line in (tmp_path / "out/rejects.jsonl").read_text("utf8").splitlines()]
    assert reject["source"] == "one" and reject["file"] == str(path) and reject["line"] == 3
    assert reject["reason"] and reject["beginning"][:3] == BROKEN[kind].decode(errors="replace")[:3]


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_an_empty_file_is_refused_in_one_line(kind: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(content)
    with pytest.raises(Mistake, match="empty") as caught:
        gathered([source(tmp_path / "data", kind)], tmp_path / "out")
    assert caught.value.where.endswith("data") and "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", SOURCES)
def test_a_file_in_another_encoding_is_refused(kind: str, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes("नमस्ते दुनिया\nकैसे हो\n".encode("utf-16"))
    with pytest.raises(Mistake, match=r"UTF-16|no parquet file"):
        gathered([source(tmp_path / "data", kind)], tmp_path / "out")


@pytest.mark.parametrize("kind", SOURCES)
def test_a_file_whose_rows_are_all_broken_is_refused_with_the_most_frequent_reason(kind: str, tmp_path: Path) -> None:
    WRITERS[kind](tmp_path / "data", ["\u200c", "\u200d", "\u200c\u200c"])
    with pytest.raises(Mistake, match=r"none of 3 rows is usable; most often \(3 times\): empty text"):
        gathered([source(tmp_path / "data", kind)], tmp_path / "out")


@pytest.mark.parametrize("kind", SOURCES)
def test_order_of_files_changes_neither_documents_nor_their_split(kind: str, tmp_path: Path) -> None:
    WRITERS[kind](tmp_path / "a.data", TEXTS[:2])
    WRITERS[kind](tmp_path / "b.data", TEXTS[2:])
    one = gathered([source(tmp_path / "*.data", kind)], tmp_path / "one")
    parts = [source(tmp_path / "b.data", kind, "b"), source(tmp_path / "a.data", kind, "a")]
    two = gathered(parts, tmp_path / "two")
    assert [d.text for d in one] == TEXTS
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
    assert [d.text for d in gathered([source(path, "text")], tmp_path / "out")] == ["the first part", "the second part"]


def test_a_reader_of_ones_own_goes_through_the_same_door(tmp_path: Path) -> None:
    write_text(tmp_path / "data", TEXTS)
    found = gathered([source(tmp_path / "data", "dono.corpus.source_text.read_text")], tmp_path / "out")
    assert [d.text for d in found] == TEXTS


@pytest.mark.parametrize(
    ("kind", "remedy"), [("jsnl", "Did you mean 'jsonl'"), ("xml", "package.module.function"), ("no.such", "Correct")]
)
def test_an_unknown_kind_is_refused_with_the_nearest_named(kind: str, remedy: str, tmp_path: Path) -> None:
    write_text(tmp_path / "data", TEXTS)
    with pytest.raises(Mistake, match=remedy):
        gathered([source(tmp_path / "data", kind)], tmp_path / "out")
