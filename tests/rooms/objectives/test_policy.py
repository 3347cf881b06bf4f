"""What the advantages and policy losses mean: baselines, clipping, and the divergence from a reference."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dono.objectives import (
    POLICIES,
    Answers,
    PolicyObjective,
    Rollouts,
    clipped_surrogate,
    divergence,
    group_relative,
    leave_one_out,
    penalised,
    reinforce,
    rloo,
    whitened,
)
from tests.rooms.objectives import batches
from tests.rooms.objectives.batches import rollouts

FEW = settings(max_examples=30, deadline=None)
SEEDS = st.integers(0, 10_000)
GROUPS = st.lists(st.lists(st.floats(-100, 100), min_size=4, max_size=4), min_size=1, max_size=5)


@FEW
@given(GROUPS)
def test_the_baseline_leaves_the_answer_itself_out(groups: list[list[float]]) -> None:
    found = leave_one_out(torch.tensor(groups, dtype=torch.float64))
    for group, advantages in zip(groups, found.tolist(), strict=True):
        for i, advantage in enumerate(advantages):
            siblings = group[:i] + group[i + 1 :]
            assert advantage == pytest.approx(group[i] - sum(siblings) / 3, abs=1e-9)


@FEW
@given(GROUPS, st.floats(-100, 100))
def test_advantages_do_not_see_what_a_group_shares(groups: list[list[float]], shift: float) -> None:
    rewards = torch.tensor(groups, dtype=torch.float64)
    for advantages in (leave_one_out, lambda r: group_relative(r, scaled=False)):
        assert torch.allclose(advantages(rewards + shift), advantages(rewards), atol=1e-9)
        assert torch.allclose(advantages(rewards).sum(dim=1), torch.zeros(len(groups), dtype=torch.float64), atol=1e-9)


def test_a_group_of_equal_rewards_teaches_nothing() -> None:
    rewards = torch.full((2, 3), 0.5)
    for advantages in (leave_one_out(rewards), group_relative(rewards), group_relative(rewards, scaled=False)):
        assert not advantages.any()


def test_scaled_groups_have_one_deviation() -> None:
    found = group_relative(torch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]], dtype=torch.float64))
    assert torch.allclose(found[0], found[1], atol=1e-3)
    assert torch.allclose(found.std(dim=1), torch.ones(2, dtype=torch.float64), atol=1e-3)


@pytest.mark.parametrize("advantages", [leave_one_out, group_relative])
def test_a_single_answer_is_no_group(advantages: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(AssertionError, match="two answers"):
        advantages(torch.zeros(3, 1))


@FEW
@given(SEEDS)
def test_whitened_advantages_have_mean_0_and_variance_1_over_tokens(seed: int) -> None:
    mask = rollouts(seed).answers.mask
    values = 5 + 3 * torch.randn(mask.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    found = whitened(values, mask)
    assert found[mask].mean().item() == pytest.approx(0, abs=1e-9)
    assert found[mask].var().item() == pytest.approx(1, abs=1e-6)
    assert not found[~mask].any()


def one_token(ratio: float, advantage: float) -> Rollouts:
    tokens = torch.tensor([[math.log(0.2 * ratio)]], requires_grad=True)
    return Rollouts(
        Answers(tokens, torch.ones(1, 1, dtype=torch.bool)), torch.tensor([[math.log(0.2)]]), torch.tensor([advantage])
    )


@pytest.mark.parametrize("objective", [clipped_surrogate, rloo])
@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "trains"),
    [
        (1.1, +1.0, -1.1, True),
        (1.5, +1.0, -1.2, False),  # already much likelier: no further
        (0.5, +1.0, -0.5, True),  # it went the wrong way: pulled back
        (1.5, -1.0, +1.5, True),
        (0.5, -1.0, +0.8, False),
    ],
)
def test_the_clip_stops_only_what_went_far_enough(
    objective: PolicyObjective, ratio: float, advantage: float, loss: float, trains: bool
) -> None:
    batch = one_token(ratio, advantage)
    total, count, metrics = objective(batch)
    assert total.item() == pytest.approx(loss) and count == 1
    assert bool(batches.gradient(total, batch).any()) == trains
    assert metrics.clipped == (not trains) and metrics.tokens == 1


def test_a_clipped_answer_counts_its_tokens_and_no_padding() -> None:
    mask = torch.tensor([[True, True, False], [True, False, False]])
    batch = Rollouts(Answers(torch.zeros(2, 3), mask), torch.full((2, 3), -1.0), torch.ones(2))
    for objective in (clipped_surrogate, rloo):
        metrics = objective(batch).metrics
        assert metrics.clipped == metrics.tokens == 3


def test_only_the_policy_in_training_has_a_gradient() -> None:
    batch = rollouts()
    frozen = {"behaviour": batch.behaviour, "advantages": batch.advantages, "reference": batch.reference}
    given_gradients = {name: tensor.clone().requires_grad_() for name, tensor in frozen.items() if tensor is not None}
    for objective in (reinforce, rloo, POLICIES["grpo"]):
        objective(batch._replace(**given_gradients)).total.backward(retain_graph=True)
    assert all(tensor.grad is None for tensor in given_gradients.values())


@pytest.mark.parametrize("advantage", [1.0, -1.0])
def test_a_ratio_past_any_float_is_finite_and_has_no_gradient(advantage: float) -> None:
    tokens = torch.tensor([[0.0]], requires_grad=True)
    answers = Answers(tokens, torch.ones(1, 1, dtype=torch.bool))
    batch = Rollouts(answers, torch.tensor([[-1e4]]), torch.tensor([advantage]))
    for objective in (clipped_surrogate, rloo):
        total = objective(batch).total
        assert total.isfinite() and not batches.gradient(total, batch).any()


@FEW
@given(SEEDS)
def test_on_policy_every_loss_has_the_gradient_of_reinforce(seed: int) -> None:
    batch = rollouts(seed)
    batch = batch._replace(behaviour=batch.answers.loglikelihoods.detach())
    expected = batches.gradient(reinforce(batch).total, batch)
    for objective in (rloo, clipped_surrogate):
        assert torch.allclose(batches.gradient(objective(batch).total, batch), expected, atol=1e-12)


@FEW
@given(SEEDS)
def test_advantages_per_token_may_be_those_of_the_row(seed: int) -> None:
    batch = rollouts(seed)
    spread = batch._replace(advantages=batch.advantages[:, None].expand_as(batch.behaviour))
    for objective in (reinforce, clipped_surrogate):
        assert objective(spread).total.item() == pytest.approx(objective(batch).total.item(), rel=1e-12)


@FEW
@given(SEEDS)
def test_k3_is_never_negative_and_zero_only_at_the_reference(seed: int) -> None:
    answers, reference = rollouts(seed).answers, rollouts(seed).reference
    assert reference is not None
    assert bool((divergence(answers, reference) >= 0).all())
    assert not divergence(answers, answers.loglikelihoods).any()


@pytest.mark.parametrize("estimator", ["k1", "k3"])
def test_the_estimators_average_to_the_divergence(estimator: Literal["k1", "k3"]) -> None:
    generator = torch.Generator().manual_seed(0)
    policy, reference = torch.randn(2, 1, 11, generator=generator, dtype=torch.float64).log_softmax(-1)
    every_token = Answers(policy, torch.ones(1, 11, dtype=torch.bool))
    mean = (policy.exp() * divergence(every_token, reference, estimator)).sum()
    exact = (policy.exp() * (policy - reference)).sum()
    assert mean.item() == pytest.approx(exact.item(), rel=1e-9)


@FEW
@given(SEEDS)
def test_the_divergence_pulls_the_policy_towards_its_reference(seed: int) -> None:
    batch = rollouts(seed)._replace(advantages=torch.zeros(8))
    assert batch.reference is not None
    batch = batch._replace(behaviour=batch.answers.loglikelihoods.detach())

    def pull(b: Rollouts) -> Tensor:
        return clipped_surrogate(b, divergence_weight=0.5).total

    (slope,) = torch.autograd.grad(pull(batch), batch.answers.loglikelihoods)
    towards = (batch.reference - batch.answers.loglikelihoods.detach()) * batch.answers.mask
    assert (slope * towards).sum() < 0


def test_a_penalised_reward_is_lowered_by_the_divergence_of_the_whole_answer() -> None:
    answers = Answers(torch.log(torch.tensor([[0.5, 0.5, 0.9]])), torch.tensor([[True, True, False]]))
    reference = torch.log(torch.tensor([[0.25, 0.25, 0.1]]))
    found = penalised(torch.tensor([1.0]), answers, reference, weight=0.1)
    assert found.item() == pytest.approx(1 - 0.1 * 2 * math.log(2))


def test_a_divergence_without_a_reference_is_refused() -> None:
    with pytest.raises(AssertionError, match="reference"):
        clipped_surrogate(rollouts()._replace(reference=None), divergence_weight=0.1)


def test_each_averaging_counts_what_it_sums() -> None:
    batch = rollouts()
    counts = [clipped_surrogate(batch, averaging=kind).count for kind in ("token", "sequence", 9)]
    assert counts == [batch.answers.mask.sum(), 8, 72]
