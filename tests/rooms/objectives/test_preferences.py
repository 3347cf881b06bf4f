"""What the preference losses mean: signs, invariances, and the terms that belong to the batch."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import logsigmoid

from dono.objectives import (
    PREFERENCES,
    Answers,
    Pairs,
    averaged,
    bradley_terry,
    dpo,
    judged_objective,
    kto,
    kto_divergence,
    log_ratios,
    orpo,
    pair_objective,
    simpo,
    summed,
)
from tests.rooms.objectives import batches
from tests.rooms.objectives.batches import judged, pairs, part

FEW = settings(max_examples=30, deadline=None)
SEEDS = st.integers(0, 10_000)
ROWS = st.integers(1, 6)


@FEW
@given(SEEDS, ROWS, st.floats(-50, 50), st.sampled_from([0.0, 0.2]))
def test_dpo_does_not_see_what_both_references_share(seed: int, rows: int, shift: float, smoothing: float) -> None:
    batch = pairs(seed, rows)
    assert batch.reference_chosen is not None and batch.reference_rejected is not None
    moved = batch._replace(
        reference_chosen=batch.reference_chosen + shift, reference_rejected=batch.reference_rejected + shift
    )
    found, expected = (dpo(b, label_smoothing=smoothing).total.item() for b in (moved, batch))
    assert found == pytest.approx(expected, rel=1e-9)


@FEW
@given(SEEDS, ROWS)
def test_a_paired_loss_falls_when_the_chosen_gets_likelier_and_the_rejected_less(seed: int, rows: int) -> None:
    batch = pairs(seed, rows)
    for objective in PREFERENCES.values():
        batches.falls_along_its_gradient(objective, batch, [+batch.chosen.mask.double(), -batch.rejected.mask.double()])


@FEW
@given(SEEDS, ROWS)
def test_kto_falls_when_the_desirable_gets_likelier_and_the_others_less(seed: int, rows: int) -> None:
    batch = judged(seed, rows)
    signs = torch.where(batch.desirable, 1.0, -1.0)[:, None] * batch.answers.mask
    batches.falls_along_its_gradient(kto, batch, [signs])


def test_a_model_that_is_its_reference_is_undecided() -> None:
    batch = pairs()
    batch = batch._replace(
        reference_chosen=summed(batch.chosen).detach(), reference_rejected=summed(batch.rejected).detach()
    )
    total, count, metrics = dpo(batch)
    assert total.item() / count.item() == pytest.approx(math.log(2))
    assert metrics.accuracy == 0 and metrics.chosen_reward == metrics.rejected_reward == 0


def test_metrics_of_pairs_count_what_is_ranked_right() -> None:
    metrics = bradley_terry(torch.tensor([2.0, 0.0, 1.0]), torch.tensor([1.0, 1.0, 0.0]), margin=5.0).metrics
    assert [m.item() for m in metrics] == [2, 3.0, 2.0]


def test_a_margin_asks_for_more() -> None:
    reward = torch.zeros(2)
    assert bradley_terry(reward, reward, margin=1.0).total > bradley_terry(reward, reward).total


def test_smoothed_labels_put_the_optimum_at_the_odds_of_a_true_label() -> None:
    gap = torch.tensor([math.log(0.9 / 0.1)], requires_grad=True)
    (slope,) = torch.autograd.grad(bradley_terry(gap, torch.zeros(1), label_smoothing=0.1).total, gap)
    assert slope.item() == pytest.approx(0, abs=1e-6)


def test_metrics_of_judged_answers_split_the_rewards_by_verdict() -> None:
    batch = judged()
    rewards = 0.1 * log_ratios(batch.answers, batch.reference)
    metrics = kto(batch).metrics
    assert metrics.desirable == batch.desirable.sum()
    assert metrics.desirable_reward.item() == pytest.approx(rewards[batch.desirable].sum().item())
    assert metrics.undesirable_reward.item() == pytest.approx(rewards[~batch.desirable].sum().item())


def test_the_divergence_of_kto_is_a_term_of_the_batch() -> None:
    apart = torch.tensor([-3.0, 4.0, 1.0, 2.0])
    assert kto_divergence(apart) == 1.0
    assert kto_divergence(apart[:1]) == 0.0  # so parts that each took their own would make another loss
    batch = judged(rows=2)
    own = [part(batch, slice(i, i + 1))._replace(divergence=kto_divergence(apart[i : i + 1])) for i in range(2)]
    whole = kto(batch._replace(divergence=kto_divergence(apart[:2]))).total
    assert sum(kto(b).total for b in own).item() != pytest.approx(whole.item(), rel=1e-4)


def test_no_gradient_runs_through_the_divergence_or_a_reference() -> None:
    batch = judged()
    divergence, reference = (t.clone().requires_grad_() for t in (batch.divergence, batch.reference))
    kto(batch._replace(divergence=divergence, reference=reference)).total.backward()
    assert divergence.grad is None and reference.grad is None


def test_orpo_of_two_certain_answers_is_undecided_and_finite() -> None:
    certain = Answers(torch.zeros(1, 3, requires_grad=True), torch.ones(1, 3, dtype=torch.bool))
    assert orpo(Pairs(certain, certain), weight=1.0).total.item() == pytest.approx(math.log(2))


@FEW
@given(SEEDS, ROWS)
def test_orpo_is_the_papers_formula(seed: int, rows: int) -> None:
    batch = pairs(seed, rows)
    chosen, rejected = averaged(batch.chosen), averaged(batch.rejected)
    odds = [p / (1 - p) for p in (chosen.exp(), rejected.exp())]
    expected = (-chosen - 0.3 * logsigmoid((odds[0] / odds[1]).log())).sum()
    assert orpo(batch, weight=0.3).total.item() == pytest.approx(expected.item(), rel=1e-9)


@pytest.mark.parametrize("name", ["dpo", "dpo_length_normalised", "simpo"])
def test_an_anchored_loss_adds_what_each_preferred_answer_costs_a_token(name: str) -> None:
    batch = pairs()
    values, mask = batch.chosen
    cost = -sum(row[kept].mean().item() for row, kept in zip(values, mask, strict=True))
    plain, held = (pair_objective(name, chosen_weight=w)(batch) for w in (0.0, 0.3))
    assert held.total.item() == pytest.approx(plain.total.item() + 0.3 * cost, rel=1e-9)
    assert held.count == plain.count and held.metrics == plain.metrics


def test_where_both_answers_lose_alike_the_anchor_alone_sees_it() -> None:
    batch = pairs()
    lost = [
        Answers(a.loglikelihoods - a.mask / a.mask.sum(1, keepdim=True), a.mask) for a in (batch.chosen, batch.rejected)
    ]
    worse = batch._replace(chosen=lost[0], rejected=lost[1])
    assert dpo(worse).total.item() == pytest.approx(dpo(batch).total.item(), rel=1e-9)
    anchored = pair_objective("dpo", chosen_weight=1.0)
    assert anchored(worse).total > anchored(batch).total


def test_another_beta_reaches_the_loss_that_has_it() -> None:
    batch, verdicts = pairs(), judged()
    expected = {"dpo": dpo(batch, beta=0.7), "simpo": simpo(batch, beta=0.7), "orpo": orpo(batch, weight=0.7)}
    expected["dpo_length_normalised"] = dpo(batch, beta=0.7, length_normalised=True)
    for name, loss in expected.items():
        assert pair_objective(name, beta=0.7)(batch).total == loss.total
        assert pair_objective(name)(batch).total == PREFERENCES[name](batch).total != loss.total
    assert judged_objective(beta=0.7)(verdicts).total == kto(verdicts, beta=0.7).total
    assert judged_objective()(verdicts).total == kto(verdicts).total


def test_bfloat16_likelihoods_are_summed_in_float32() -> None:
    answers = Answers(torch.full((1, 1001), -1.0, dtype=torch.bfloat16), torch.ones(1, 1001, dtype=torch.bool))
    assert summed(answers).item() == -1001.0  # bfloat16 has no 1001


@pytest.mark.parametrize("name", ["dpo", "dpo_length_normalised"])
def test_dpo_without_a_reference_is_refused(name: str) -> None:
    with pytest.raises(AssertionError, match="reference"):
        PREFERENCES[name](pairs()._replace(reference_chosen=None))
