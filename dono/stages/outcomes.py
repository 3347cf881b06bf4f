"""Outcomes: what full runs really came to, beside what was predicted. The history is shown in every report."""

from __future__ import annotations

import json

from dono.stages.workplace import Workplace


def calibration(place: Workplace) -> list[dict[str, float | str]]:
    """One row per finished full run of this work folder that had a prediction."""
    rows: list[dict[str, float | str]] = []
    for artifact in place.store.all():
        if artifact.kind == "model":
            row = json.loads((artifact.path / "outcome.json").read_text(encoding="utf8"))
            if row:
                rows.append(row)
    return rows
