"""What every likelihood objective must be: a pure function that agrees with the field's own, whole or in parts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from transformers.loss.loss_utils import ForCausalLMLoss

from dono.objectives import OBJECTIVES, Logits, Predictions, Projected
from dono.tokens import IGNORED

FORMS: dict[str, Callable[[Tensor, Tensor], Predictions]] = {
    "logits": lambda hidden, weight: Logits(hidden @ weight.t()),
    "projected": Projected,
}
"""The two ways in which a model may say the same."""
EVERY = [(name, form) for name in OBJECTIVES for form in FORMS]


def batch(dtype: torch.dtype = torch.float64, positions: int = 16) -> tuple[Tensor, Tensor, Tensor]:
    """Hidden states [positions, width], a head, and labels [positions]."""
    draw = torch.Generator().manual_seed(0)
    hidden = torch.randn(positions, 6, generator=draw, dtype=dtype).requires_grad_()
    weight = torch.randn(11, 6, generator=draw, dtype=dtype).requires_grad_()
    return hidden, weight, torch.randint(0, 11, (positions,), generator=draw)


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_loss_and_gradient_equal_transformers_where_labels_are_ignored(name: str, form: str) -> None:
    hidden, weight, labels = batch(torch.float32)
    labels[:4] = IGNORED
    trained = labels != IGNORED
    total, count, _ = OBJECTIVES[name](FORMS[form](hidden[trained], weight), labels[trained])
    theirs = ForCausalLMLoss((hidden @ weight.t())[None], None, 11, shift_labels=labels[None])
    assert int(count) == 12
    assert (total / count).item() == pytest.approx(theirs.item(), rel=1e-6)
    expected = torch.autograd.grad(theirs, (hidden, weight))
    for one, other in zip(torch.autograd.grad(total / count, (hidden, weight)), expected, strict=True):
        assert (one - other).abs().max() <= 1e-6 * other.abs().max()


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_eight_parts_have_the_loss_and_gradient_of_one(name: str, form: str) -> None:
    hidden, weight, labels = batch(torch.float32)
    whole = OBJECTIVES[name](FORMS[form](hidden, weight), labels)
    once = torch.autograd.grad(whole.total / whole.count, (hidden, weight))
    parts = [OBJECTIVES[name](FORMS[form](hidden[i : i + 2], weight), labels[i : i + 2]) for i in range(0, 16, 2)]
    assert sum(int(p.count) for p in parts) == int(whole.count)
    assert sum(p.total.item() for p in parts) == pytest.approx(whole.total.item(), rel=1e-6)
    found = [torch.autograd.grad(p.total / whole.count, (hidden, weight)) for p in parts]
    for pieces, expected in zip(zip(*found, strict=True), once, strict=True):
        assert (sum(pieces) - expected).abs().max() <= 1e-6 * expected.abs().max()


@pytest.mark.parametrize("form", FORMS)
def test_a_batch_with_nothing_to_learn_is_refused_where_answers_are_learned(form: str) -> None:
    hidden, weight, labels = batch(positions=0)
    with pytest.raises(AssertionError, match="masked"):
        OBJECTIVES["masked_answers"](FORMS[form](hidden, weight), labels)


@pytest.mark.parametrize("form", FORMS)
def test_filling_alone_is_a_loss_of_zero_that_teaches_nothing(form: str) -> None:
    hidden, weight, labels = batch(positions=0)
    total, count, _ = OBJECTIVES["next_token"](FORMS[form](hidden, weight), labels)
    assert total.item() == 0 and int(count) == 0
    (slope,) = torch.autograd.grad(total, weight)
    assert not slope.any()
