from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from dono.corpus import archives
from dono.corpus.rows import Row
from dono.corpus.source_parquet import read_parquet
from dono.corpus.source_text import read_text
from dono.corpus.sources import source_parts
from dono.errors import Mistake
from dono.project import Source


def packed(path: Path, **members: bytes) -> Source:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return Source(name="zip", path=str(path))


def test_members_of_the_kind_are_read_and_what_a_mac_adds_is_not(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", b_txt=b"b\n", deep__a_txt=b"a\n", c_jpg=b"x", deep___x_txt=b"hidden")
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.writestr("__MACOSX/a.txt", b"mac")
    parts = source_parts(source)
    assert [p.name for p in parts] == [f"{tmp_path}/a.zip/b.txt", f"{tmp_path}/a.zip/deep/a.txt"]
    rows = [row for part in parts for row in read_text(part, source)]
    assert [row.fields["text"] for row in rows if isinstance(row, Row)] == ["b\n", "a\n"]


def test_a_pattern_chooses_members(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", a_txt=b"a\n", b_log=b"b\n").model_copy(update={"members": "*.log"})
    assert [p.name.rpartition("/")[2] for p in source_parts(source)] == ["b.log"]
    with pytest.raises(Mistake, match=r"no member that fits `members: \*.md`"):
        source_parts(source.model_copy(update={"members": "*.md"}))


def test_an_archive_without_a_member_of_the_kind_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"no member that fits \.txt"):
        source_parts(packed(tmp_path / "a.zip", b_csv=b"x"))


def test_a_bomb_is_refused_by_its_ratio_before_anything_is_unpacked(tmp_path: Path) -> None:
    source = packed(tmp_path / "bomb.zip", zeros_txt=bytes(20_000_000))
    with pytest.raises(Mistake, match=r"looks like a zip bomb: it unpacks to 1,0\d\d times its size"):
        source_parts(source)


def test_text_that_repeats_itself_is_no_bomb(tmp_path: Path) -> None:
    lines = b"".join(b"2024-01-31 12:00:%02d order %d shipped\n" % (i % 60, i) for i in range(400_000))
    assert len(source_parts(packed(tmp_path / "a.zip", log_txt=lines))) == 1


def test_a_bomb_is_refused_by_the_size_it_declares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 100)
    with pytest.raises(Mistake, match="it says to unpack to 200 bytes"):
        source_parts(packed(tmp_path / "a.zip", a_txt=bytes(100), b_txt=bytes(100)))


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """Fifield's bombs: many entries of the directory point at one packed block."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", os.urandom(4000))
        first = archive.infolist()[0]
        for number in range(50):
            twin = zipfile.ZipInfo(f"{number}.txt")
            twin.file_size, twin.compress_size, twin.CRC = first.file_size, first.compress_size, first.CRC
            twin.header_offset = first.header_offset
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
    with pytest.raises(Mistake, match="its members overlap"):
        source_parts(Source(name="zip", path=str(tmp_path / "a.zip")))


def test_a_locked_member_and_no_archive_are_refused_in_one_line(tmp_path: Path) -> None:
    packed(tmp_path / "a.zip", a_txt=b"a\n")
    raw = bytearray((tmp_path / "a.zip").read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(raw)
    with pytest.raises(Mistake, match="locked with a password"):
        source_parts(Source(name="zip", path=str(tmp_path / "locked.zip")))
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(Mistake, match="no zip archive"):
        source_parts(Source(name="zip", path=str(tmp_path / "no.zip")))


def test_a_damaged_member_is_named_when_it_is_read(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", a_txt=b"".join(b"%d is a line\n" % (i * 7919) for i in range(20_000)))
    raw = bytearray((tmp_path / "a.zip").read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(raw)
    (part,) = source_parts(source)
    with pytest.raises(Mistake, match=r"a\.zip/a\.txt: cannot be read after line \d+ \(damaged"):
        list(read_text(part, source))


def test_no_parquet_in_an_archive_is_said_of_the_member(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", a_parquet=b"not a table").model_copy(update={"kind": "parquet"})
    (part,) = source_parts(source)
    with pytest.raises(Mistake, match="no parquet file") as caught:
        list(read_parquet(part, source))
    assert caught.value.where.endswith("a.zip/a.parquet")
