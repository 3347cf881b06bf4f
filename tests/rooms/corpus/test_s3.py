"""`s3://` sources, on a real S3 server of our own: every container, ranges, a server that goes away."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dono.corpus import gather, read_documents, shards
from dono.corpus.gather import SHARDS
from dono.corpus.sources import reader_of, source_parts
from dono.errors import Mistake
from dono.project import Cleaning, Source

REASON = "needs moto[server] and s3fs (both come with .[dev])"
moto_server = pytest.importorskip("moto.server", reason=REASON, exc_type=ImportError)
s3fs = pytest.importorskip("s3fs", reason=REASON, exc_type=ImportError)
TEXTS = [f"दीया {number} जलता है, parcel {number} is on its way" for number in range(3000)]


class Server:
    """An S3 server that can be stopped and started again with what it holds."""

    def __init__(self) -> None:
        self.running: Any = None
        self.port = 0

    def start(self) -> None:
        self.running = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self.running.start()
        self.port = self.running.get_host_and_port()[1]

    def stop(self) -> None:
        if self.running is not None:
            self.running.stop()
        self.running = None


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    found = Server()
    found.start()
    settings = {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "DEFAULT_REGION": "us-east-1", "MAX_ATTEMPTS": "1"}
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{found.port}")
    reset = urllib.request.Request(f"http://127.0.0.1:{found.port}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset).close()  # what it holds is the process's, and outlives a server
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir("shop")
    yield found
    found.stop()
    s3fs.S3FileSystem.clear_instance_cache()


def put(name: str, content: bytes) -> None:
    s3fs.S3FileSystem().pipe_file(f"shop/{name}", content)


def rows_of(source: Source) -> list[object]:
    rows = (row for part in source_parts(source) for row in reader_of(source)(part, source))
    return [row.fields["text"] for row in rows if hasattr(row, "fields")]


@pytest.mark.parametrize("kind", ["text", "jsonl", "csv", "parquet"])
def test_files_of_every_kind_are_read_from_s3(server: Server, tmp_path: Path, kind: str) -> None:
    if kind == "parquet":
        pq.write_table(pa.table({"text": TEXTS}), tmp_path / "a", row_group_size=500)
    else:
        lines = {"text": TEXTS, "jsonl": [json.dumps({"text": t}) for t in TEXTS]}
        lines["csv"] = ["text,n", *(f'"{t}",1' for t in TEXTS)]
        (tmp_path / "a").write_text("\n".join(lines[kind]) + "\n", encoding="utf8")
    ending = {"text": "txt"}.get(kind, kind)
    put(f"in/a.{ending}", (tmp_path / "a").read_bytes())
    put("in/readme.md", b"not read")
    for path in ("s3://shop/in", f"s3://shop/in/*.{ending}", f"s3://shop/in/a.{ending}"):
        source = Source(name="a", kind=kind, path=path)
        assert [str(text).strip() for text in rows_of(source)] == TEXTS
    (part,) = source_parts(source)
    assert part.size == (tmp_path / "a").stat().st_size and part.name == f"s3://shop/in/a.{ending}"


def test_any_range_of_a_file_on_s3_is_read_at_its_place(server: Server) -> None:
    content = "\n".join(TEXTS).encode()
    put("a.txt", content)
    (part,) = source_parts(Source(name="a", path="s3://shop/a.txt"))
    with part.open() as stream:
        for at in (200_000, 10, len(content) - 5):
            stream.seek(at)
            assert stream.read(40) == content[at : at + 40]


def test_another_content_is_another_file_and_what_is_not_there_is_said_in_one_line(server: Server) -> None:
    source = Source(name="a", path="s3://shop/a.txt")
    put("a.txt", b"one\n")
    before = source_parts(source)[0].fingerprint()
    put("a.txt", b"two\n")
    s3fs.S3FileSystem.clear_instance_cache()
    assert source_parts(source)[0].fingerprint() != before
    for path in ("s3://shop/none.txt", "s3://nobody/a.txt"):
        with pytest.raises(Mistake) as told:
            source_parts(Source(name="a", path=path))
        assert path in str(told.value) and "\n" not in str(told.value)


def test_a_server_that_goes_away_is_said_in_one_line_and_the_rest_is_read_when_it_is_back(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD_BYTES", 20_000)
    monkeypatch.setitem(fsspec.config.conf, "s3", {"default_block_size": 1 << 18})
    texts = [" ".join([text] * 300) for text in TEXTS[:300]]
    for number in range(3):
        put(f"in/{number}.txt", "".join(text + "\n" for text in texts[number * 100 : number * 100 + 100]).encode())
    source = Source(name="a", path="s3://shop/in/*.txt")
    parts, out, done = source_parts(source), tmp_path / "out", tmp_path / "out" / SHARDS
    out.mkdir()

    def gathered(stop: bool) -> list[str]:
        def progress(at: float, _: int) -> None:
            if stop and at > sum(part.size for part in parts[:2]):
                server.stop()

        cleaning = Cleaning(workers=1, near_duplicates=None, quality=False, privacy="off")
        gather([source], {}, out, heldout_share=0, seed=0, progress=progress, cleaning=cleaning)
        return [document.text for document in read_documents(out)]

    with pytest.raises(
        Mistake, match=r"in/2\.txt: cannot be read after line \d+ .*give the same command again"
    ) as told:
        gathered(stop=True)
    assert "\n" not in str(told.value)
    records = {path: path.stat().st_mtime_ns for path in sorted(done.glob("?????.json"))}
    assert len(records) == 2
    server.start()
    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)  # the shards stay, to be looked at
    assert gathered(stop=False) == texts
    assert {path: path.stat().st_mtime_ns for path in records} == records
