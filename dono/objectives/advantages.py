"""How much better an answer was than expected: the advantages that the policy losses weigh answers with.

All of them are terms of a group or a batch: computed once, before the batch is cut into parts.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dono.objectives.answers import masked


def leave_one_out(rewards: Tensor) -> Tensor:
    """Each reward less the mean of its siblings'; `rewards` [prompts, answers] and the same shape out.

    RLOO (Kool 2019; Ahmadian 2024, arXiv 2402.14740). Fewer than two answers to a prompt are an `AssertionError`.
    """
    answers = _group_size(rewards)
    return (rewards - rewards.mean(dim=1, keepdim=True)) * answers / (answers - 1)


def group_relative(rewards: Tensor, *, scaled: bool = True) -> Tensor:
    """Each reward less its group's mean, over the group's standard deviation; `rewards` [prompts, answers].

    GRPO (Shao 2024, arXiv 2402.03300, section 4.1.2). `scaled=False` leaves the deviation out: Dr. GRPO (Liu 2025,
    arXiv 2503.20783), which does not favour prompts that are too easy or too hard. The deviation has n − 1 in its
    denominator, and 1e-4 (borrowed from TRL) keeps a group of equal rewards at zero. Fewer than two answers to a prompt
    are an `AssertionError`.
    """
    _group_size(rewards)
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    return centred / (rewards.std(dim=1, keepdim=True) + 1e-4) if scaled else centred


def whitened(advantages: Tensor, mask: Tensor) -> Tensor:
    """Advantages [rows, length] shifted and scaled to mean 0 and variance 1 over all unmasked tokens of the batch.

    Usual in PPO (Andrychowicz 2021, arXiv 2006.05990). The variance has n − 1 in its denominator; 1e-8
    keeps equal advantages at zero. Zero where masked.
    """
    kept = masked(advantages, mask)[mask]
    assert len(kept) > 1, "one token has no variance"
    return masked((advantages - kept.mean()) * torch.rsqrt(kept.var() + 1e-8), mask)


def generalised_advantages(
    rewards: Tensor, values: Tensor, mask: Tensor, *, discount: float = 1.0, decay: float = 0.95
) -> Tensor:
    """Advantages [rows, length] of each token by the values expected before it; `rewards`, `values` of the same shape.

    GAE (Schulman 2015, arXiv 1506.02438, eq. 16): A_t = δ_t + γλ A_{t+1} with δ_t = r_t + γ V_{t+1} − V_t; beyond an
    answer's last token both are 0. λ = 0.95 and no discount are usual for language models (TRL). Zero where masked.
    """
    rewards, values = masked(rewards, mask), masked(values, mask)
    advantages = torch.zeros_like(values)
    following = values.new_zeros(len(values))
    for t in range(values.shape[1] - 1, -1, -1):
        expected = values[:, t + 1] if t + 1 < values.shape[1] else torch.zeros_like(following)
        following = rewards[:, t] + discount * expected - values[:, t] + discount * decay * following
        advantages[:, t] = following
    return masked(advantages, mask)


def _group_size(rewards: Tensor) -> int:
    assert rewards.ndim == 2 and rewards.shape[1] > 1, "a group has at least two answers to one prompt"
    return rewards.shape[1]
