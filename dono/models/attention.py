"""Attention among documents packed on one row: each sees itself alone, and only what it needs is computed.

Registered with transformers under the name `DOCUMENTS`. A packed row is told by its mask: int64 bounds of shape
[1, 1, 1, documents + 1] in the place of a mask (transformers hands a mask of four dimensions on as it is). Any other
mask means ordinary rows, and transformers' own attention answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

DOCUMENTS = "documents"
_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_flash_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def documents_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **others: object,
) -> tuple[Tensor, None]:
    """Transformers' attention interface: `query` [1, heads, length, width], out [1, length, heads, width].

    Dropout is not applied to packed rows. Raises `NotImplementedError` for what it does not compute.
    """
    if attention_mask is None or attention_mask.dtype != torch.int64:
        kwargs = {"dropout": dropout, "scaling": scaling, "sliding_window": sliding_window, **others}
        return sdpa_attention_forward(module, query, key, value, attention_mask, **kwargs)
    if any(others.get(name) is not None for name in ("softcap", "s_aux", "position_bias")):
        raise NotImplementedError("packed documents with soft-capped scores, attention sinks or biased positions")
    if not sliding_window and _window_in_mask(module):
        raise NotImplementedError("packed documents whose window only a mask would show")
    kind = query.device.type
    if torch.is_autocast_enabled(kind):  # as torch does for its own attention; turning by position left float32 behind
        query, key, value = (t.to(torch.get_autocast_dtype(kind)) for t in (query, key, value))
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    bounds, window = attention_mask.flatten(), sliding_window or 0
    if query.device.type == "cpu":
        mixed = _attend(query, key, value, bounds, window, scale)[0]
    elif query.dtype in (torch.float16, torch.bfloat16):
        mixed = _varlen(query, key, value, bounds, window, scale)
    else:
        mixed = _one_by_one(query, key, value, bounds, window, scale)
    return mixed.transpose(1, 2), None


def _window_in_mask(module: nn.Module) -> bool:
    """Whether a layer that names no window has one all the same, by its configuration (Qwen2-MoE, PhiMoE, Llama 4)."""
    config = getattr(module, "config", None)
    kinds = getattr(config, "layer_types", None)
    if kinds:
        return kinds[module.layer_idx] in ("sliding_attention", "chunked_attention")
    return bool(getattr(config, "sliding_window", None))


def _spans(bounds: Tensor) -> Iterator[tuple[int, int]]:
    ends = bounds.tolist()
    return ((a, b) for a, b in pairwise(ends) if b > a)


def _runs(bounds: Tensor) -> Iterator[tuple[int, int, int]]:
    """Start, documents and length of each run of neighbours of one length: they are computed together."""
    for length, run in groupby(_spans(bounds), key=lambda span: span[1] - span[0]):
        spans = list(run)
        yield spans[0][0], len(spans), length


def _together(row: Tensor, start: int, count: int, length: int) -> Tensor:
    """A view of a run, [documents, heads, length, …], of a row [1, heads, positions, …]."""
    return row[0, :, start : start + count * length].unflatten(1, (count, length)).transpose(0, 1)


def _beyond(length: int, window: int, like: Tensor) -> Tensor | None:
    """The additive mask [length, length] of a causal sliding window, where the document is longer than the window."""
    if not window or length <= window:
        return None
    places = torch.arange(length, device=like.device)
    back = places[:, None] - places[None, :]
    seen = (back >= 0) & (back < window)
    return torch.zeros(length, length, dtype=like.dtype, device=like.device).masked_fill_(~seen, float("-inf"))


@torch.library.custom_op("dono::attend", mutates_args=())  # type: ignore[untyped-decorator, unused-ignore]
def _attend(
    query: Tensor, key: Tensor, value: Tensor, bounds: Tensor, window: int, scale: float
) -> tuple[Tensor, Tensor]:
    """Causal attention within each document; also the log of the softmax's denominator [1, heads, length].

    An operator of its own, so that a compiled layer takes it as a whole, whatever the bounds. Processors only.
    """
    mixed, logsums = _tokens_first(query), _empty_logsums(query)
    for run in _runs(bounds):
        mask = _beyond(run[-1], window, query)
        parts = (_together(t, *run) for t in (query, key, value))
        found = _flash(*parts, 0.0, mask is None, attn_mask=mask, scale=scale)
        for whole, part in zip((mixed, logsums), found, strict=True):
            _together(whole, *run).copy_(part)
    return mixed, logsums


def _tokens_first(like: Tensor) -> Tensor:
    """An empty tensor of the shape [1, heads, length, width] that lies token by token, as the next product reads it."""
    one, heads, length, width = like.shape
    return like.new_empty((one, length, heads, width)).transpose(1, 2)


def _empty_logsums(query: Tensor) -> Tensor:
    one, heads, length, _ = query.shape
    dtype = torch.promote_types(query.dtype, torch.float32)
    return query.new_empty((one, heads, length), dtype=dtype)


@_attend.register_fake
def _attend_shapes(
    query: Tensor, key: Tensor, value: Tensor, bounds: Tensor, window: int, scale: float
) -> tuple[Tensor, Tensor]:
    return _tokens_first(query), _empty_logsums(query)


@torch.library.custom_op("dono::attend_backward", mutates_args=())  # type: ignore[untyped-decorator, unused-ignore]
def _attend_backward(
    gradient: Tensor, query: Tensor, key: Tensor, value: Tensor, mixed: Tensor, logsums: Tensor, bounds: Tensor,
    window: int, scale: float,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    found = tuple(_tokens_first(t) for t in (query, key, value))
    for run in _runs(bounds):
        mask = _beyond(run[-1], window, query)
        parts = (_together(t, *run) for t in (gradient, query, key, value, mixed, logsums))
        of_run = _flash_backward(*parts, 0.0, mask is None, attn_mask=mask, scale=scale)
        for whole, part in zip(found, of_run, strict=True):
            _together(whole, *run).copy_(part)
    return found[0], found[1], found[2]


@_attend_backward.register_fake
def _attend_backward_shapes(
    gradient: Tensor, query: Tensor, key: Tensor, value: Tensor, mixed: Tensor, logsums: Tensor, bounds: Tensor,
    window: int, scale: float,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    return _tokens_first(query), _tokens_first(key), _tokens_first(value)


def _remember(
    ctx: FunctionCtx, inputs: tuple[Tensor, Tensor, Tensor, Tensor, int, float], output: tuple[Tensor, Tensor]
) -> None:
    query, key, value, bounds, window, scale = inputs
    mixed, logsums = output
    ctx.save_for_backward(query, key, value, mixed, logsums, bounds)
    ctx.window, ctx.scale = window, scale


def _gradients(ctx: FunctionCtx, gradient: Tensor, unused: Tensor) -> tuple[Tensor | None, ...]:
    query, key, value, mixed, logsums, bounds = ctx.saved_tensors
    arguments = (gradient, query, key, value, mixed, logsums, bounds)
    return (*_attend_backward(*arguments, ctx.window, ctx.scale), None, None, None)


_attend.register_autograd(_gradients, setup_context=_remember)


def _varlen(query: Tensor, key: Tensor, value: Tensor, bounds: Tensor, window: int, scale: float) -> Tensor:
    """On a GPU in half precision: torch's kernel for documents of different lengths."""
    from torch.nn.attention.varlen import varlen_attn  # noqa: PLC0415 - absent in older torch

    parts = (t[0].transpose(0, 1) for t in (query, key, value))
    ends = bounds.to(device=query.device, dtype=torch.int32)
    seen = (window - 1 if window else -1, 0)
    mixed = varlen_attn(*parts, ends, ends, query.shape[2], query.shape[2], scale=scale, window_size=seen)
    return mixed.transpose(0, 1)[None]


def _one_by_one(query: Tensor, key: Tensor, value: Tensor, bounds: Tensor, window: int, scale: float) -> Tensor:
    """Anywhere else: one call for each document."""
    pieces = []
    for a, b in _spans(bounds):
        mask = _beyond(b - a, window, query)
        q, k, v = (t[:, :, a:b] for t in (query, key, value))
        pieces.append(scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None, scale=scale))
    return torch.cat(pieces, dim=2)


AttentionInterface.register(DOCUMENTS, documents_attention)
AttentionMaskInterface.register(DOCUMENTS, sdpa_mask)
