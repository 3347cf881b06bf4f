"""What a person leaves out of a plan: a shape for a number of parameters, a batch for a number of tokens."""

from __future__ import annotations

import math

from dono.costs.flops import Shape, llama_shape

ASPECT = 128
"""Width over layers of dense models between 1 and 400 billion parameters (Llama 3: 128, 102 and 130)."""
HEAD = 128
"""Width of an attention head; widths are its multiples."""
SMALLEST_BATCH, LARGEST_BATCH = 2**16, 2**24
BATCH_AT, BATCH_TOKENS, BATCH_GROWTH = 2e12, 2**22, 0.4
"""Llama 2 read 4 Mi tokens a step over 2 T tokens (Touvron et al. 2023, 2.2); the exponent is Bergsma et al.'s (2025,
arXiv 2505.13738)."""


def usual_shape(parameters: float, *, vocabulary: int = 128_000) -> Shape:
    """A dense Llama-like shape of about so many stored parameters: width ≈ 128 · layers, feed-forward 8/3 · width.

    A layer has 12 · width² parameters, and the head and the input table come on top (tied below 2 billion, as
    small models are). The shape's parameters are then set to what was asked for.
    """
    assert parameters > 0
    tied = parameters < 2e9
    tables = 1 if tied else 2
    width = HEAD
    while _stored(width + HEAD, vocabulary, tables) <= parameters:
        width += HEAD
    layers = max(2, round((parameters - tables * vocabulary * width) / (12 * width * width)))
    shape = llama_shape(
        width=width, layers=layers, hidden=round(8 * width / 3), vocabulary=vocabulary, heads=max(1, width // HEAD),
        tied=tied,
    )  # fmt: skip
    return Shape(max(parameters - shape.table, parameters / 2), layers, width, min(shape.table, parameters / 2))


def _stored(width: int, vocabulary: int, tables: int) -> float:
    return 12 * width**3 / ASPECT + tables * vocabulary * width


def usual_batch(tokens: float) -> int:
    """Tokens of one step of a run over `tokens`: a power of two, ∝ tokens^0.4 from Llama 2's."""
    assert tokens > 0
    wanted = BATCH_TOKENS * (tokens / BATCH_AT) ** BATCH_GROWTH
    return int(min(LARGEST_BATCH, max(SMALLEST_BATCH, 2 ** round(math.log2(wanted)))))
