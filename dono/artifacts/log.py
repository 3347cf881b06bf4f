"""The log of a run: a line of JSON for each step, written while it learns (its fields: `dono.training.logbook`)."""

from __future__ import annotations

import json
from pathlib import Path

LOG = "trainer_log.jsonl"
Row = dict[str, float | int | None]
"""One step."""


def read_log(file: Path) -> list[Row]:
    """The rows of a log, without one that a kill cut short; none where there is no file."""
    rows: list[Row] = []
    if file.is_file():
        for line in file.read_text(encoding="utf8").splitlines():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return rows
