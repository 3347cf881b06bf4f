"""Measurements: the only door to the head. One typed row says what was measured, on what, how surely, at what cost."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dono.artifacts.files import write_atomically


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One value with its standard error.

    `scale` is the share of the full run (1 = full budget); `tokens` are those trained on (corpus and task stage),
    `flops` the training FLOPs counted from the spec, `seconds` wall time here, `money` in the project's currency.
    `language` is "all" or a language code; `n` the number of scored items (for bits per byte: documents).
    """

    run: str
    use_case: str
    arm: str
    metric: str
    split: str
    language: str
    value: float
    stderr: float
    n: int
    scale: float
    tokens: float
    examples: int
    flops: float
    seconds: float
    money: float
    seed: int
    full: bool = False

    def __post_init__(self) -> None:
        for name in ("value", "stderr"):
            number = getattr(self, name)
            assert math.isfinite(number), f"{self.run}: {self.metric} {name} is {number}"


def write_measurements(path: Path, rows: Iterable[Measurement]) -> None:
    """Write rows as JSON lines, whole or not at all."""
    lines = [json.dumps(dataclasses.asdict(row), ensure_ascii=False, sort_keys=True) for row in rows]
    write_atomically(path, "".join(line + "\n" for line in lines))


def read_measurements(path: Path) -> list[Measurement]:
    """Read rows written by `write_measurements`."""
    with path.open(encoding="utf8") as lines:
        return [Measurement(**json.loads(line)) for line in lines if line.strip()]
