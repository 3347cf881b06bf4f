"""Bytes that a model needs: to be trained, and to answer."""

from __future__ import annotations

from dono.costs.flops import Shape

GIGABYTE = 1e9


def training_gigabytes(shape: Shape, *, batch_tokens: float, lora: bool = False) -> float:
    """Gigabytes to train with AdamW in mixed precision, on one machine without sharding.

    16 bytes a parameter: bf16 weight and gradient, float32 copy and two moments (ZeRO, arXiv 1910.02054, 3.1). LoRA
    keeps only the bf16 weights of the frozen model. Activations: 34·L·d bytes a token (Korthikanti et al. 2022, arXiv
    2205.05198, eq. 2, without the attention matrix, which fused attention does not store).
    """
    states = shape.stored * (2 if lora else 16)
    return (states + 34 * shape.layers * shape.width * batch_tokens) / GIGABYTE


def serving_gigabytes(shape: Shape, *, bytes_per_parameter: float = 2, tokens_held: float = 0) -> float:
    """Gigabytes to answer: weights, and keys and values of `tokens_held` (two bf16 vectors a layer, ungrouped)."""
    return (shape.stored * bytes_per_parameter + 4 * shape.layers * shape.width * tokens_held) / GIGABYTE
