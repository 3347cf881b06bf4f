"""Parquet tables."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from dono.corpus.parts import Part, unreadable
from dono.corpus.rows import Broken, Row
from dono.errors import Mistake
from dono.project import Source

BATCH = 1024
"""Rows in memory at a time."""


def read_parquet(part: Part, source: Source) -> Iterator[Row | Broken]:
    """The rows of the part, a batch in memory at a time. Raises `Mistake` for a part that is no parquet."""
    size, number = part.size, 0
    try:
        with _seekable(part) as raw, pq.ParquetFile(raw) as file:
            total = max(1, file.metadata.num_rows)
            for batch in file.iter_batches(batch_size=BATCH):
                for fields in _rows(batch):
                    number += 1
                    at = size * number // total
                    yield Broken(fields, "", number, at) if isinstance(fields, str) else Row(fields, number, at)
    except pa.ArrowException as error:
        what = f"no parquet file, or a damaged one ({str(error).splitlines()[0]})"
        raise Mistake(what, where=part.name, remedy="Write the file again") from error
    except OSError as error:
        raise unreadable(part.name, error, f"after row {number}") from error


def _rows(batch: pa.RecordBatch) -> list[dict[str, object] | str]:
    """The fields of each row, or why Python cannot hold them (text that is not UTF-8, a date beyond the year 9999)."""
    try:
        return list(batch.to_pylist())
    except (ValueError, OverflowError):
        return [_row(batch.slice(place, 1)) for place in range(batch.num_rows)]


def _row(one: pa.RecordBatch) -> dict[str, object] | str:
    try:
        return dict(one.to_pylist()[0])
    except UnicodeDecodeError:
        return "not UTF-8"
    except (ValueError, OverflowError) as error:
        return f"a value that cannot be read: {str(error).splitlines()[0]}"


def _seekable(part: Part) -> BinaryIO:
    """The part's bytes; a copy on the disk where they come in one direction only, as those of an archive do."""
    if part.seekable:
        return part.open()
    copy = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    with part.open() as raw:
        shutil.copyfileobj(raw, copy, 1 << 20)
    copy.seek(0)
    return copy
