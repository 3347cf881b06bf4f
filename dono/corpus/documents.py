"""Documents of a corpus: on disk as `documents.parquet`, written and read a row group at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Split = Literal["train", "heldout", "contaminated"]

GROUP_BYTES = 8_000_000
"""Bytes of a row group: what writer and readers hold in memory."""
GROUP_ROWS = 20_000
NAME = "documents.parquet"


@dataclass(frozen=True, slots=True)
class Document:
    """A text to learn from, normalised. `split` contaminated: held back because a use case is tested on it.

    `file` and `line` are where it began (a group: where its first row is). `region` and `period` are those that its
    source states, None where it states none. `id` is a keyed hash that stands for the person (or text) that it is of:
    see `Identities`.
    """

    text: str
    language: str
    source: str
    split: Split = "train"
    file: str = ""
    line: int = 0
    region: str | None = None
    period: str | None = None
    id: str = ""


SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("text", "language", "source", "split", "file")]
    + [("line", pa.int64()), ("region", pa.string()), ("period", pa.string()), ("id", pa.string())]
)


class GroupWriter:
    """Writes a parquet file in row groups of about `GROUP_BYTES`; memory is bounded by a row group."""

    def __init__(self, path: Path, schema: pa.Schema, compression: str = "zstd") -> None:
        self.writer = pq.ParquetWriter(path, schema, compression=compression)
        self.waiting: list[pa.Table] = []
        self.rows = self.bytes = 0

    def add(self, table: pa.Table) -> None:
        """Some more rows."""
        self.waiting.append(table)
        self.rows += table.num_rows
        self.bytes += table.nbytes
        if self.bytes >= GROUP_BYTES or self.rows >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self.rows:
            self.writer.write_table(pa.concat_tables(self.waiting).combine_chunks(), row_group_size=self.rows)
        self.waiting, self.rows, self.bytes = [], 0, 0

    def __enter__(self) -> GroupWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self.writer.close()


def read_documents(folder: Path, split: Split | None = None, groups: range | None = None) -> Iterator[Document]:
    """The documents of a gathered corpus in their order, all or those of one split; a batch in memory at a time.

    `groups` are the row groups that are read, all of them where nothing is said.
    """
    with pq.ParquetFile(folder / NAME) as file:
        chosen = None if groups is None else list(groups)
        for batch in file.iter_batches(batch_size=1024, row_groups=chosen):
            for row in batch.to_pylist():
                if split is None or row["split"] == split:
                    yield Document(**row)


def row_groups(folder: Path, size: int) -> list[range]:
    """Row groups of a corpus in their order, cut where about `size` bytes of documents are together."""
    with pq.ParquetFile(folder / NAME) as file:
        sizes = [file.metadata.row_group(number).total_byte_size for number in range(file.num_row_groups)]
    found, begin, taken = list[range](), 0, 0
    for number, bytes_ in enumerate(sizes, start=1):
        taken += bytes_
        if taken >= size or number == len(sizes):
            found.append(range(begin, number))
            begin, taken = number, 0
    return found


def digest(text: str) -> int:
    """64 bits that stand for a text, white space aside. Two of 10 million texts collide with odds of 1 to 370,000."""
    return int.from_bytes(hashlib.blake2b(" ".join(text.split()).encode(), digest_size=8).digest(), "big")


def is_held_out(key: str, share: float, seed: int) -> bool:
    """Whether the document (or group) with this key is held out: by its keyed hash, whatever else is in the corpus."""
    if not share:
        return False
    drawn = hashlib.blake2b(" ".join(key.split()).encode(), digest_size=8, key=str(seed).encode()).digest()
    return int.from_bytes(drawn, "big") < share * 2**64


def document_parts(folder: Path, split: Split = "train") -> tuple[npt.NDArray[np.int32], list[tuple[str, str, str]]]:
    """Which part of the corpus each document of a split belongs to, in their order: a code for each, [documents].

    A part is a source, a language and a region ("" where none is stated); the codes are places in the list.
    """
    names: dict[tuple[str, str, str], int] = {}
    codes: list[npt.NDArray[np.int32]] = [np.zeros(0, dtype=np.int32)]
    with pq.ParquetFile(folder / NAME) as file:
        for batch in file.iter_batches(columns=["source", "language", "region", "split"]):
            found = [c.to_pylist() for c in (batch["source"], batch["language"], batch["region"], batch["split"])]
            rows = [(s, code, r or "") for s, code, r, part in zip(*found, strict=True) if part == split]
            codes.append(np.array([names.setdefault(row, len(names)) for row in rows], dtype=np.int32))
    return np.concatenate(codes), list(names)
