"""Losses that learn from people's preferences without a reward model: paired (DPO, SimPO, ORPO) and judged (KTO)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from dono.objectives.answers import Answers, BatchLoss, averaged, lengths, log_ratios
from dono.objectives.reward import PairMetrics, bradley_terry


class Pairs(NamedTuple):
    """Two answers to each prompt, the first one preferred; the two may be padded to different lengths.

    `reference_chosen` and `reference_rejected` [pairs]: log-likelihoods of the whole answers under the frozen reference
    (nats, as `summed` gives them); None for the losses that need no reference.
    """

    chosen: Answers
    rejected: Answers
    reference_chosen: Tensor | None = None
    reference_rejected: Tensor | None = None


class Judged(NamedTuple):
    """Single answers with a verdict each: `desirable` [rows], bool.

    `reference` [rows]: as in `Pairs`. `divergence`: scalar, from `kto_divergence` over the whole batch.
    """

    answers: Answers
    reference: Tensor
    desirable: Tensor
    divergence: Tensor


class JudgedMetrics(NamedTuple):
    """How many rows were desirable (the others: count − desirable), and the sum of rewards of each kind."""

    desirable: Tensor
    desirable_reward: Tensor
    undesirable_reward: Tensor


PairObjective = Callable[[Pairs], BatchLoss[PairMetrics]]
JudgedObjective = Callable[[Judged], BatchLoss[JudgedMetrics]]


def dpo(
    pairs: Pairs, *, beta: float = 0.1, label_smoothing: float = 0.0, length_normalised: bool = False
) -> BatchLoss[PairMetrics]:
    """Direct preference optimisation (Rafailov 2023, arXiv 2305.18290, eq. 7); counts pairs.

    Bradley–Terry on the implicit rewards β · (log p − log p_ref) of the answers, so `label_smoothing` is cDPO.
    `length_normalised` divides each log ratio by its answer's tokens (Tülu 3, arXiv 2411.15124, section 5), which takes
    a β about fifty times as large. Rewards in the metrics are the implicit ones, normalised if the loss is.
    """
    assert pairs.reference_chosen is not None and pairs.reference_rejected is not None, "DPO needs a reference"
    chosen = log_ratios(pairs.chosen, pairs.reference_chosen)
    rejected = log_ratios(pairs.rejected, pairs.reference_rejected)
    if length_normalised:
        chosen, rejected = chosen / lengths(pairs.chosen), rejected / lengths(pairs.rejected)
    return bradley_terry(beta * chosen, beta * rejected, label_smoothing=label_smoothing)


def simpo(pairs: Pairs, *, beta: float = 2.0, margin: float = 1.0) -> BatchLoss[PairMetrics]:
    """Simple preference optimisation (Meng 2024, arXiv 2405.14734, eq. 6); counts pairs, needs no reference.

    Bradley–Terry with a target margin γ on β · (log-likelihood per token).
    """
    return bradley_terry(beta * averaged(pairs.chosen), beta * averaged(pairs.rejected), margin=margin)


def orpo(pairs: Pairs, *, weight: float = 0.1) -> BatchLoss[PairMetrics]:
    """Odds-ratio preference optimisation (Hong 2024, arXiv 2403.07691, eqs. 6 and 7); counts pairs, needs no reference.

    −log p(chosen) − λ · log σ(log odds(chosen) − log odds(rejected)), log p per token (eq. 1) and odds = p / (1 − p).
    The likelihood term is each pair's own mean over the chosen answer's tokens, as in the paper, so parts add up; TRL
    takes one mean over all tokens of the batch, prompts too, which weighs long pairs more. Rewards in the metrics are
    λ · log p per token.
    """
    chosen, rejected = averaged(pairs.chosen), averaged(pairs.rejected)
    ranking = -logsigmoid(_log_odds(chosen) - _log_odds(rejected)).sum()
    _, count, metrics = bradley_terry(weight * chosen, weight * rejected)
    return BatchLoss(weight * ranking - chosen.sum(), count, metrics)


def _log_odds(loglikelihood: Tensor) -> Tensor:
    """log(p / (1 − p)); a likelihood that rounds to 1 is held one rounding step below, where its odds are finite."""
    below_one = loglikelihood.clamp(max=-torch.finfo(loglikelihood.dtype).eps)
    return below_one - torch.log(-torch.expm1(below_one))


def kto(
    judged: Judged, *, beta: float = 0.1, desirable_weight: float = 1.0, undesirable_weight: float = 1.0
) -> BatchLoss[JudgedMetrics]:
    """Kahneman–Tversky optimisation (Ethayarajh 2024, arXiv 2402.01306, section 4, L_KTO); counts rows.

    Σ λ · (1 − σ(±(r − β · z₀))) with r = β · (log p − log p_ref), + and λ_D for desirable answers, − and λ_U for the
    others. z₀ is a term of the batch and would not add up over parts: compute it once with `kto_divergence` and give
    it to every part. No gradient runs through it.
    """
    rewards = beta * log_ratios(judged.answers, judged.reference)
    desirable = judged.desirable
    assert desirable.dtype == torch.bool and desirable.shape == rewards.shape, "one verdict for each answer"
    gain = rewards - beta * judged.divergence.detach()
    losses = torch.where(desirable, desirable_weight * torch.sigmoid(-gain), undesirable_weight * torch.sigmoid(gain))
    kept = rewards.detach()
    metrics = JudgedMetrics(desirable.sum(), kept[desirable].sum(), kept[~desirable].sum())
    return BatchLoss(losses.sum(), torch.tensor(len(rewards), device=rewards.device), metrics)


def kto_divergence(mismatched: Tensor) -> Tensor:
    """z₀ of KTO, a scalar in nats without gradient: max(0, mean log ratio) over the whole batch.

    `mismatched` [rows]: `log_ratios` of answers set beside another row's prompt (arXiv 2402.01306, section 4), of every
    part of the batch together.
    """
    return mismatched.detach().mean().clamp(min=0)


def anchored(objective: PairObjective, pairs: Pairs, *, weight: float) -> BatchLoss[PairMetrics]:
    """The loss of `objective` − weight · log p(chosen) per token: the preferred answer stays likely; counts pairs.

    A paired loss is content where both answers become less likely, the rejected one more so; then others that nobody
    has seen gain. Pang 2024 (arXiv 2404.19733, eq. 2, weight 1), Llama 3 (arXiv 2407.21783, section 4.1.4, 0.2); TRL
    calls it RPO. Each pair has its own mean, as in the paper.
    """
    total, count, metrics = objective(pairs)
    return BatchLoss(total - weight * averaged(pairs.chosen).sum(), count, metrics)


PREFERENCES: dict[str, PairObjective] = {
    "dpo": dpo,
    "dpo_length_normalised": partial(dpo, length_normalised=True, beta=5.0),  # β borrowed from Tülu 3
    "simpo": simpo,
    "orpo": orpo,
}


def pair_objective(name: str, *, beta: float | None = None, chosen_weight: float = 0.0) -> PairObjective:
    """A row of `PREFERENCES` with another β (of ORPO its λ), and `anchored` where `chosen_weight` is above 0."""
    objective = PREFERENCES[name]
    if beta is not None:
        objective = partial(objective, **{"weight" if name == "orpo" else "beta": beta})
    return partial(anchored, objective, weight=chosen_weight) if chosen_weight else objective


def judged_objective(*, beta: float | None = None) -> JudgedObjective:
    """KTO, with another β where one is given."""
    return kto if beta is None else partial(kto, beta=beta)
