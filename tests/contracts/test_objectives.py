"""What every objective must be: a pure function of logits and labels that agrees with the field's own."""

from __future__ import annotations

import pytest
import torch
from transformers.loss.loss_utils import ForCausalLMLoss

from dono.objectives import IGNORED, OBJECTIVES


def batch(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 7, 11, generator=generator, dtype=dtype).requires_grad_()
    labels = torch.randint(0, 11, (3, 7), generator=generator)
    labels[0, :4] = IGNORED
    return logits, labels


@pytest.mark.parametrize("name", OBJECTIVES)
def test_loss_and_gradient_equal_transformers(name: str) -> None:
    logits, labels = batch(torch.float32)
    total, positions = OBJECTIVES[name](logits, labels)
    (ours,) = torch.autograd.grad(total / positions, logits)
    theirs_loss = ForCausalLMLoss(logits, None, 11, shift_labels=labels)
    (theirs,) = torch.autograd.grad(theirs_loss, logits)
    assert torch.allclose(total / positions, theirs_loss, atol=1e-6)
    assert torch.allclose(ours, theirs, atol=1e-7)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_what_is_ignored_has_no_gradient(name: str) -> None:
    logits, labels = batch()
    total, positions = OBJECTIVES[name](logits, labels)
    (gradient,) = torch.autograd.grad(total, logits)
    assert int(positions) == 17
    assert not gradient[0, :4].any() and gradient[0, 4:].any()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_batch_in_parts_sums_to_the_batch(name: str) -> None:
    logits, labels = batch()
    whole = OBJECTIVES[name](logits, labels)
    parts = [OBJECTIVES[name](logits[i : i + 1], labels[i : i + 1]) for i in range(3)]
    assert whole.total.item() == pytest.approx(sum(p.total.item() for p in parts), rel=1e-6)


def test_a_batch_with_nothing_to_learn_is_refused() -> None:
    logits, labels = batch()
    with pytest.raises(AssertionError, match="masked"):
        OBJECTIVES["masked_answers"](logits, torch.full_like(labels, IGNORED))
