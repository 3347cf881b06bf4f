"""Parquet tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dono.corpus.rows import Broken, Row, unreadable
from dono.errors import Mistake
from dono.project import Source

BATCH = 1024
"""Rows in memory at a time."""


def read_parquet(path: Path, source: Source) -> Iterator[Row | Broken]:
    """The rows of the file, a batch in memory at a time. Raises `Mistake` for a file that is no parquet."""
    size, number = path.stat().st_size, 0
    try:
        with pq.ParquetFile(path) as file:
            total = max(1, file.metadata.num_rows)
            for batch in file.iter_batches(batch_size=BATCH):
                for fields in batch.to_pylist():
                    number += 1
                    yield Row(fields, number, size * number // total)
    except pa.ArrowInvalid as error:
        what = f"no parquet file, or a damaged one ({str(error).splitlines()[0]})"
        raise Mistake(what, where=str(path), remedy="Write the file again") from error
    except OSError as error:
        raise unreadable(path, error, f"after row {number}") from error
