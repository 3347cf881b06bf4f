"""How fast this machine multiplies matrices and reads a model, and in which precision training should."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any, Literal, TypeVar

import torch
from torch import nn

from dono.objectives.products import product
from dono.training.learners import Learner, Part, device_of

Precision = Literal["float32", "bfloat16"]
P = TypeVar("P", bound=Part)

ROUNDS_SECONDS = 0.2
"""How long products are timed (assumed: some dozens of rounds on a processor)."""
PASSES = 3
"""Passes that are timed, after one that is not; the shortest counts, because other work only ever adds (assumed)."""
PAYS = 1.2
"""A pass must be this much faster in bfloat16, which rounds (assumed)."""


def products_in(device: torch.device, precision: Precision) -> torch.autocast:
    """The context in which products on `device` are computed in `precision`; weights stay as they are."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


@cache
def product_rate(device: torch.device, precision: Precision) -> float:
    """FLOP/s of large matrix products on `device`, by the library that a model's layers use there (`product`): the best
    of all rounds, which is nearest to what it can do.
    """
    size = 8192 if device.type == "cuda" else 1024
    dtype = torch.float32 if precision == "float32" else torch.bfloat16
    left, right = (torch.full((size, size), 0.5, dtype=dtype, device=device) for _ in range(2))
    best, began = float("inf"), time.perf_counter()
    while best == float("inf") or time.perf_counter() - began < ROUNDS_SECONDS:
        best = min(best, _seconds(lambda: product(left, right), device))
    return 2.0 * size**3 / best


def pass_seconds(reader: nn.Module, learn: Learner[P], part: P, precision: Precision) -> float:
    """Seconds to read a part and make its gradients, which are thrown away."""
    device = device_of(reader)

    def once() -> None:
        with products_in(device, precision):
            total, _, _ = learn(reader, part)
        total.backward()

    reader.train()
    times = [_seconds(once, device) for _ in range(1 + PASSES)]
    reader.zero_grad(set_to_none=True)
    return min(times[1:])


def bfloat16_pays(reader: nn.Module, learn: Learner[P], part: P) -> bool:
    """Whether to train in bfloat16: on a GPU that has it; on a processor where a pass over `part` is faster in it.

    Products alone mislead there: on two cores with AMX they were 4 times as fast, a model of width 64 no faster.
    """
    device = device_of(reader)
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    half, whole = (pass_seconds(reader, learn, part, precision) for precision in ("bfloat16", "float32"))
    return PAYS * half < whole


def _seconds(work: Callable[[], Any], device: torch.device) -> float:
    """How long it takes; a GPU works on after a call returns."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began
