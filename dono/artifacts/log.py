"""The log of a run: a line of JSON for each step, written while it learns (its fields: `dono.training.logbook`)."""

from __future__ import annotations

import json
from pathlib import Path

LOG = "trainer_log.jsonl"
Row = dict[str, float | int | None]
"""One step."""


def read_log(file: Path) -> list[Row]:
    """The rows of a log, without one that a kill cut short; none where there is no file."""
    return read_log_from(file, 0)[0] if file.is_file() else []


def read_log_from(file: Path, offset: int) -> tuple[list[Row], int]:
    """The whole rows from a byte on, and the byte where the next one will begin: for who looks on while it grows."""
    with file.open("rb") as log:
        log.seek(offset)
        whole, end, _ = log.read().rpartition(b"\n")
    rows: list[Row] = []
    for line in whole.splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows, offset + len(whole) + len(end)
