"""What all sides of `benchmarks.train_speed` train, and what each reports: the same model, data and counting."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, field

import numpy as np
import torch

from benchmarks.peers.memory import peak_bytes
from dono.tokens import Ids

GPU = torch.cuda.is_available()
"""Where there is one, all sides train a larger model on it, with products in bfloat16."""
WIDTH, LAYERS, HEADS, HIDDEN, VOCABULARY = (1024, 24, 16, 2816, 32_768) if GPU else (320, 6, 5, 864, 16_384)
"""A Llama of 7.4 M parameters in its layers and 5.2 M in its tied embedding; on a GPU of 308 M and 34 M."""
BATCH, LENGTH = (16, 2048) if GPU else (8, 512)
"""Windows of a pretraining step and their tokens."""
EXAMPLES, LONGEST, MEAN_LENGTH, SPREAD = (64, 2048, 240, 1.0) if GPU else (8, 1024, 120, 1.0)
"""Chat: examples of a step; tokens of the longest, tokens on average, deviation of the logarithm of the lengths."""
RANK = 16
RATE, WEIGHT_DECAY, CLIP, BETAS = 1e-3, 0.1, 1.0, (0.9, 0.95)
"""AdamW's settings and the largest norm of a gradient; they do not change the speed."""
MARK = "MEASURED "


def device() -> torch.device:
    """Where every side trains."""
    return torch.device("cuda" if GPU else "cpu")


def products() -> torch.autocast:
    """What every side's products are computed in: bfloat16 on a GPU, float32 on a processor."""
    return torch.autocast(device().type, torch.bfloat16, enabled=GPU)


def windows(steps: int) -> Ids:
    """Random tokens [steps, BATCH, LENGTH + 1]; speed does not depend on what they say."""
    return np.random.default_rng(0).integers(3, VOCABULARY, (steps, BATCH, LENGTH + 1), dtype=np.int64)


def conversations(count: int) -> list[Ids]:
    """Random tokens in log-normal lengths, cut at LONGEST; of each the second half is trained, see `trained_from`."""
    rng = np.random.default_rng(1)
    centre = np.log(MEAN_LENGTH) - SPREAD**2 / 2
    lengths = np.clip(rng.lognormal(centre, SPREAD, count), 4, LONGEST).astype(int)
    return [rng.integers(3, VOCABULARY, n, dtype=np.int64) for n in lengths]


def trained_from(ids: Ids) -> int:
    """The first trained token of a conversation."""
    return len(ids) // 2


def arguments(*kinds: str) -> argparse.Namespace:
    """The command line of a side: what it trains, for how many steps, under which conditions."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("--warm", type=int, required=True, help="steps that are not counted")
    parser.add_argument("--steps", type=int, required=True, help="steps that are counted")
    parser.add_argument("--keep-memory", action="store_true", help="a peer with our settings of the allocator")
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--lora", action="store_true")
    return parser.parse_args()


@dataclass
class Record:
    """What one process notes while it trains: of every step its non-padding tokens, and when it ended."""

    tokens: list[int] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    memory: int = 0
    """Peak in bytes up to the end of the last step."""
    loss: float = 0.0
    """Nats at the first step: equal models on equal data begin with equal losses."""
    apart: bool = True
    """Whether documents that share a row do not see each other."""

    def ended(self) -> None:
        """A step has just ended; a GPU works on after a call returns."""
        if GPU:
            torch.cuda.synchronize()
        self.ends.append(time.perf_counter())
        self.memory = peak_memory()

    def report(self, warm: int) -> None:
        """Print what `benchmarks.train_speed` reads. A step lasts from the end of the one before to its own end."""
        tokens, seconds = self.tokens[warm : len(self.ends)], np.diff(self.ends)[warm - 1 :].tolist()
        assert warm >= 1 and len(tokens) == len(seconds) >= 1, "fewer steps than were asked for"
        found = {"tokens": tokens, "seconds": seconds, "memory": self.memory, "loss": self.loss, "apart": self.apart}
        print(MARK + json.dumps(found), flush=True)


def peak_memory() -> int:
    """The most bytes that this process had in memory at once, of a GPU where it trains on one."""
    if GPU:
        return int(torch.cuda.max_memory_allocated())
    return peak_bytes()
