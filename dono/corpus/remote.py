"""Files behind a URL: `s3://`, `gs://`, `https://`, `memory://` and what else fsspec knows.

Credentials come from the environment alone, as each service's own tools read them (AWS_ACCESS_KEY_ID, …).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, TypeVar, cast
from urllib.parse import urlsplit

import fsspec
from fsspec import AbstractFileSystem

from dono.corpus.parts import Part, hashed
from dono.corpus.walking import suffix_of
from dono.errors import Mistake

T = TypeVar("T")
CHECKSUMS = ("ETag", "etag", "Content-MD5", "md5Hash", "content_md5", "crc32c", "sha256", "Digest")
"""What services call a checksum of a file's content."""
NEEDED = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs",
          "http": "aiohttp", "https": "aiohttp", "sftp": "paramiko", "hf": "huggingface_hub"}  # fmt: skip
"""Packages behind protocols."""


@dataclass(frozen=True)
class RemoteFile(Part):
    """A file behind a URL. `checksum` is what its service says of its content, empty where it says nothing."""

    url: str
    bytes: int
    checksum: str = ""

    @property
    def name(self) -> str:
        """The URL without what follows a question mark: signatures of links stand there."""
        return shown(self.url)

    @property
    def size(self) -> int:
        """Bytes, 0 where the service does not say."""
        return self.bytes

    def open(self) -> BinaryIO:
        """The bytes, fetched a block at a time."""
        files, path = file_system(self.url)
        return io.BufferedReader(_Fetching(_attempt(self.url, partial(files.open, path, "rb"))), 1 << 20)

    def fingerprint(self) -> str:
        """Of base name, size and the service's checksum; where there is none the bytes are fetched and hashed."""
        if not self.checksum:
            return hashed(self)
        said = f"{self.name.rpartition('/')[2]}\0{self.bytes}\0{self.checksum}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def stamp(self) -> str:
        """Size and checksum."""
        return f"{self.bytes} {self.checksum}"


class _Fetching(io.RawIOBase):
    """A stream from far away. Whatever its service's client raises is an `OSError`, as of any file, without its text,
    which may hold a signed link.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self.stream.seekable()

    def seek(self, to: int, whence: int = io.SEEK_SET) -> int:
        return self.stream.seek(to, whence)

    def tell(self) -> int:
        return self.stream.tell()

    def readinto(self, into: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            block = self.stream.read(len(into))
        except Exception as error:
            raise OSError(f"the connection broke: {type(error).__name__}") from error
        into[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self.stream.close()
        super().close()


def remote_files(url: str, suffixes: frozenset[str] | None) -> list[RemoteFile]:
    """The files that a URL, a pattern of URLs or a directory's URL names, sorted. Raises `Mistake`."""
    files, path = file_system(url)
    if urlsplit(url).scheme in ("http", "https"):  # a web server lists nothing, and ? and * may stand in a link
        info = _attempt(url, partial(files.info, path))
        return [RemoteFile(url, int(info.get("size") or 0), _checksum(info))]
    found = _attempt(url, partial(_listed, files, path, suffixes))
    return [RemoteFile(files.unstrip_protocol(name), int(i["size"] or 0), _checksum(i)) for name, i in found]


def _listed(files: AbstractFileSystem, path: str, suffixes: frozenset[str] | None) -> list[tuple[str, dict[str, Any]]]:
    if not fsspec.core.has_magic(path) and files.isdir(path):
        names = [n for n in files.find(path) if suffixes is None or suffix_of(n) in suffixes]
    else:
        names = files.glob(path) if fsspec.core.has_magic(path) else [path]
    found = ((name, files.info(name)) for name in sorted(names))
    return [(name, info) for name, info in found if info["type"] == "file"]


def _checksum(info: dict[str, Any]) -> str:
    return next((str(info[name]) for name in CHECKSUMS if info.get(name)), "")


def file_system(url: str) -> tuple[AbstractFileSystem, str]:
    """The file system behind a URL, and the path in it. Raises `Mistake`."""
    return cast(tuple[AbstractFileSystem, str], _attempt(url, partial(fsspec.core.url_to_fs, url)))


def _attempt(url: str, do: Callable[[], T]) -> T:
    """What `do` gives. What goes wrong far away is said in one line; OS errors of reading are others' to say."""
    scheme, where = urlsplit(url).scheme, shown(url)
    try:
        return do()
    except ImportError as error:
        package = NEEDED.get(scheme, "the package it names")
        raise Mistake(f"{scheme}:// needs {package}", where=where, remedy=f"pip install {package}") from error
    except FileNotFoundError as error:
        raise Mistake("no such file", where=where, remedy="Correct the URL") from error
    except ValueError as error:
        raise Mistake(str(error).splitlines()[0], where=where, remedy="Correct the URL") from error
    except Exception as error:
        what = f"cannot be reached ({type(error).__name__})"  # its text may hold the signed link
        remedy = "Check the URL, the network, and the credentials in the environment"
        raise Mistake(what, where=where, remedy=remedy) from error


def is_url(path: str) -> bool:
    """Whether a path is a URL rather than a name on this disk."""
    return "://" in path


def shown(url: str) -> str:
    """A URL as it may be shown."""
    return url.partition("?")[0] if urlsplit(url).scheme in ("http", "https") else url
