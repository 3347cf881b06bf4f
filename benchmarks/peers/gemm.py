"""The machine's ceiling: float32 matrix products of the model's sizes and larger, into memory that is there already."""

from __future__ import annotations

import json
import time

import numpy as np
import torch

from benchmarks.peers.workload import MARK

SHAPES = ((4096, 320, 2048), (4096, 320, 16_384), (4096, 1024, 4096), (2048, 2048, 2048))
"""Rows, inner size, columns. The first two are what the model multiplies; the others are kind to the processor."""
SECONDS = 0.7
"""For each shape."""


def rate(rows: int, inner: int, columns: int) -> float:
    """The median FLOP/s of one shape."""
    left, right, into = torch.randn(rows, inner), torch.randn(inner, columns), torch.empty(rows, columns)
    torch.mm(left, right, out=into)
    spent: list[float] = []
    while sum(spent) < SECONDS:
        began = time.perf_counter()
        torch.mm(left, right, out=into)
        spent.append(time.perf_counter() - began)
    return 2.0 * rows * inner * columns / float(np.median(spent))


if __name__ == "__main__":
    print(MARK + json.dumps({" × ".join(map(str, shape)): rate(*shape) for shape in SHAPES}))
