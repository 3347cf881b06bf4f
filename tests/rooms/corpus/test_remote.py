from __future__ import annotations

import http.server
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from dono.corpus.remote import RemoteFile, shown
from dono.corpus.rows import Row
from dono.corpus.source_parquet import read_parquet
from dono.corpus.source_text import read_text
from dono.corpus.sources import source_parts, source_spec
from dono.errors import Mistake
from dono.project import Source


def put(url: str, content: bytes) -> None:
    with fsspec.open(url, "wb") as file:
        file.write(content)


class Files(http.server.BaseHTTPRequestHandler):
    """A web server of one file, in ranges or as a whole, with a checksum."""

    content = b"a line\nanother line\n"
    broken = False

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        path, _, query = self.path.partition("?")
        if self.broken:
            self.send_error(500)
            return
        if path != "/a.txt" or query != "signature=s3cret":
            self.send_error(404)
            return
        content, wanted = self.content, self.headers.get("Range")
        if wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            content = content[int(first) : int(last or len(content)) + 1]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", '"v1"')
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{int(first) + len(content) - 1}/{len(self.content)}")
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def texts(source: Source) -> list[object]:
    rows = [row for part in source_parts(source) for row in read_text(part, source)]
    return [row.fields["text"] for row in rows if isinstance(row, Row)]


def test_a_file_of_a_web_server_is_read_and_its_signed_link_is_not_shown(site: str) -> None:
    source = Source(name="a", path=f"{site}/a.txt?signature=s3cret")
    assert texts(source) == ["a line\n", "another line\n"]
    (part,) = source_parts(source)
    assert part.name == f"{site}/a.txt" and part.size == 20 and '"v1"' in part.stamp()
    assert "s3cret" not in str(source_spec(source))


def test_what_a_web_server_does_not_have_is_said_in_one_line_without_the_link(site: str) -> None:
    with pytest.raises(Mistake) as caught:
        source_parts(Source(name="a", path=f"{site}/b.txt?signature=s3cret"))
    assert "s3cret" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_directory_and_a_pattern_of_urls_give_their_files() -> None:
    for name in ("a.txt", "deep/b.txt.gz", "c.csv"):
        put(f"memory://walk/{name}", b"a line\n")
    names = [part.name for part in source_parts(Source(name="a", path="memory://walk"))]
    assert names == ["memory:///walk/a.txt", "memory:///walk/deep/b.txt.gz"]
    assert len(source_parts(Source(name="a", path="memory://walk/**"))) == 3
    with pytest.raises(Mistake, match="no file matches"):
        source_parts(Source(name="a", path="memory://walk/*.md"))
    with pytest.raises(Mistake, match="no such file"):
        source_parts(Source(name="a", path="memory://walk/d.txt"))


def test_the_fingerprint_is_of_the_bytes_or_of_the_checksum_that_stands_for_them() -> None:
    put("memory://mark/a.txt", b"one\n")
    put("memory://mark/b/a.txt", b"one\n")
    put("memory://mark/c/a.txt", b"two\n")
    prints = [source_parts(Source(name="a", path=f"memory://mark/{p}a.txt"))[0].fingerprint() for p in ("", "b/", "c/")]
    assert prints[0] == prints[1] != prints[2]
    one, same, other = (RemoteFile("s3://b/a.txt", 4, tag) for tag in ("x", "x", "y"))
    assert one.fingerprint() == same.fingerprint() != other.fingerprint()


def test_a_url_of_this_disk_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a line\n")
    (part,) = source_parts(Source(name="a", path=f"file://{tmp_path}/a.txt"))
    assert part.name == str(tmp_path / "a.txt") and part.cuttable


def test_a_zip_archive_behind_a_url_is_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "in the archive\n")
    put("memory://zips/a.zip", (tmp_path / "a.zip").read_bytes())
    source = Source(name="a", path="memory://zips/a.zip")
    assert texts(source) == ["in the archive\n"]
    assert source_parts(source)[0].name == "memory:///zips/a.zip/a.txt"


def test_no_parquet_behind_a_url_is_said_of_the_url() -> None:
    put("memory://tables/a.parquet", b"no table")
    source = Source(name="a", kind="parquet", path="memory://tables/a.parquet")
    with pytest.raises(Mistake, match="no parquet file"):
        list(read_parquet(source_parts(source)[0], source))


@pytest.mark.parametrize(
    ("url", "said"),
    [("gs://bucket/a.txt", "needs gcsfs"), ("nothing://a.txt", "Protocol not known"), ("sftp://h/a.txt", "paramiko")],
)
def test_a_service_without_its_package_says_which(url: str, said: str) -> None:
    with pytest.raises(Mistake, match=said):
        source_parts(Source(name="a", path=url))


def test_a_connection_that_breaks_is_an_error_of_reading_without_the_link(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (part,) = source_parts(Source(name="a", path=f"{site}/a.txt?signature=s3cret"))
    with part.open() as stream:
        monkeypatch.setattr(Files, "broken", True)
        with pytest.raises(OSError, match="the connection broke: ClientResponseError") as caught:
            stream.read()
    assert "s3cret" not in str(caught.value)


def test_only_links_lose_what_follows_a_question_mark() -> None:
    assert shown("https://a.b/c?d=e") == "https://a.b/c"
    assert shown("s3://b/a?.txt") == "s3://b/a?.txt"
