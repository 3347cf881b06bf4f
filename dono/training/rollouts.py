"""Answers that the model in training has just given, judged, as the parts of a step, for RLOO, GRPO and PPO.

How a method weighs answers is a row of `METHODS`; all of it is computed over the whole step, before it is cut in parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from dono.models import Critic, Reader, placed
from dono.objectives import (
    POLICIES,
    Answers,
    BatchLoss,
    PolicyMetrics,
    clipped_surrogate,
    generalised_advantages,
    group_relative,
    leave_one_out,
    masked,
    penalised,
    value_loss,
    whitened,
)
from dono.tokens import Document, Ids, Rows, even_parts, near_parts, packed, padded
from dono.training.learners import Floats, Learner, RolloutRows, answers_in, by_document, device_of, policy


class ValuedRows(NamedTuple):
    """Sampled answers with what was expected of each token: `values` and `returns` float32 [documents, longest]."""

    rollouts: RolloutRows
    values: Floats
    returns: Floats

    @property
    def tokens(self) -> int:
        """Tokens of all answers with their prompts."""
        return self.rollouts.tokens


@dataclass(frozen=True)
class Sampled:
    """Answers to prompts, `group` to each, in their order: prompt and answer as a document, and the judge's reward."""

    documents: list[Document]
    rewards: Floats
    group: int


class Seen(NamedTuple):
    """What models say of the answers, float32 [documents, longest]: log-likelihoods and values; `mask` of their tokens.

    `values` is None without a critic.
    """

    behaviour: Tensor
    reference: Tensor
    mask: Tensor
    values: Tensor | None

    @property
    def divergences(self) -> Tensor:
        """Estimated divergence of each answer from the reference, nats [documents] (k1: its mean is unbiased)."""
        return masked(self.behaviour - self.reference, self.mask).sum(dim=1)


class Weighed(NamedTuple):
    """`advantages` [documents] or [documents, longest]; `returns` for a critic."""

    advantages: Tensor
    returns: Tensor | None = None


Weigh = Callable[[Sampled, Seen, float], Weighed]
"""Judged answers, what models say of them, and the weight of the divergence."""


def _rloo(sampled: Sampled, seen: Seen, weight: float) -> Weighed:
    rewards = penalised(
        torch.from_numpy(sampled.rewards), Answers(seen.behaviour, seen.mask), seen.reference, weight=weight
    )
    return Weighed(leave_one_out(rewards.view(-1, sampled.group)).flatten())


def _grpo(sampled: Sampled, seen: Seen, weight: float) -> Weighed:
    return Weighed(group_relative(torch.from_numpy(sampled.rewards).view(-1, sampled.group)).flatten())


def _ppo(sampled: Sampled, seen: Seen, weight: float) -> Weighed:
    assert seen.values is not None, "PPO needs a critic"
    rewards = -weight * masked(seen.behaviour - seen.reference, seen.mask)
    last = seen.mask.sum(dim=1) - 1
    rewards[torch.arange(len(last)), last] += torch.from_numpy(sampled.rewards)
    advantages = generalised_advantages(rewards, seen.values, seen.mask)
    return Weighed(whitened(advantages, seen.mask), masked(advantages + seen.values, seen.mask))


@dataclass(frozen=True)
class PolicyMethod:
    """How answers are weighed, and the learner, given the weight of the divergence and of the value head's loss."""

    weigh: Weigh
    learner: Callable[[float, float], Learner[Any]]
    critic: bool = False


def actor_critic(value_weight: float) -> Callable[[Critic, ValuedRows], BatchLoss[PolicyMetrics]]:
    """PPO's two losses by one pass: the clipped surrogate, and that of the values, clipped alike. Counts tokens."""

    def learn(critic: Critic, part: ValuedRows) -> BatchLoss[PolicyMetrics]:
        documents = len(part.values)
        there = placed(part.rollouts.rows, device_of(critic))
        found, values = critic(there)
        answers, said = (by_document(there, x, documents) for x in (found, values))
        old, returns = (torch.from_numpy(x).to(values.device) for x in (part.values, part.returns))
        total, count, metrics = clipped_surrogate(part.rollouts.seen_with(answers))
        return BatchLoss(
            total + value_weight * value_loss(said.loglikelihoods, old, returns, answers.mask), count, metrics
        )

    return learn


METHODS: dict[str, PolicyMethod] = {
    "rloo": PolicyMethod(_rloo, lambda divergence, value: policy(POLICIES["rloo"])),
    "grpo": PolicyMethod(
        _grpo,
        lambda divergence, value: policy(
            partial(clipped_surrogate, averaging="sequence", divergence_weight=divergence)
        ),
    ),
    "ppo": PolicyMethod(_ppo, lambda divergence, value: actor_critic(value), critic=True),
}


@torch.no_grad()
def seen_by(
    policy_: nn.Module, reference: Reader, documents: Sequence[Document], *, part_tokens: int, pad: int, pack: bool
) -> Seen:
    """Log-likelihoods of the answers' tokens under the policy as it is and under the reference; a critic's values."""
    reader = policy_.reader if isinstance(policy_, Critic) else policy_
    longest = max(int((d.labels >= 0).sum()) for d in documents)
    shape = (len(documents), longest)
    behaviour, frozen, values = (torch.zeros(shape) for _ in range(3))
    mask = torch.zeros(shape, dtype=torch.bool)
    for numbers in _parts(documents, part_tokens, pack=pack):
        rows = _laid([documents[i] for i in numbers], pad, pack=pack)
        if isinstance(policy_, Critic):
            there = placed(rows, device_of(policy_))
            own, expected = (by_document(there, x, len(numbers)) for x in policy_(there))
            _put(values, numbers, expected.loglikelihoods)
        else:
            own = answers_in(reader, rows, len(numbers))
        _put(behaviour, numbers, own.loglikelihoods)
        _put(mask, numbers, own.mask)
        _put(frozen, numbers, answers_in(reference, rows, len(numbers)).loglikelihoods)
    return Seen(behaviour, frozen, mask, values if isinstance(policy_, Critic) else None)


def _put(into: Tensor, numbers: Ids, found: Tensor) -> None:
    into[torch.from_numpy(numbers), : found.shape[1]] = found.to(into.device, into.dtype)


def parts_of(
    sampled: Sampled, seen: Seen, weighed: Weighed, *, part_tokens: int, pad: int, pack: bool
) -> list[RolloutRows] | list[ValuedRows]:
    """The step's parts of at most `part_tokens` places."""
    found: list[Any] = []
    for numbers in _parts(sampled.documents, part_tokens, pack=pack):
        of, longest = torch.from_numpy(numbers), int(seen.mask[numbers].sum(dim=1).max())

        def kept(values: Tensor, of: Tensor = of, longest: int = longest) -> Floats:
            chosen = values[of] if values.ndim == 1 else values[of, :longest]
            return np.ascontiguousarray(chosen.float().numpy())

        rows = _laid([sampled.documents[i] for i in numbers], pad, pack=pack)
        part = RolloutRows(rows, kept(seen.behaviour), kept(weighed.advantages), kept(seen.reference))
        if seen.values is None or weighed.returns is None:
            found.append(part)
        else:
            found.append(ValuedRows(part, kept(seen.values), kept(weighed.returns)))
    return found


def _parts(documents: Sequence[Document], part_tokens: int, *, pack: bool) -> list[Ids]:
    lengths = np.asarray([len(d.ids) for d in documents], dtype=np.int64)
    return (even_parts if pack else near_parts)(lengths, part_tokens)


def _laid(documents: Sequence[Document], pad: int, *, pack: bool) -> Rows:
    return packed(documents) if pack else padded(documents, pad=pad)
