"""Zip archives: their members are files. What is only there to fill a disk is refused before it is read."""

from __future__ import annotations

import fnmatch
import io
import lzma
import zipfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from dono.corpus.parts import Part, unreadable
from dono.corpus.walking import suffix_of
from dono.errors import Mistake

MOST_RATIO = 200
"""Bytes out of one packed byte, over a whole archive. Deflate can give 1,032 (zlib's documentation), which only bytes
that repeat do; text gives 3 to 20, logs that repeat themselves perhaps 100 (assumed)."""
SMALL = 10_000_000
"""Bytes that do no harm however they are packed (assumed)."""
MOST_BYTES = 1_000_000_000_000
"""Bytes of all members together (assumed: nobody keeps more in one zip)."""


@dataclass(frozen=True)
class ZipMember(Part):
    """A file inside a zip archive. `bytes` and `crc` are what the archive declares of it."""

    archive: Part
    member: str
    bytes: int
    crc: int
    seekable = False

    @property
    def name(self) -> str:
        """Archive and member, as `a.zip/b.txt`."""
        return f"{self.archive.name}/{self.member}"

    @property
    def size(self) -> int:
        """Bytes as unpacked."""
        return self.bytes

    def open(self) -> BinaryIO:
        """The unpacked bytes as they are read; more than the archive declares never come."""
        return io.BufferedReader(_Unpacking(self.archive.open(), self.member), 1 << 16)

    def stamp(self) -> str:
        """Size and checksum."""
        return f"{self.bytes} {self.crc}"


class _Unpacking(io.RawIOBase):
    """A member as a stream that closes its archive; damage is an `OSError`, as it is in other files."""

    def __init__(self, raw: BinaryIO, member: str) -> None:
        self.raw, self.at = raw, 0
        try:
            self.inner = zipfile.ZipFile(raw).open(member)  # noqa: SIM115 - closed with this stream
        except (zipfile.BadZipFile, KeyError) as error:
            raw.close()
            raise OSError(f"damaged: {error}") from error

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def readinto(self, into: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            block = self.inner.read(len(into))
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
            raise OSError(f"damaged: {error or 'it breaks off'}") from error
        into[: len(block)] = block
        self.at += len(block)
        return len(block)

    def close(self) -> None:
        self.inner.close()
        self.raw.close()
        super().close()


def _listed(archive: Part) -> list[zipfile.ZipInfo]:
    """The archive's own list of its files. Raises `Mistake` for an archive that is none or damaged."""
    try:
        with archive.open() as raw, zipfile.ZipFile(raw) as file:
            return [member for member in file.infolist() if not member.is_dir() and not _hidden(member.filename)]
    except zipfile.BadZipFile as error:
        what = f"no zip archive, or a damaged one ({error})"
        raise Mistake(what, where=archive.name, remedy="Copy or make the archive again") from error
    except OSError as error:
        raise unreadable(archive.name, error) from error


def zip_members(archive: Part, suffixes: frozenset[str] | None, pattern: str | None) -> list[ZipMember]:
    """The members that match `pattern`, or that end in one of `suffixes` (None: all), in the order of their names.

    Raises `Mistake` for an archive that is damaged, locked, or a bomb: one that unpacks to absurdly more than it is.
    """
    members = _listed(archive)
    _refuse_bombs(archive, members)
    if pattern is not None:
        wanted = [m for m in members if fnmatch.fnmatchcase(m.filename, pattern)]
    else:
        wanted = [m for m in members if suffixes is None or suffix_of(m.filename) in suffixes]
    for member in wanted:
        _refuse_locked(archive, member)
    found = {m.filename: ZipMember(archive, m.filename, m.file_size, m.CRC) for m in wanted}
    return [found[name] for name in sorted(found)]


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _refuse_bombs(archive: Part, members: list[zipfile.ZipInfo]) -> None:
    unpacked, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if unpacked > MOST_BYTES:
        why = f"it says to unpack to {unpacked:,} bytes"
    elif unpacked > SMALL and unpacked > MOST_RATIO * packed:
        why = f"it unpacks to {unpacked // max(1, packed):,} times its size"
    elif packed > archive.size > 0:
        why = "its members overlap"
    else:
        return
    remedy = "Unpack it yourself if you trust it, and name the files"
    raise Mistake(f"the archive looks like a zip bomb: {why}", where=archive.name, remedy=remedy)


def _refuse_locked(archive: Part, member: zipfile.ZipInfo) -> None:
    where = f"{archive.name}/{member.filename}"
    if member.flag_bits & 1:
        raise Mistake("the member is locked with a password", where=where, remedy="Unpack the archive yourself")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        what = f"the member is packed by method {member.compress_type}, which is not known"
        raise Mistake(what, where=where, remedy="Unpack the archive yourself")
