"""The machine's ceiling: matrix products of the model's sizes and larger, into memory that is there already."""

from __future__ import annotations

import json
import time

import numpy as np
import torch

from benchmarks.peers.workload import BATCH, GPU, LENGTH, MARK, VOCABULARY, WIDTH, device

SQUARE = 8192 if GPU else 2048
SHAPES = (
    (BATCH * LENGTH, WIDTH, 2048), (BATCH * LENGTH, WIDTH, VOCABULARY), (4096, 1024, 4096), (SQUARE, SQUARE, SQUARE),
)  # fmt: skip
"""Rows, inner size, columns. The first two are what the model multiplies; the others are kind to the machine."""
SECONDS = 0.7
"""For each shape."""


def rate(rows: int, inner: int, columns: int) -> float:
    """The median FLOP/s of one shape."""
    kind = {"device": device(), "dtype": torch.bfloat16 if GPU else torch.float32}
    left, right = torch.randn(rows, inner, **kind), torch.randn(inner, columns, **kind)
    into = torch.empty(rows, columns, **kind)
    torch.mm(left, right, out=into)
    spent: list[float] = []
    while sum(spent) < SECONDS:
        began = time.perf_counter()
        torch.mm(left, right, out=into)
        if GPU:
            torch.cuda.synchronize()
        spent.append(time.perf_counter() - began)
    return 2.0 * rows * inner * columns / float(np.median(spent))


if __name__ == "__main__":
    print(MARK + json.dumps({" × ".join(map(str, shape)): rate(*shape) for shape in SHAPES}))
