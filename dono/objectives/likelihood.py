"""Likelihood objectives: next token over documents, and answers only (prompt masked)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from dono.objectives.answers import BatchLoss
from dono.objectives.predictions import Predictions, cross_entropy

Objective = Callable[[Predictions, Tensor], BatchLoss[None]]


def next_token(said: Predictions, labels: Tensor) -> BatchLoss[None]:
    """Cross-entropy of `labels` [positions] in nats, summed; counts positions. No label is ignored.

    No position at all is a loss of zero, as in the filling of a batch that is spread over several processes.
    """
    return BatchLoss(cross_entropy(said, labels), torch.tensor(len(labels), device=labels.device), None)


def masked_answers(said: Predictions, labels: Tensor) -> BatchLoss[None]:
    """As `next_token`, and refuses a batch in which no position is trained (nothing could be learned from it)."""
    assert len(labels), "every position of the batch is masked"
    return next_token(said, labels)


OBJECTIVES: dict[str, Objective] = {"next_token": next_token, "masked_answers": masked_answers}
