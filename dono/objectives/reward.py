"""The reward model's loss: which of two answers do people prefer, and by how much."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from dono.objectives.answers import BatchLoss


class PairMetrics(NamedTuple):
    """Sums over pairs (divide by the loss's count): pairs ranked as people did, and the two rewards.

    The mean margin is `chosen_reward` − `rejected_reward`, over the count.
    """

    accuracy: Tensor
    chosen_reward: Tensor
    rejected_reward: Tensor


def bradley_terry(
    chosen: Tensor, rejected: Tensor, *, margin: Tensor | float = 0.0, label_smoothing: float = 0.0
) -> BatchLoss[PairMetrics]:
    """−log σ(chosen − rejected − margin) summed over pairs; rewards `chosen` and `rejected` [pairs].

    Bradley & Terry 1952; with a margin, Llama 2 (arXiv 2307.09288) eq. 2: the more clearly people preferred, the larger
    `margin` [pairs] or one number. `label_smoothing` is the share ε of labels assumed to be flipped: the loss is
    (1 − ε) of the pair as labelled plus ε of it reversed (Mitchell 2023, cDPO, eq. 3).
    """
    assert chosen.ndim == 1 and chosen.shape == rejected.shape, "one reward for each answer of a pair"
    assert 0 <= label_smoothing < 0.5, "beyond one half the labels mean their opposite"
    preference = chosen - rejected - margin
    losses = -(1 - label_smoothing) * logsigmoid(preference) - label_smoothing * logsigmoid(-preference)
    won, lost = chosen.detach(), rejected.detach()
    metrics = PairMetrics((won > lost).sum(), won.sum(), lost.sum())
    return BatchLoss(losses.sum(), torch.tensor(len(chosen), device=chosen.device), metrics)
