"""Bytes that a model needs: to be trained, and to answer."""

from __future__ import annotations

from dono.costs.flops import Shape

GIGABYTE = 1e9
FROZEN, GRADIENT, OPTIMIZER = 2, 2, 12
"""Bytes a parameter: its bf16 weight, all that a frozen one takes; of a trained one also its bf16 gradient, and a
float32 copy and two moments (ZeRO, arXiv 1910.02054, 3.1)."""
ACTIVATIONS = 34
"""Bytes per token, layer and unit of width (Korthikanti et al. 2022, arXiv 2205.05198, eq. 2, without the attention
matrix, which fused attention does not store)."""


def training_gigabytes(shape: Shape, *, batch_tokens: float, lora: bool = False) -> float:
    """Gigabytes to train with AdamW in mixed precision, on one machine without sharding.

    LoRA keeps only the bf16 weights of the frozen model.
    """
    states = shape.stored * (FROZEN if lora else FROZEN + GRADIENT + OPTIMIZER)
    return (states + ACTIVATIONS * shape.layers * shape.width * batch_tokens) / GIGABYTE


def serving_gigabytes(shape: Shape, *, bytes_per_parameter: float = 2, tokens_held: float = 0) -> float:
    """Gigabytes to answer: weights, and keys and values of `tokens_held` (two bf16 vectors a layer, ungrouped)."""
    return (shape.stored * bytes_per_parameter + 4 * shape.layers * shape.width * tokens_held) / GIGABYTE
