"""Small random batches for the preference and policy losses, and the laws that every such loss obeys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import pytest
import torch
from torch import Tensor

from dono.objectives import (
    Answers,
    BatchLoss,
    Judged,
    Pairs,
    Rollouts,
    bradley_terry,
    kto_divergence,
    log_ratios,
    summed,
)

VOCABULARY, LENGTH = 11, 7
Batch = tuple[Any, ...]
"""Any of `Pairs`, `Judged`, `Rewards`, `Rollouts`, and the tuples of tensors in them."""
B = TypeVar("B", bound=Batch)
Maker = Callable[..., Any]
Objective = Callable[[Any], BatchLoss[Any]]


class Rewards(NamedTuple):
    chosen: Tensor
    rejected: Tensor
    margin: Tensor


def rank(rewards: Rewards) -> BatchLoss[Any]:
    return bradley_terry(rewards.chosen, rewards.rejected, margin=rewards.margin)


class Random:
    """Random tensors of one kind, each drawn after the other."""

    def __init__(self, seed: int, rows: int, scale: float, dtype: torch.dtype) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.rows, self.scale, self.dtype = rows, scale, dtype

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64).to(self.dtype)

    def verdicts(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.generator) < 0.5

    def tokens(self) -> Tensor:
        """Log-likelihoods [rows, length] of random tokens under random logits, differentiable."""
        logits = (self.scale * self.normal(self.rows, LENGTH, VOCABULARY)).requires_grad_()
        chosen = torch.randint(0, VOCABULARY, (self.rows, LENGTH, 1), generator=self.generator)
        return logits.log_softmax(-1).gather(-1, chosen).squeeze(-1)

    def answers(self) -> Answers:
        """Answers of 1 to `LENGTH` tokens, behind a prompt of 0 to 2 tokens where they leave room."""
        ends = torch.randint(1, LENGTH + 1, (self.rows, 1), generator=self.generator)
        starts = torch.minimum(torch.randint(0, 3, (self.rows, 1), generator=self.generator), ends - 1)
        positions = torch.arange(LENGTH)
        return Answers(self.tokens(), (positions >= starts) & (positions < ends))

    def near(self, answers: Answers) -> Tensor:
        """Token log-likelihoods of a model that is near the one in training."""
        return answers.loglikelihoods.detach() + 0.3 * self.scale * self.normal(self.rows, LENGTH)


def pairs(seed: int = 0, rows: int = 8, scale: float = 1.0, dtype: torch.dtype = torch.float64) -> Pairs:
    draw = Random(seed, rows, scale, dtype)
    chosen, rejected = draw.answers(), draw.answers()
    references = [summed(Answers(draw.near(side), side.mask)) for side in (chosen, rejected)]
    return Pairs(chosen, rejected, *references)


def judged(seed: int = 0, rows: int = 8, scale: float = 1.0, dtype: torch.dtype = torch.float64) -> Judged:
    draw = Random(seed, rows, scale, dtype)
    answers, mismatched = draw.answers(), draw.answers()
    reference = summed(Answers(draw.near(answers), answers.mask))
    apart = log_ratios(mismatched, summed(Answers(draw.near(mismatched) - scale, mismatched.mask)))
    return Judged(answers, reference, draw.verdicts(rows), kto_divergence(apart))


def rewards(seed: int = 0, rows: int = 8, scale: float = 1.0, dtype: torch.dtype = torch.float64) -> Rewards:
    draw = Random(seed, rows, scale, dtype)
    chosen, rejected = ((scale * draw.normal(rows)).requires_grad_() for _ in range(2))
    return Rewards(chosen, rejected, draw.normal(rows).abs())


def rollouts(seed: int = 0, rows: int = 8, scale: float = 1.0, dtype: torch.dtype = torch.float64) -> Rollouts:
    draw = Random(seed, rows, scale, dtype)
    answers = draw.answers()
    return Rollouts(answers, draw.near(answers), draw.normal(rows), draw.near(answers))


def rebuilt(batch: B, change: Callable[[object], object]) -> B:
    """The same kind of batch with every field changed."""
    kind: Callable[..., B] = type(batch)
    return kind(*map(change, batch))


def part(batch: B, rows: slice | Tensor) -> B:
    """Some rows of a batch; scalars are terms of the whole batch and stay."""

    def cut(field: object) -> object:
        if isinstance(field, tuple):
            return part(field, rows)
        return field[rows] if isinstance(field, Tensor) and field.ndim else field

    return rebuilt(batch, cut)


def trained(batch: Batch) -> list[Tensor]:
    """The tensors of a batch through which gradients run."""
    fields = [tensor for field in batch for tensor in (trained(field) if isinstance(field, tuple) else [field])]
    return [field for field in fields if isinstance(field, Tensor) and field.requires_grad]


def gradient(loss: Tensor, batch: Batch) -> Tensor:
    """The gradient of `loss` with respect to all that is trained, side by side."""
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, trained(batch), retain_graph=True)])


def sums_over_parts(objective: Objective, batch: Batch) -> None:
    """One part of 8 rows and 8 parts of one row have the same loss, gradient and metrics."""
    whole, parts = objective(batch), [objective(part(batch, slice(i, i + 1))) for i in range(8)]
    count = sum(p.count for p in parts)
    assert count == whole.count
    once = gradient(whole.total / whole.count, batch)
    eight_times = sum(gradient(p.total / count, batch) for p in parts)
    assert torch.allclose(eight_times, once, rtol=1e-6, atol=1e-6 * once.abs().max().item())
    assert sum(p.total for p in parts).item() == pytest.approx(whole.total.item(), rel=1e-6, abs=1e-6)
    for name, value in whole.metrics._asdict().items():
        assert sum(getattr(p.metrics, name) for p in parts).item() == pytest.approx(value.item(), rel=1e-5, abs=1e-5)


def does_not_know_the_order_of_rows(objective: Objective, batch: Batch, rows: int) -> None:
    """The rows of a batch may come in any order."""
    reversed_rows = torch.arange(rows).flip(0)
    turned = objective(part(batch, reversed_rows))
    assert turned.total.item() == pytest.approx(objective(batch).total.item(), rel=1e-9, abs=1e-9)


def reads_nothing_masked(objective: Objective, batch: Batch) -> None:
    """What is masked changes nothing, even where it is no number, and has no gradient."""
    loss = objective(batch)
    spoiled = spoil(batch)
    again = objective(spoiled)
    assert again.total.item() == loss.total.item()
    for answers in sides(spoiled):
        (found,) = torch.autograd.grad(again.total, answers.loglikelihoods, retain_graph=True)
        assert not found[~answers.mask].any()
        assert found[answers.mask].isfinite().all()
    assert any(torch.autograd.grad(again.total, trained(spoiled), retain_graph=True)[0].flatten() != 0)


def spoil(batch: B) -> B:
    """The batch with NaN wherever an answer's mask is False."""

    def fill(field: object) -> object:
        return (
            Answers(field.loglikelihoods.where(field.mask, torch.nan), field.mask)
            if isinstance(field, Answers)
            else field
        )

    return rebuilt(batch, fill)


def sides(batch: Batch) -> list[Answers]:
    """All the answers of a batch."""
    return [field for field in batch if isinstance(field, Answers)]


def is_finite(objective: Objective, batch: Batch) -> None:
    """Loss, metrics and gradient are numbers."""
    loss = objective(batch)
    assert loss.total.isfinite()
    assert all(torch.as_tensor(metric).isfinite() for metric in loss.metrics)
    assert gradient(loss.total, batch).isfinite().all()


def refuses_a_row_without_tokens(objective: Objective, batch: Batch) -> None:
    """A row in which nothing is unmasked is an error of the caller."""
    answers = sides(batch)[0]
    mask = answers.mask.clone()
    mask[0] = False
    emptied = type(batch)(Answers(answers.loglikelihoods, mask), *batch[1:])
    with pytest.raises(AssertionError, match="masked"):
        objective(emptied)


def falls_along_its_gradient(objective: Objective, batch: Batch, direction: list[Tensor]) -> None:
    """The loss falls when what is trained moves a little along `direction` (signs, one tensor for each trained one)."""
    slopes = torch.autograd.grad(objective(batch).total, trained(batch))
    slope = sum((s * d).sum() for s, d in zip(slopes, direction, strict=True))
    assert slope < 0
