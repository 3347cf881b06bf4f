"""What the preference and policy losses take and give: answers' log-likelihoods in, sums that add up over parts out."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

Metrics = TypeVar("Metrics")


class BatchLoss(NamedTuple, Generic[Metrics]):
    """A loss as two scalars: the sum `total` (nats, differentiable) and the `count` of what it sums over.

    The loss of a step is Σ total / Σ count over all its parts, so a batch in eight parts has the gradient of the batch
    in one. `metrics` are sums too (no gradient) and add up in the same way; their docstring names their denominator.
    """

    total: Tensor
    count: Tensor
    metrics: Metrics


class Answers(NamedTuple):
    """Answers as the model in training sees them, token by token.

    `loglikelihoods` [rows, length]: nats, log p(token | all before it). `mask` [rows, length], bool: True where a token
    of the answer stands. Prompt and padding are masked: what is there is neither read nor given a gradient.
    """

    loglikelihoods: Tensor
    mask: Tensor


def masked(values: Tensor, mask: Tensor) -> Tensor:
    """`values` [rows, length], zero where `mask` is False; in float32 at least, because bfloat16 sums lose nats."""
    assert mask.dtype == torch.bool, "a mask is boolean"
    assert values.shape == mask.shape, "values and mask have one shape"
    assert bool(mask.any(dim=-1).all()), "every token of a row is masked"
    return torch.where(mask, values, 0.0).to(torch.promote_types(values.dtype, torch.float32))


def summed(answers: Answers) -> Tensor:
    """Log p(answer | prompt) [rows], nats. A row without an unmasked token is an `AssertionError`."""
    return masked(*answers).sum(dim=-1)


def averaged(answers: Answers) -> Tensor:
    """Log p(answer | prompt) per token [rows], nats. A row without an unmasked token is an `AssertionError`."""
    return summed(answers) / lengths(answers)


def lengths(answers: Answers) -> Tensor:
    """Tokens of each answer [rows]."""
    return answers.mask.sum(dim=-1)


def log_ratios(answers: Answers, reference: Tensor) -> Tensor:
    """Log p(answer) − log p_ref(answer) [rows], nats; `reference` [rows] is summed over the same tokens, and frozen."""
    ratios = summed(answers)
    assert reference.shape == ratios.shape, "one reference log-likelihood for each answer"
    return ratios - reference.detach()
