"""Cross-entropy and log-likelihoods in chunks against torch's own over full logits: values, gradients, memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from dono.objectives import Logits, Projected, cross_entropy, loglikelihoods, predictions

POSITIONS, WIDTH, VOCABULARY = 13, 6, 29
PRECISE = {torch.float64: 1e-12, torch.float32: 2e-6}
"""Largest difference relative to the largest value: sums in another order (measured: 7e-16 and 4e-7)."""
CHUNKS = [1, 2 * VOCABULARY, 5 * VOCABULARY + 3, 2**23]
"""Of one row (even where one row is more than the limit), two, five, and all rows at once."""


def batch(dtype: torch.dtype = torch.float64, positions: int = POSITIONS) -> tuple[Tensor, Tensor, Tensor]:
    """Hidden states and a head large enough that some tokens are nearly certain, and labels."""
    draw = torch.Generator().manual_seed(0)
    hidden, weight = (torch.randn(n, WIDTH, generator=draw, dtype=torch.float64) for n in (positions, VOCABULARY))
    labels = torch.randint(0, VOCABULARY, (positions,), generator=draw)
    return hidden.to(dtype).requires_grad_(), weight.mul(1.5).to(dtype).requires_grad_(), labels


def factors(like: Tensor) -> Tensor:
    """What comes from above: one factor for the loss, one for each log-likelihood; negative ones among them."""
    return torch.linspace(-1.7, 2.3, max(1, like.numel()), dtype=like.dtype).view_as(like)


def full(hidden: Tensor, weight: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Torch's own over full logits."""
    logits = hidden @ weight.t()
    return {
        "cross_entropy": functional.cross_entropy(logits, labels, reduction="sum"),
        "loglikelihoods": logits.log_softmax(-1).gather(1, labels[:, None])[:, 0],
    }


CHUNKED: dict[str, Callable[[Any, Tensor], Tensor]] = {"cross_entropy": cross_entropy, "loglikelihoods": loglikelihoods}


def near(ours: Tensor, theirs: Tensor, within: float) -> bool:
    return ours.dtype == theirs.dtype and bool((ours - theirs).abs().max() <= within * theirs.abs().max())


@pytest.mark.parametrize("values", CHUNKS)
@pytest.mark.parametrize("dtype", list(PRECISE))
@pytest.mark.parametrize("name", CHUNKED)
def test_values_and_gradients_are_those_of_full_logits(
    name: str, dtype: torch.dtype, values: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "CHUNK_VALUES", values)
    hidden, weight, labels = batch(dtype)
    ours, theirs = CHUNKED[name](Projected(hidden, weight), labels), full(hidden, weight, labels)[name]
    assert near(ours, theirs, PRECISE[dtype])
    expected = torch.autograd.grad(theirs, (hidden, weight), factors(theirs))
    for one, other in zip(torch.autograd.grad(ours, (hidden, weight), factors(ours)), expected, strict=True):
        assert near(one, other, PRECISE[dtype])


@pytest.mark.parametrize("name", CHUNKED)
def test_the_models_own_logits_give_the_same(name: str) -> None:
    hidden, weight, labels = batch()
    ours, theirs = CHUNKED[name](Logits(hidden @ weight.t()), labels), full(hidden, weight, labels)[name]
    assert near(ours, theirs, 1e-12)


@pytest.mark.parametrize("frozen", ["head", "hidden", "both"])
@pytest.mark.parametrize("name", CHUNKED)
def test_what_is_frozen_has_no_gradient_and_the_rest_keeps_its_own(
    name: str, frozen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "CHUNK_VALUES", 2 * VOCABULARY)
    hidden, weight, labels = batch()
    hidden.requires_grad_(frozen == "head"), weight.requires_grad_(frozen == "hidden")
    ours, theirs = CHUNKED[name](Projected(hidden, weight), labels), full(hidden, weight, labels)[name]
    assert near(ours, theirs, 1e-12) and ours.requires_grad == (frozen != "both")
    for trained in (t for t in (hidden, weight) if t.requires_grad):
        (expected,) = torch.autograd.grad(theirs, trained, factors(theirs))
        (found,) = torch.autograd.grad(ours, trained, factors(ours))
        assert near(found, expected, 1e-12)


@pytest.mark.parametrize("name", CHUNKED)
def test_no_position_at_all_is_zero_with_gradients_of_zero(name: str) -> None:
    hidden, weight, labels = batch(positions=0)
    found = CHUNKED[name](Projected(hidden, weight), labels)
    assert found.sum() == 0
    into_hidden, into_weight = torch.autograd.grad(found.sum(), (hidden, weight))
    assert into_hidden.shape == (0, WIDTH) and into_weight.shape == weight.shape and not into_weight.any()


def test_log_likelihoods_pass_torchs_check_of_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions, "CHUNK_VALUES", 2 * VOCABULARY)
    hidden, weight, labels = batch(positions=5)
    assert torch.autograd.gradcheck(lambda h, w: loglikelihoods(Projected(h, w), labels), (hidden, weight))


def test_cross_entropy_rises_along_its_gradient_as_differences_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand, because torch's check takes the gradient twice and ours can be taken once."""
    monkeypatch.setattr(predictions, "CHUNK_VALUES", 2 * VOCABULARY)
    hidden, weight, labels = batch()
    slopes = torch.autograd.grad(cross_entropy(Projected(hidden, weight), labels), (hidden, weight))
    for at in range(2):
        step = torch.randn(slopes[at].shape, generator=torch.Generator().manual_seed(at), dtype=torch.float64)
        ends = []
        for size in (1e-5, -1e-5):
            moved = [hidden.detach(), weight.detach()]
            moved[at] = moved[at] + size * step
            ends.append(cross_entropy(Projected(*moved), labels).item())
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx((slopes[at] * step).sum().item(), rel=1e-8)


def test_a_second_gradient_of_one_loss_is_refused_and_not_silently_missing() -> None:
    hidden, weight, labels = batch()
    loss = cross_entropy(Projected(hidden, weight), labels)
    torch.autograd.grad(loss, hidden, retain_graph=True)
    with pytest.raises(AssertionError, match="once"):
        torch.autograd.grad(loss, hidden)


@pytest.mark.parametrize("name", CHUNKED)
def test_a_gradient_of_the_gradient_is_refused_and_not_silently_wrong(name: str) -> None:
    hidden, weight, labels = batch()
    loss = CHUNKED[name](Projected(hidden, weight), labels).sum().square()
    (slope,) = torch.autograd.grad(loss, hidden, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


@pytest.mark.parametrize("values", [2 * VOCABULARY, 2**23])
@pytest.mark.parametrize("name", CHUNKED)
def test_under_autocast_nothing_is_farther_off_than_the_rounding_of_bfloat16(
    name: str, values: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound, element by element, with u = 2⁻⁸ for one rounding to bfloat16; sums are made in float32.

    A logit is a sum of products of rounded factors, itself rounded: |Δz| ≤ ε = ((1 + u)³ − 1) · max (|h| · |w|ᵀ).
    Then |Δ log p| ≤ 2ε, so |Δp| ≤ (e^{2ε} − 1) · p. A gradient sums products of the slopes p − [label], times what
    comes from above, with the other factor: slopes are off by that and rounded, other factor and sum are rounded.
    A gradient of the head is rounded once in each chunk, no more.
    """
    monkeypatch.setattr(predictions, "CHUNK_VALUES", values)
    hidden, weight, labels = batch(torch.float32)
    theirs = full(hidden, weight, labels)[name]
    expected = torch.autograd.grad(theirs, (hidden, weight), factors(theirs))
    with torch.autocast("cpu", torch.bfloat16):
        ours = CHUNKED[name](Projected(hidden, weight), labels)
    assert ours.dtype == torch.float32
    found = torch.autograd.grad(ours, (hidden, weight), factors(ours))

    rounded_thrice = (1 + 2**-8) ** 3 - 1
    h, w = hidden.detach().abs(), weight.detach().abs()
    epsilon = rounded_thrice * (h @ w.t()).max()
    shifts = 2 * epsilon * (POSITIONS if name == "cross_entropy" else 1)
    assert ((ours - theirs).abs() <= shifts).all() and (ours != theirs).any()
    likelihoods = (hidden @ weight.t()).detach().softmax(-1)
    above = factors(theirs).abs().expand(POSITIONS)[:, None]
    off = above * torch.expm1(2 * epsilon) * likelihoods
    slopes = above * (functional.one_hot(labels, VOCABULARY) - likelihoods).abs() + off
    bounds = rounded_thrice * (slopes @ w) + off @ w, rounded_thrice * (slopes.t() @ h) + off.t() @ h
    for one, other, bound in zip(found, expected, bounds, strict=True):
        assert one.dtype == torch.float32
        assert ((one - other).abs() <= bound).all() and (one != other).any()


class Largest(TorchDispatchMode):
    """Remembers the most values that any tensor made meanwhile has."""

    def __init__(self) -> None:
        super().__init__()
        self.values = 0

    def __torch_dispatch__(
        self,
        function: Callable[..., object],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        made = function(*args, **(kwargs or {}))
        self.values = max([self.values, *(t.numel() for t in tree_leaves(made) if isinstance(t, Tensor))])
        return made


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("name", CHUNKED)
def test_full_logits_never_exist(name: str, half: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 4 * VOCABULARY
    monkeypatch.setattr(predictions, "CHUNK_VALUES", limit)
    hidden, weight, labels = batch(torch.float32, positions=64)
    tables = max(hidden.numel(), weight.numel())
    assert tables < 64 * VOCABULARY / 4, "full logits must stand out"
    with Largest() as seen:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            found = CHUNKED[name](Projected(hidden, weight), labels)
        torch.autograd.grad(found.sum(), (hidden, weight))
    assert 0 < seen.values <= max(limit, tables)
    with Largest() as seen:
        full(hidden, weight, labels)
    assert seen.values == 64 * VOCABULARY  # so the first count would have seen them
