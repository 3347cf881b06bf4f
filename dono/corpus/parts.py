"""The parts of a source: what is read as a whole, in any process. A file, a member of an archive, a query."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dono.errors import Mistake

AGAIN = "Copy or unpack the file again"


class Part(ABC):
    """A piece of a source. Frozen and picklable, so that any process can read it; holds no secret."""

    cuttable = False
    """Whether `open` gives plain UTF-8 bytes in which any place is found at once, so that lines can be shared out."""
    seekable = True
    """Whether any place of the bytes is found at once, forwards and backwards."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What stands in records, rejects and messages."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Bytes to read, as they are stored; an estimate where there are none."""

    def open(self) -> BinaryIO:
        """The bytes, from the first. Raises `OSError`, and `Mistake` where a part is no file."""
        raise Mistake("it is no file", where=self.name, remedy="Give the `kind` that reads it, or the path of a file")

    def fingerprint(self) -> str:
        """16 hexadecimal digits of the content: other content has another one. Raises `Mistake`."""
        return hashed(self)

    @abstractmethod
    def stamp(self) -> str:
        """Changes when the part does, as far as is seen without reading it."""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class LocalFile(Part):
    """A file on a disk of this machine. Raises `Mistake` for a name that is not UTF-8: no record could hold it."""

    path: Path
    cuttable = True

    def __post_init__(self) -> None:
        try:
            self.name.encode()
        except UnicodeEncodeError as error:
            shown = os.fsencode(self.path).decode("utf8", "backslashreplace")
            remedy = "Rename the file, or the folder that it lies in"
            raise Mistake("the file's name is not UTF-8", where=shown, remedy=remedy) from error

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        try:
            return self.path.stat().st_size
        except OSError as error:
            raise unreadable(self.name, error) from error

    def open(self) -> BinaryIO:
        """The file's bytes."""
        return self.path.open("rb")

    def stamp(self) -> str:
        """Size and time of the last change."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise unreadable(self.name, error) from error
        return f"{found.st_size} {found.st_mtime_ns}"


def hashed(part: Part) -> str:
    """The fingerprint of a part's base name and bytes, as `artifacts.fingerprint` gives it for a file."""
    digest = hashlib.sha256(part.name.rpartition("/")[2].encode() + b"\0")
    try:
        with part.open() as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise unreadable(part.name, error) from error
    return digest.hexdigest()[:16]


def unreadable(name: str, error: OSError, place: str = "") -> Mistake:
    """An OS error on reading, as a person's mistake."""
    if isinstance(error, PermissionError):
        return Mistake("no permission to read the file", where=name, remedy="Give yourself the right to read it")
    if isinstance(error, FileNotFoundError):
        return Mistake("no such file", where=name, remedy="Correct the path")
    what = f"cannot be read {place}".strip() + f" ({error.strerror or str(error) or type(error).__name__})"
    far = "://" in name
    remedy = "See to the server and the network, then give the same command again" if far else AGAIN
    return Mistake(what, where=name, remedy=remedy)
