"""Policy losses: make answers likelier that did better than expected. The advantages are in `advantages`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from dono.objectives.answers import Answers, BatchLoss, masked

LARGEST_LOG_RATIO = 20.0
"""Log ratios of likelihoods are held below this before `exp` (assumed; e²⁰ ≈ 5e8 is past any use, and is finite)."""


class Rollouts(NamedTuple):
    """Sampled answers and what they earned.

    `answers`: under the policy in training. `behaviour` [rows, length]: token log-likelihoods under the policy that
    sampled, frozen. `advantages` [rows], or [rows, length] where each token has its own. `reference` [rows, length]:
    token log-likelihoods under the frozen reference, or None where the divergence from it has no weight.
    """

    answers: Answers
    behaviour: Tensor
    advantages: Tensor
    reference: Tensor | None = None


class PolicyMetrics(NamedTuple):
    """Sums over tokens, and their number `tokens` (their denominator, whatever the loss counts).

    `clipped`: tokens whose gradient the clip removed. `drift`: k3 divergence from the behaviour policy, nats.
    `divergence`: estimated divergence from the reference, nats; zero without a reference.
    """

    tokens: Tensor
    clipped: Tensor
    drift: Tensor
    divergence: Tensor


PolicyObjective = Callable[[Rollouts], BatchLoss[PolicyMetrics]]
Averaging = Literal["token", "sequence"] | int
Estimator = Literal["k1", "k3"]


def divergence(answers: Answers, reference: Tensor, estimator: Estimator = "k3") -> Tensor:
    """Estimates of KL(policy ‖ reference) from the policy's own samples, per token [rows, length]; zero where masked.

    Schulman 2020, "Approximating KL divergence": with r = p_ref / p, k1 = −log r (unbiased, may be negative) and
    k3 = r − 1 − log r (unbiased, never negative, less variance; GRPO's eq. 4). k1 belongs in the reward, see
    `penalised`: on policy, the gradient of k1 itself is zero on average.
    """
    log_r = masked(reference.detach(), answers.mask) - masked(*answers)
    if estimator == "k1":
        return -log_r
    held = log_r.clamp(max=LARGEST_LOG_RATIO)
    return torch.expm1(held) - held


def penalised(rewards: Tensor, answers: Answers, reference: Tensor, *, weight: float) -> Tensor:
    """`rewards` [rows] − weight · k1 divergence from the `reference`, summed over the answer's tokens; no gradient.

    How RLOO and PPO keep a policy near its reference (Ahmadian 2024, arXiv 2402.14740; Ziegler 2019, arXiv 1909.08593).
    """
    return rewards - weight * divergence(answers, reference, "k1").detach().sum(dim=-1)


def reinforce(rollouts: Rollouts) -> BatchLoss[PolicyMetrics]:
    """−A · log p(answer), summed over rows; counts rows (Williams 1992; RLOO on policy with `leave_one_out`).

    Only for answers that the policy in training has just sampled; `rloo` corrects for older ones.
    """
    loglikelihoods = masked(*rollouts.answers)
    total = -(_per_token(rollouts) * loglikelihoods).sum()
    return BatchLoss(total, _rows(rollouts), _metrics(rollouts, torch.zeros_like(rollouts.answers.mask)))


def rloo(rollouts: Rollouts, *, clip_low: float = 0.2, clip_high: float = 0.2) -> BatchLoss[PolicyMetrics]:
    """−min(ρ · A, clip(ρ) · A) with ρ = p / p_behaviour of the whole answer, summed over rows; counts rows.

    RLOO (Ahmadian 2024, arXiv 2402.14740) takes an answer as one action; the clip is TRL's, for answers that an older
    policy sampled. Where ρ = 1 the gradient is `reinforce`'s. Advantages are per row.
    """
    assert rollouts.advantages.ndim == 1, "RLOO weighs whole answers"
    losses, clipped = _clipped(_log_ratio(rollouts).sum(dim=-1), rollouts.advantages.detach(), clip_low, clip_high)
    return BatchLoss(losses.sum(), _rows(rollouts), _metrics(rollouts, clipped[:, None].expand_as(rollouts.behaviour)))


def clipped_surrogate(
    rollouts: Rollouts,
    *,
    averaging: Averaging = "token",
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    divergence_weight: float = 0.0,
    estimator: Estimator = "k3",
) -> BatchLoss[PolicyMetrics]:
    """−min(ρ · A, clip(ρ, 1 − low, 1 + high) · A) + weight · divergence for each token, ρ = p / p_behaviour.

    The clip is PPO's (Schulman 2017, arXiv 1707.06347, eq. 7); the methods differ in their advantages and `averaging`:

    - "token", every token alike, counts tokens: PPO, and DAPO (Yu 2025, arXiv 2503.14476, with `clip_high` 0.28);
    - "sequence", the mean over rows of each row's mean, counts rows: GRPO (Shao 2024, arXiv 2402.03300, eq. 3);
    - a number of tokens, the longest answer allowed, counts rows × that: Dr. GRPO (Liu 2025, arXiv 2503.20783).

    All three add up over parts. A token whose ρ exceeds e²⁰ gets no gradient.
    """
    losses, clipped = _clipped(_log_ratio(rollouts), _per_token(rollouts), clip_low, clip_high)
    if divergence_weight:
        assert rollouts.reference is not None, "a divergence needs a reference"
        losses = losses + divergence_weight * divergence(rollouts.answers, rollouts.reference, estimator)
    mask = rollouts.answers.mask
    losses, rows = masked(losses, mask).sum(dim=-1), _rows(rollouts)
    metrics = _metrics(rollouts, clipped, estimator)
    if averaging == "token":
        return BatchLoss(losses.sum(), mask.sum(), metrics)
    if averaging == "sequence":
        return BatchLoss((losses / mask.sum(dim=-1)).sum(), rows, metrics)
    return BatchLoss(losses.sum(), rows * averaging, metrics)


def value_loss(values: Tensor, old: Tensor, returns: Tensor, mask: Tensor, *, clip: float = 0.2) -> Tensor:
    """½ max((V − R)², (V_clip − R)²) summed over tokens; all [rows, length], V_clip within `clip` of the `old` values.

    PPO's value loss as it is usually implemented (OpenAI's baselines; TRL has the same bound).
    """
    held = torch.clamp(values, old - clip, old + clip)
    worse = torch.maximum((values - returns.detach()) ** 2, (held - returns.detach()) ** 2)
    return 0.5 * masked(worse, mask).sum()


def _clipped(log_ratio: Tensor, advantages: Tensor, low: float, high: float) -> tuple[Tensor, Tensor]:
    """The clipped loss, and where the clip removed the gradient; both of the shape of `log_ratio`."""
    ratio = log_ratio.clamp(max=LARGEST_LOG_RATIO).exp()
    losses = -torch.minimum(ratio * advantages, ratio.clamp(1 - low, 1 + high) * advantages)
    below, above = (ratio < 1 - low) & (advantages < 0), (ratio > 1 + high) & (advantages > 0)
    return losses, below | above


def _log_ratio(rollouts: Rollouts) -> Tensor:
    """Log p − log p_behaviour [rows, length], zero where masked."""
    return masked(*rollouts.answers) - masked(rollouts.behaviour.detach(), rollouts.answers.mask)


def _per_token(rollouts: Rollouts) -> Tensor:
    """Advantages [rows, length], or [rows, 1] to be spread over a row's tokens."""
    advantages, mask = rollouts.advantages.detach(), rollouts.answers.mask
    if advantages.ndim == 1:
        assert len(advantages) == len(mask), "one advantage for each answer"
        return advantages[:, None]
    return masked(advantages, mask)


def _rows(rollouts: Rollouts) -> Tensor:
    return torch.tensor(len(rollouts.answers.mask), device=rollouts.answers.mask.device)


@torch.no_grad()
def _metrics(rollouts: Rollouts, clipped: Tensor, estimator: Estimator = "k3") -> PolicyMetrics:
    answers, reference = rollouts.answers, rollouts.reference
    drift = divergence(answers, rollouts.behaviour).sum()
    apart = torch.zeros_like(drift) if reference is None else divergence(answers, reference, estimator).sum()
    return PolicyMetrics(answers.mask.sum(), (clipped & answers.mask).sum(), drift, apart)


POLICIES: dict[str, PolicyObjective] = {
    "reinforce": reinforce,
    "rloo": rloo,
    "ppo_clip": clipped_surrogate,
    "grpo": partial(clipped_surrogate, averaging="sequence", divergence_weight=0.04),  # weight borrowed from the paper
    "dapo": partial(clipped_surrogate, clip_high=0.28),  # bound borrowed from the paper
}
