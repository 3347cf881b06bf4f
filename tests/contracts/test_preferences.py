"""What every loss over preferences must be: paired, judged or rewarded, it adds up and reads only the answers."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from dono.objectives import PREFERENCES, anchored, dpo, kto
from tests.rooms.objectives import batches
from tests.rooms.objectives.batches import Maker, Objective, judged, pairs, rank, rewards

OVER_ANSWERS: dict[str, tuple[Objective, Maker]] = {
    **{name: (objective, pairs) for name, objective in PREFERENCES.items()},
    "anchored": (partial(anchored, dpo, weight=0.7), pairs),
    "kto": (partial(kto, desirable_weight=1.3, undesirable_weight=0.7), judged),
}
ALL = OVER_ANSWERS | {"bradley_terry": (rank, rewards)}


@pytest.mark.parametrize("name", ALL)
def test_eight_parts_have_the_loss_and_gradient_of_one(name: str) -> None:
    objective, make = ALL[name]
    batches.sums_over_parts(objective, make(dtype=torch.float32))


@pytest.mark.parametrize("name", ALL)
def test_the_order_of_rows_does_not_matter(name: str) -> None:
    objective, make = ALL[name]
    batches.does_not_know_the_order_of_rows(objective, make(rows=5), 5)


@pytest.mark.parametrize("name", OVER_ANSWERS)
def test_what_is_masked_is_neither_read_nor_trained(name: str) -> None:
    objective, make = OVER_ANSWERS[name]
    batches.reads_nothing_masked(objective, make())


@pytest.mark.parametrize("name", OVER_ANSWERS)
def test_an_answer_without_tokens_is_refused(name: str) -> None:
    objective, make = OVER_ANSWERS[name]
    batches.refuses_a_row_without_tokens(objective, make())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ALL)
def test_extreme_logits_stay_finite(name: str, dtype: torch.dtype) -> None:
    objective, make = ALL[name]
    batches.is_finite(objective, make(scale=1e4, dtype=dtype))
