"""What every policy loss must be: it adds up over parts and reads only the answers."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from dono.objectives import POLICIES, PolicyObjective, clipped_surrogate
from tests.rooms.objectives import batches
from tests.rooms.objectives.batches import rollouts

ALL: dict[str, PolicyObjective] = POLICIES | {
    "dr_grpo": partial(clipped_surrogate, averaging=9),
    "ppo_penalised": partial(clipped_surrogate, divergence_weight=0.1),
}


@pytest.mark.parametrize("name", ALL)
def test_eight_parts_have_the_loss_and_gradient_of_one(name: str) -> None:
    batches.sums_over_parts(ALL[name], rollouts(dtype=torch.float32))


@pytest.mark.parametrize("name", ALL)
def test_the_order_of_rows_does_not_matter(name: str) -> None:
    batches.does_not_know_the_order_of_rows(ALL[name], rollouts(rows=5), 5)


@pytest.mark.parametrize("name", ALL)
def test_what_is_masked_is_neither_read_nor_trained(name: str) -> None:
    batches.reads_nothing_masked(ALL[name], rollouts())


@pytest.mark.parametrize("name", ALL)
def test_an_answer_without_tokens_is_refused(name: str) -> None:
    batches.refuses_a_row_without_tokens(ALL[name], rollouts())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ALL)
def test_extreme_logits_stay_finite(name: str, dtype: torch.dtype) -> None:
    batches.is_finite(ALL[name], rollouts(scale=1e4, dtype=dtype))


@pytest.mark.parametrize("name", ALL)
def test_without_advantage_and_divergence_there_is_nothing_to_learn(name: str) -> None:
    batch = rollouts()
    batch = batch._replace(advantages=torch.zeros(8), reference=batch.answers.loglikelihoods.detach())
    assert not batches.gradient(ALL[name](batch).total, batch).any()


@pytest.mark.parametrize("name", ALL)
def test_on_policy_the_loss_falls_when_a_better_answer_gets_likelier(name: str) -> None:
    batch = rollouts()
    here = batch.answers.loglikelihoods.detach()
    batch = batch._replace(behaviour=here, reference=here)
    towards = batch.advantages[:, None].sign() * batch.answers.mask
    batches.falls_along_its_gradient(ALL[name], batch, [towards])
