"""What a model says of the next token, and the likelihood of the token that came: computed in chunks of rows.

Full float32 logits [positions, vocabulary] are the largest thing in training a small model with a large vocabulary.
They are made for one chunk of positions at a time, used and forgotten.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional

from dono.objectives.products import gains, product, times

CHUNK_VALUES = 2**23
"""Logits that exist at once: 32 MiB in float32 (measured on two cores: 512 to 4,096 positions of a vocabulary of 16,384
are equally fast)."""


class Logits(NamedTuple):
    """`values` [positions, vocabulary], as the model itself computed them."""

    values: Tensor


class Projected(NamedTuple):
    """`hidden` [positions, width] and the output head's `weight` [vocabulary, width]: logits are hidden · weightᵀ."""

    hidden: Tensor
    weight: Tensor


Predictions = Logits | Projected


def cross_entropy(said: Predictions, labels: Tensor) -> Tensor:
    """−Σ log p(label) in nats, a scalar; `labels` [positions], none ignored. In float32 at least."""
    if isinstance(said, Logits):
        return functional.cross_entropy(_exact(said.values), labels, reduction="sum")
    return _CrossEntropy.apply(said.hidden, said.weight, labels, _precision(said.hidden))


def loglikelihoods(said: Predictions, labels: Tensor) -> Tensor:
    """Log p(label) in nats [positions]; `labels` [positions], none ignored. In float32 at least."""
    if isinstance(said, Logits):
        return -functional.cross_entropy(_exact(said.values), labels, reduction="none")
    return _LogLikelihoods.apply(said.hidden, said.weight, labels, _precision(said.hidden))


def _exact(values: Tensor) -> Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))


def _precision(hidden: Tensor) -> torch.dtype:
    """What the head's products are computed in: the autocast precision where there is one."""
    kind = hidden.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype


def _chunks(positions: int, vocabulary: int) -> range:
    return range(0, positions, max(1, CHUNK_VALUES // vocabulary))


def _predicted(hidden: Tensor, weight: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Log p of the tokens `ids` [chunk, 1]; what p of all tokens is proportional to [chunk, vocabulary]; its sums.

    Exponentials are taken once, in place of the logits: beside products they are most of what the head costs.
    """
    logits = _exact(product(hidden, weight))
    own, largest = logits.gather(1, ids), logits.amax(dim=1, keepdim=True)
    odds = logits.sub_(largest).exp_()
    sums = odds.sum(dim=1, keepdim=True)
    return own - largest - sums.log(), odds, sums


def _learn(
    hidden: Tensor, weight: Tensor, slopes: Tensor, into_hidden: Tensor | None, into_weight: Tensor | None
) -> None:
    """Gradients from those of the logits, `slopes` [chunk, vocabulary]: one is written, the other added to."""
    small = slopes.to(hidden.dtype)
    if into_hidden is not None:
        into_hidden.copy_(product(small, weight.t()))
    if into_weight is not None and gains(small, hidden):
        into_weight.add_(times(small.t(), hidden.t()))
    elif into_weight is not None and into_weight.dtype == small.dtype:
        into_weight.addmm_(small.t(), hidden)
    elif into_weight is not None:
        into_weight.add_(small.t() @ hidden)


def _gradients(hidden: Tensor, weight: Tensor, wanted: tuple[bool, ...]) -> tuple[Tensor | None, Tensor | None]:
    into_hidden = torch.empty_like(hidden) if wanted[0] else None
    dtype = torch.promote_types(weight.dtype, torch.float32)
    into_weight = torch.zeros(weight.shape, dtype=dtype, device=weight.device) if wanted[1] else None
    return into_hidden, into_weight


class _CrossEntropy(torch.autograd.Function):
    """Gradients are made with the loss, chunk by chunk, because each is known up to one factor: the loss's own.

    The idea is Liger Kernel's (arXiv 2410.10989, section 3.2); it saves computing the logits a second time.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, hidden: Tensor, weight: Tensor, labels: Tensor, dtype: torch.dtype) -> Tensor:
        into_hidden, into_weight = _gradients(hidden, weight, ctx.needs_input_grad)
        total = torch.zeros((), dtype=torch.promote_types(dtype, torch.float32), device=hidden.device)
        with torch.autocast(hidden.device.type, enabled=False):
            table, chunks = weight.to(dtype), _chunks(len(hidden), len(weight))
            for at in chunks:
                here = slice(at, at + chunks.step)
                part, ids = hidden[here].to(dtype), labels[here, None]
                logs, odds, sums = _predicted(part, table, ids)
                total -= logs.sum()
                if into_hidden is None and into_weight is None:
                    continue
                slopes = odds.mul_(1 / sums)  # softmax − one-hot
                slopes.scatter_add_(1, ids, torch.full_like(ids, -1, dtype=slopes.dtype))
                _learn(part, table, slopes, None if into_hidden is None else into_hidden[here], into_weight)
        ctx.found, ctx.weight_dtype = (into_hidden, into_weight), weight.dtype
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        assert ctx.found is not None, "the gradient can be taken once: it is given away, not kept"
        (into_hidden, into_weight), ctx.found = ctx.found, None
        if into_hidden is not None:
            into_hidden = into_hidden.mul_(gradient)
        if into_weight is not None:
            into_weight = into_weight.mul_(gradient).to(ctx.weight_dtype)
        return into_hidden, into_weight, None, None


class _LogLikelihoods(torch.autograd.Function):
    """Each position's gradient has a factor of its own, known only in the backward pass: the logits are made twice."""

    @staticmethod
    def forward(ctx: FunctionCtx, hidden: Tensor, weight: Tensor, labels: Tensor, dtype: torch.dtype) -> Tensor:
        found = torch.empty(len(hidden), dtype=torch.promote_types(dtype, torch.float32), device=hidden.device)
        with torch.autocast(hidden.device.type, enabled=False):
            table, chunks = weight.to(dtype), _chunks(len(hidden), len(weight))
            for at in chunks:
                here = slice(at, at + chunks.step)
                found[here] = _predicted(hidden[here].to(dtype), table, labels[here, None])[0][:, 0]
        ctx.save_for_backward(hidden, weight, labels)
        ctx.dtype = dtype
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        hidden, weight, labels = ctx.saved_tensors
        into_hidden, into_weight = _gradients(hidden, weight, ctx.needs_input_grad)
        with torch.autocast(hidden.device.type, enabled=False):
            table, chunks = weight.to(ctx.dtype), _chunks(len(hidden), len(weight))
            for at in chunks:
                here = slice(at, at + chunks.step)
                part, ids, factors = hidden[here].to(ctx.dtype), labels[here, None], gradient[here, None]
                _, odds, sums = _predicted(part, table, ids)
                slopes = odds.mul_(-factors / sums)  # factor · (one-hot − softmax)
                slopes.scatter_add_(1, ids, factors)
                _learn(part, table, slopes, None if into_hidden is None else into_hidden[here], into_weight)
        return into_hidden, None if into_weight is None else into_weight.to(weight.dtype), None, None
