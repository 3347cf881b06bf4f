"""How fast this machine multiplies matrices, and in which precision training should."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Literal

import torch
from torch import Tensor

Precision = Literal["float32", "bfloat16"]
DTYPES: dict[Precision, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}

ROUNDS_SECONDS = 0.2
"""How long products are timed (assumed: some dozens of rounds on a processor)."""
PAYS = 1.5
"""A layer's product must be this much faster in bfloat16: it rounds, and what lies between the products stays as slow
(assumed; measured on two cores with AMX, products were 4 times as fast and a whole step of 10 M parameters 1.3)."""
ROWS = 2048
"""Tokens of the product that is timed: what a forward pass of a small model reads."""


@cache
def product_rate(device: torch.device, precision: Precision) -> float:
    """FLOP/s of large matrix products on `device`: the best of all rounds, which is nearest to what it can do."""
    size = 8192 if device.type == "cuda" else 1024
    left, right = (torch.full((size, size), 0.5, dtype=DTYPES[precision], device=device) for _ in range(2))
    return 2.0 * size**3 / _best(lambda: left @ right, device)


@cache
def layer_seconds(device: torch.device, precision: Precision, width: int) -> float:
    """Seconds of one product in a layer of `width`, from float32 activations: the cast is part of the price."""
    inputs = torch.full((ROWS, width), 0.5, device=device)
    weight = torch.full((width, 3 * width), 0.5, dtype=DTYPES[precision], device=device)
    return _best(lambda: inputs.to(weight.dtype) @ weight, device)


def _best(product: Callable[[], Tensor], device: torch.device) -> float:
    """The shortest time of many rounds, in seconds."""
    product()  # the first one starts threads and kernels
    best, began = float("inf"), time.perf_counter()
    while best == float("inf") or time.perf_counter() - began < ROUNDS_SECONDS:
        _wait(device)
        started = time.perf_counter()
        product()
        _wait(device)
        best = min(best, time.perf_counter() - started)
    return best


def _wait(device: torch.device) -> None:
    """A GPU works on after a call returns."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def bfloat16_pays(device: torch.device, width: int) -> bool:
    """Whether bfloat16 is faster for a model of `width`: on a GPU that has it; on a processor both are timed."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return PAYS * layer_seconds(device, "bfloat16", width) < layer_seconds(device, "float32", width)


def best_precision(device: torch.device, width: int) -> Precision:
    """The precision to train in: bfloat16 where it pays."""
    return "bfloat16" if bfloat16_pays(device, width) else "float32"
