"""Outcomes: what full runs really came to, beside what was predicted. The history is shown in every report."""

from __future__ import annotations

import json
import os
from pathlib import Path

from dono.artifacts import disk_mistake
from dono.stages.workplace import Workplace

LEDGER = "outcomes.jsonl"
"""In the work folder: a line per finished full run that had a prediction, added to and never changed."""


def calibration(place: Workplace) -> list[dict[str, float | str]]:
    """One row per finished full run of this work folder that had a prediction, the earliest first.

    A model that was sealed and whose line is missing (the process was killed in between) is written down now; a line
    stays when its model is deleted.
    """
    path = place.store.root / LEDGER
    rows = _read(path)
    known = {str(row["model"]) for row in rows}
    sealed = [a for a in place.store.all() if a.kind == "model" and a.id not in known]
    for artifact in sorted(sealed, key=lambda a: (str(a.made_by.get("when", "")), a.id)):
        outcome = json.loads((artifact.path / "outcome.json").read_text(encoding="utf8"))
        if "predicted" in outcome:
            row = {"model": artifact.id, **outcome}
            _append(path, row)
            rows.append(row)
    return rows


def _read(path: Path) -> list[dict[str, float | str]]:
    """The whole lines. A line without its end was being written when the process was killed: it is not there."""
    if not path.is_file():
        return []
    *lines, torn = path.read_bytes().split(b"\n")
    if torn:
        os.truncate(path, path.stat().st_size - len(torn))
    return [json.loads(line) for line in lines]


def _append(path: Path, row: dict[str, float | str]) -> None:
    try:
        with path.open("ab") as file:
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise disk_mistake(error, path) from error
