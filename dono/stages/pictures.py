"""Pictures that stages leave beside what they made."""

from __future__ import annotations

from pathlib import Path

from dono.artifacts import LOG, read_log, write_atomically
from dono.studio.loss_curve import Step, draw_loss_curve

CURVE = "loss_curve.svg"


def leave_loss_curve(folder: Path, name: str, bytes_per_token: float | None = None) -> None:
    """Draw the run in `folder` from its log; nothing where it has none."""
    steps = [
        Step(int(row["step"] or 0), float(row["loss"] or 0), float(row["rate"] or 0), row.get("validation_loss"))
        for row in read_log(folder / LOG)
    ]
    if steps:
        write_atomically(folder / CURVE, draw_loss_curve(name, steps, bytes_per_token))
