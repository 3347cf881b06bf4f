"""What a run writes down of every step: a line of JSON for programs, events for TensorBoard, a sentence for people."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tensorboardX import SummaryWriter

from dono.artifacts import LOG, Row, read_log, write_atomically
from dono.errors import Mistake
from dono.training.loop import Progress

EVENTS = "events"

HELD = "validation_"
"""How the figures of held-out rows begin, in rows of the steps after which they were scored."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What a step's numbers are set against; None where it is not known or not meant.

    `bytes_per_token`: UTF-8 bytes of text behind a token. `peak`: FLOP/s of this machine's matrix products, measured.
    `price_per_second` in `currency`; `cap` in the same money.
    """

    flops_per_token: float
    bytes_per_token: float | None = None
    peak: float | None = None
    price_per_second: float = 0.0
    currency: str = ""
    cap: float | None = None


class Logbook:
    """Writes `trainer_log.jsonl` and TensorBoard events in `folder`, after each step.

    A run that goes on begins where its checkpoint stands: lines of later steps, which will be done again, are dropped,
    and so is a line that a kill cut short. A log that cannot be written (a full disk) is given up and said once in
    `trouble`; training goes on, since the checkpoint is what counts.
    """

    def __init__(self, folder: Path, scale: Scale) -> None:
        self.file, self.events, self.scale = folder / LOG, folder / EVENTS, scale
        self.trouble: str | None = None
        self._writer: SummaryWriter | None = None

    def __enter__(self) -> Logbook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, progress: Progress) -> Row:
        """Write the row of a step and return it."""
        row = row_of(progress, self.scale)
        if self.trouble is None:
            try:
                self._write(row, progress.step)
            except (OSError, Mistake) as error:
                self.trouble = f"the log is given up ({error}): {self.file}"
        return row

    def _write(self, row: Row, step: int) -> None:
        if self._writer is None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            kept = [line for line in read_log(self.file) if _step_of(line) < step]
            write_atomically(self.file, "".join(json.dumps(line) + "\n" for line in kept))
            self._writer = SummaryWriter(str(self.events), purge_step=step, flush_secs=10)
        with self.file.open("a", encoding="utf8") as file:
            file.write(json.dumps(row) + "\n")
        for name, value in row.items():
            if name not in ("step", "total") and value is not None:
                held = name.startswith(HELD)
                self._writer.add_scalar(f"validation/{name[len(HELD) :]}" if held else f"train/{name}", value, step)


def _step_of(row: Row) -> int:
    return int(row["step"] or 0)


def row_of(progress: Progress, scale: Scale) -> Row:
    """What is known of a step: loss in nats and in bits per byte, rates, speeds, memory in bytes, seconds, money.

    `flops_per_second` counts useful products (`Scale.flops_per_token` a token without filling), `peak_share` is its
    share of what this machine's products reach; `left` is what the other steps will take at this speed, in seconds.
    """
    speed = progress.tokens_per_second * scale.flops_per_token
    left = progress.seconds / max(1, progress.step - progress.start) * (progress.stop - progress.step)
    bits = None if scale.bytes_per_token is None else progress.loss / math.log(2) / scale.bytes_per_token
    row: Row = {
        "step": progress.step, "total": progress.stop, "loss": progress.loss, "bits_per_byte": bits,
        "rate": progress.rate, "gradient": progress.gradient, "tokens": progress.tokens, "trained": progress.trained,
        "tokens_per_second": progress.tokens_per_second, "flops_per_second": speed,
        "peak_share": None if scale.peak is None else speed / scale.peak, "memory": progress.memory,
        "seconds": progress.seconds, "left": left, "spent": progress.seconds * scale.price_per_second,
        "cap": scale.cap,
    }  # fmt: skip
    if progress.metrics is not None:
        row |= {f"objective_{name}": float(value) for name, value in progress.metrics._asdict().items()}
    if progress.validation is not None:
        row |= {f"{HELD}{name}": value for name, value in progress.validation.items()}
    return row


def sentence(row: Row, scale: Scale) -> str:
    """A row for a terminal: loss, rate, speed, memory, money."""
    said = [f"loss {row['loss']:.3f}"]
    if row["bits_per_byte"] is not None:
        said[0] += f" ({row['bits_per_byte']:.3f} bits per byte)"
    if row.get("validation_loss") is not None:
        said[0] += f", held out {row['validation_loss']:.3f}"
    said += [f"rate {row['rate']:.1e}", f"{row['tokens_per_second']:,.0f} tok/s"]
    said.append(f"{(row['flops_per_second'] or 0) / 1e9:,.0f} GFLOP/s")
    if row["peak_share"] is not None:
        said[-1] += f" ({row['peak_share']:.0%} of peak)"
    said.append(f"{(row['memory'] or 0) / 1e9:.1f} GB")
    if scale.price_per_second > 0:
        said.append(f"{scale.currency} {row['spent']:,.2f}" + ("" if scale.cap is None else f" of {scale.cap:,.2f}"))
    return ", ".join(said)
