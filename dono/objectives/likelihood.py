"""Likelihood objectives: next token over a packed stream, and answers only (prompt masked)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn import functional

IGNORED = -100
"""The label of a position that is not trained (the convention of transformers)."""


class Loss(NamedTuple):
    """The summed loss in nats (scalar, differentiable) and how many positions it sums over (scalar)."""

    total: Tensor
    positions: Tensor


Objective = Callable[[Tensor, Tensor], Loss]


def next_token(logits: Tensor, labels: Tensor) -> Loss:
    """Cross-entropy of `labels` [batch, length] under `logits` [batch, length, vocabulary], already aligned.

    Labels are the inputs shifted by one; positions labelled `IGNORED` count for nothing. Computed in float32.
    """
    total = functional.cross_entropy(
        logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return Loss(total, (labels != IGNORED).sum())


def masked_answers(logits: Tensor, labels: Tensor) -> Loss:
    """As `next_token`, and refuses a batch in which no position is trained (nothing could be learned from it)."""
    assert bool((labels != IGNORED).any()), "every position of the batch is masked"
    return next_token(logits, labels)


OBJECTIVES: dict[str, Objective] = {"next_token": next_token, "masked_answers": masked_answers}
