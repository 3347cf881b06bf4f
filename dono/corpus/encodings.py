"""Text that is not UTF-8: read as what it is where that is certain; elsewhere its lines are set aside one by one."""

from __future__ import annotations

import codecs
import io
from collections import Counter
from dataclasses import dataclass
from typing import BinaryIO

from charset_normalizer import from_bytes

from dono.corpus.parts import Part
from dono.corpus.rows import unpacked
from dono.errors import Mistake

MARKS = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
"""Byte order marks, the longer ones first. The codecs of these names take the mark off."""
OLD = ("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r", "cp932", "gb18030",
       "big5", "cp949", "euc_jp")  # fmt: skip
"""Encodings that are looked for: those that Windows and the mail of its time wrote. With all that charset-normalizer
knows, short French or Finnish samples were taken for Mac or DOS ones (tried on 31 samples, see docs/log.md)."""
WESTERN = frozenset([
    "af", "ca", "da", "de", "en", "es", "eu", "fi", "fil", "fr", "ga", "gl", "id", "is", "it", "ms", "nb", "nl",
    "nn", "no", "pt", "sq", "sv", "sw",
])  # fmt: skip
"""Languages whose letters are all in windows-1252, so that their texts are in no other code page of Windows."""
PAGES, ON_PAGES, SEPARATED = 3, 0.9, 30
"""Most of a text is on few pages of 256 characters, one of them that of the spaces, which come at least once in 30
characters (assumed). So UTF-16 without a mark is not recognised in Chinese, and nothing is taken for it that is not."""
ENOUGH = 20
"""Bytes beyond ASCII before an encoding is guessed (assumed)."""
MESS, MESS_APART, LANGUAGE_APART = 0.05, 0.02, 0.1
"""Most mess in the best reading, and how much worse a different reading must be, in mess or in likeness to a language,
for the best one to be certain (chosen on the samples that they are tested on, so a wrong reading
of another text is possible; some right ones are given up)."""


@dataclass(frozen=True)
class Recoded(Part):
    """A part in another encoding, given in UTF-8. What cannot be decoded comes out as bytes that are no UTF-8."""

    inner: Part
    encoding: str
    seekable = False

    @property
    def name(self) -> str:
        """That of the part inside."""
        return self.inner.name

    @property
    def size(self) -> int:
        """That of the part inside."""
        return self.inner.size

    def open(self) -> BinaryIO:
        """The bytes in UTF-8."""
        return io.BufferedReader(_Recoding(self.inner.open(), self.encoding), 1 << 16)

    def fingerprint(self) -> str:
        """That of the part inside."""
        return self.inner.fingerprint()

    def stamp(self) -> str:
        """That of the part inside."""
        return self.inner.stamp()


class _Recoding(io.RawIOBase):
    """A stream of another encoding, unpacked, as UTF-8."""

    def __init__(self, raw: BinaryIO, encoding: str) -> None:
        self.raw, self.stream = raw, unpacked(raw)
        self.decoder = codecs.getincrementaldecoder(encoding)("dono.damaged")
        self.ready, self.ended, self.at = b"", False, 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def readinto(self, into: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self.ready and not self.ended:
            block = self.stream.read(1 << 16)
            self.ended = not block
            self.ready = self.decoder.decode(block, self.ended).encode("utf8", "surrogateescape")
        given, self.ready = self.ready[: len(into)], self.ready[len(into) :]
        into[: len(given)] = given
        self.at += len(given)
        return len(given)

    def close(self) -> None:
        self.raw.close()
        super().close()


def _damaged(error: UnicodeError) -> tuple[str, int]:
    """A lone surrogate, which is encoded as the byte FF: the line is then found to be no UTF-8, and set aside."""
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


codecs.register_error("dono.damaged", _damaged)


def check_stated(head: bytes, encoding: str, *, where: str) -> None:
    """Raise `Mistake` where no text of a stated encoding begins so: one of UTF-16 or UTF-32 without its mark."""
    try:
        codecs.getincrementaldecoder(encoding)("dono.damaged").decode(head)
    except UnicodeError as error:
        remedy = f"State {encoding}-le or {encoding}-be, which need no mark, or the encoding that it is in"
        raise Mistake(f"the file is not in {encoding} ({error})", where=where, remedy=remedy) from error


def encoding_of(head: bytes, language: str | None = None) -> str | None:
    """The encoding of a text by its beginning, where it is certain and not UTF-8; else None.

    Certain are a byte order mark, the zero bytes of UTF-16, and a reading by charset-normalizer that no other one
    comes near. Code pages that agree on most letters cannot be told apart so; a stated `language` of Western Europe
    settles it for windows-1252.
    """
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    if marked is not None:
        return marked
    if b"\0" in head:
        return _wide(head)
    lines = [line for line in head.split(b"\n")[:-1] or [head] if not line.isascii()]
    if sum(byte > 127 for line in lines for byte in line) < ENOUGH or any(map(_utf8, lines)):
        return None
    return _old(b"\n".join(lines), language)


def _utf8(line: bytes) -> bool:
    try:
        line.decode("utf8")
    except UnicodeDecodeError:
        return False
    return True


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: the high bytes are few (a script has a page of its own), zero among them, the low many."""
    found = []
    for name, high in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        low = head[0::2] if name == "utf-16-le" else head[1::2]
        pages = sum(count for _, count in Counter(high).most_common(PAGES))
        if pages >= ON_PAGES * len(high) and SEPARATED * high.count(0) >= len(high) and not low.count(0):
            found.append(name)
    return found[0] if len(found) == 1 else None


def _old(sample: bytes, language: str | None) -> str | None:
    found = list(from_bytes(sample, cp_isolation=list(OLD), enable_fallback=False))
    if not found or found[0].chaos > MESS:
        return None
    best = found[0]
    near = [m for m in found
            if m.chaos <= best.chaos + MESS_APART and m.coherence >= best.coherence - LANGUAGE_APART]  # fmt: skip
    names = {name for match in near for name in (match.encoding, *match.could_be_from_charset)}
    if language in WESTERN and "cp1252" in names:
        return "cp1252"
    return best.encoding if len({str(match) for match in near}) == 1 else None
