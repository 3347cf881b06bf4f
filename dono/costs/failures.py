"""Failures of long runs on many GPUs: how often to save, and what is lost all the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dono.costs.flops import Shape

GPU_HOURS_BETWEEN = 54 * 24 * 16_384 / 419
"""GPU hours between unexpected interruptions: Llama 3 405B had 419 in 54 days on 16,384 H100 (Grattafiori et al. 2024,
arXiv 2407.21783, 3.3.4)."""
RESTART_HOURS = 0.25
"""From an interruption until training goes on: found, replaced, started, loaded (assumed)."""
SAVED_BYTES = 14
"""A parameter in a checkpoint: bf16 weight, float32 copy and two moments."""
WRITE_BYTES_PER_GPU = 0.25e9
"""Bytes a second that one GPU's share of the storage takes: 2 GB/s a node of eight, as Llama 3's store sustained over
7,500 servers (2 TB/s; ibid. 3.3.1; taken as the same for small clusters: assumed)."""


@dataclass(frozen=True)
class Failures:
    """`between_hours` from one interruption of the whole job to the next; `lost` is a share of its time."""

    between_hours: float
    checkpoint_gigabytes: float
    save_seconds: float
    interval_minutes: float
    lost: float


def expected_failures(shape: Shape, *, gpus: int, trained: float = 1.0) -> Failures:
    """How often to save, by Young 1974 and Daly 2006: every √(2 · save time · time between failures).

    Lost are the saves, half an interval at each failure, and the restart. `trained` is the share of the parameters
    that is trained: a frozen one is not saved again. Saving is taken to stop training, which asynchronous saves do not.
    """
    assert gpus >= 1 and 0 < trained <= 1
    size = SAVED_BYTES * shape.stored * trained
    save = size / (WRITE_BYTES_PER_GPU * gpus) / 3600
    between = GPU_HOURS_BETWEEN / gpus
    interval = math.sqrt(2 * save * between)
    lost = save / interval + (interval / 2 + RESTART_HOURS) / between
    return Failures(between, size / 1e9, save * 3600, interval * 60, min(lost, 0.99))
