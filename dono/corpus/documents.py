"""Documents of a corpus: on disk as `documents.parquet`, written and read a row group at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

Split = Literal["train", "heldout", "contaminated"]

GROUP_BYTES = 8_000_000
"""Text of a row group, in bytes: what writer and readers hold in memory."""
GROUP_ROWS = 20_000
NAME = "documents.parquet"


@dataclass(frozen=True, slots=True)
class Document:
    """A text to learn from, normalised. `split` contaminated: held back because a use case is tested on it.

    `file` and `line` are where it began (a group: where its first row is). `id` is a keyed hash that stands for the
    person (or text) that it is of: see `Identities`.
    """

    text: str
    language: str
    source: str
    split: Split = "train"
    file: str = ""
    line: int = 0
    id: str = ""


SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("text", "language", "source", "split", "file")]
    + [("line", pa.int64()), ("id", pa.string())]
)


class DocumentWriter:
    """Writes `folder/documents.parquet`; memory is bounded by a row group."""

    def __init__(self, folder: Path) -> None:
        self.writer = pq.ParquetWriter(folder / NAME, SCHEMA, compression="zstd")
        self.waiting: list[Document] = []
        self.bytes = 0

    def add(self, document: Document, size: int) -> None:
        """One more document of `size` bytes."""
        self.waiting.append(document)
        self.bytes += size
        if self.bytes >= GROUP_BYTES or len(self.waiting) >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        columns = {name: [getattr(d, name) for d in self.waiting] for name in SCHEMA.names}
        self.writer.write_table(pa.table(columns, schema=SCHEMA))
        self.waiting, self.bytes = [], 0

    def __enter__(self) -> DocumentWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None and self.waiting:
            self._flush()
        self.writer.close()


def read_documents(folder: Path, split: Split | None = None) -> Iterator[Document]:
    """The documents of a gathered corpus in their order, all or those of one split; a batch in memory at a time."""
    with pq.ParquetFile(folder / NAME) as file:
        for batch in file.iter_batches(batch_size=1024):
            for row in batch.to_pylist():
                if split is None or row["split"] == split:
                    yield Document(**row)


def digest(text: str) -> int:
    """64 bits that stand for a text, white space aside. Two of 10 million texts collide with odds of 1 to 370,000."""
    return int.from_bytes(hashlib.blake2b(" ".join(text.split()).encode(), digest_size=8).digest(), "big")


def is_held_out(key: str, share: float, seed: int) -> bool:
    """Whether the document (or group) with this key is held out: by its keyed hash, whatever else is in the corpus."""
    drawn = hashlib.blake2b(" ".join(key.split()).encode(), digest_size=8, key=str(seed).encode()).digest()
    return int.from_bytes(drawn, "big") < share * 2**64
