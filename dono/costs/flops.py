"""Floating-point operations of training and of answering, counted from the model's shape."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """What FLOPs and bytes depend on.

    `parameters` are those every token is multiplied by: the output head counts, the input table (a look-up) does not;
    a table that serves as both counts once. Leaving the head out misplaces scaling laws of small models (Porian et
    al. 2024, arXiv 2406.19146).
    """

    parameters: float
    layers: int
    width: int
    table: float = 0.0
    """Parameters of the input table where it is not the head's: they take memory, not FLOPs."""

    @property
    def stored(self) -> float:
        """All parameters that lie in memory."""
        return self.parameters + self.table


def llama_shape(
    *, width: int, layers: int, hidden: int, vocabulary: int, heads: int, kv_heads: int | None = None, tied: bool = True
) -> Shape:
    """The shape of a Llama-family model: grouped-query attention, gated feed-forward of `hidden`, two norms a layer."""
    key_value = width * (kv_heads or heads) // heads
    layer = 2 * width * width + 2 * width * key_value + 3 * width * hidden + 2 * width
    table = float(vocabulary * width)
    return Shape(layers * layer + width + table, layers, width, 0.0 if tied else table)


def forward_flops(shape: Shape, *, tokens: float, context: float) -> float:
    """FLOPs to read `tokens` in sequences of `context`: (2N + 4·L·d·s) a token.

    2N: a multiplication and an addition for each parameter. 4·L·d·s: scores and weighted sum of attention, each 2·d·s
    a layer, counted in full as the field does although a causal mask needs half (PaLM, arXiv 2204.02311, app. B).
    """
    return tokens * (2 * shape.parameters + 4 * shape.layers * shape.width * context)


def flops_a_parameter(*, lora: bool = False, recompute: bool = False) -> int:
    """FLOPs of training for each parameter and token, without attention: see `train_flops`."""
    return (4 if lora else 6) + (2 if recompute else 0)


def train_flops(shape: Shape, *, tokens: float, context: float, lora: bool = False, recompute: bool = False) -> float:
    """FLOPs to train on `tokens` in sequences of `context`: (6N + 12·L·d·s) a token, for LoRA (4N + 12·L·d·s).

    Backward costs two forwards: gradients for the activations and for the weights (Kaplan et al. 2020, arXiv
    2001.08361, 2.1; llm-foundry counts the same). LoRA leaves the frozen weights' gradients out; attention has no
    weights of its own, so its part stays; the adapters' own FLOPs, below 1 %, are not counted. `recompute`: full
    activation checkpointing repeats the forward.
    """
    dense = flops_a_parameter(lora=lora) * shape.parameters
    per_token = dense + 12 * shape.layers * shape.width * context
    again = forward_flops(shape, tokens=1, context=context) if recompute else 0.0
    return tokens * (per_token + again)


def request_flops(shape: Shape, *, tokens_in: float, tokens_out: float) -> float:
    """FLOPs of one answer, keys and values kept: the prompt is read once, each new token looks back at all before it.

    Token number t costs 2N + 4·L·d·t; the sum over t gives half the whole length as the mean context.
    """
    total = tokens_in + tokens_out
    return forward_flops(shape, tokens=total, context=total / 2)
