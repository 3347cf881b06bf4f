"""The attention of packed documents against the definition: softmax over an explicit mask, values and gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from dono.models import attention
from dono.models.attention import documents_attention

WIDTH = 8
Heads = tuple[Tensor, Tensor, Tensor]
"""Queries, keys, values [1, heads, length, WIDTH]."""
BOUND = {torch.float32: 1e-5, torch.float64: 1e-12}
"""Largest difference relative to the largest value, or to 1 where all are smaller; sums in another order (measured:
2e-6 and 3e-15)."""


def tensors(length: int, heads: int = 4, shared: int = 2, dtype: torch.dtype = torch.float64) -> Heads:
    """Random ones; several heads share a key where `shared` is fewer."""
    draw = torch.Generator().manual_seed(0)

    def normal(n: int) -> Tensor:
        return torch.randn(1, n, length, WIDTH, generator=draw, dtype=torch.float64).mul(2).to(dtype).requires_grad_()

    return normal(heads), normal(shared), normal(shared)


def by_definition(query: Tensor, key: Tensor, value: Tensor, bounds: list[int], window: int, scale: float) -> Tensor:
    """Softmax over all places, with a mask of what each may see; [1, length, heads, width]."""
    place = torch.arange(query.shape[2])
    owner = torch.searchsorted(torch.tensor(bounds), place, right=True)
    back = place[:, None] - place[None, :]
    seen = (owner[:, None] == owner[None, :]) & (back >= 0) & (back < (window or len(place)))
    groups = query.shape[1] // key.shape[1]
    key, value = (t.repeat_interleave(groups, dim=1) for t in (key, value))
    scores = (scale * query @ key.transpose(2, 3)).masked_fill(~seen, float("-inf"))
    return (scores.softmax(dim=-1) @ value).transpose(1, 2)


def packed_attention(parts: Heads, bounds: list[int], window: int, scale: float | None = None) -> Tensor:
    mask = torch.tensor(bounds)[None, None, None]
    mixed, _ = documents_attention(nn.Module(), *parts, mask, scaling=scale, sliding_window=window or None)
    return mixed


def near(ours: Tensor, theirs: Tensor) -> bool:
    return bool((ours - theirs).abs().max() <= BOUND[theirs.dtype] * theirs.abs().max().clamp(min=1.0))


def agree(parts: Heads, bounds: list[int], window: int, scale: float | None = None) -> None:
    """Values and the gradients of a random functional of them."""
    ours = packed_attention(parts, bounds, window, scale)
    theirs = by_definition(*parts, bounds, window, WIDTH**-0.5 if scale is None else scale)
    slopes = torch.randn(ours.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(ours.dtype)
    assert near(ours, theirs)
    expected = torch.autograd.grad(theirs, parts, slopes)
    for one, other in zip(torch.autograd.grad(ours, parts, slopes), expected, strict=True):
        assert near(one, other)


@pytest.mark.parametrize("window", [0, 1, 3, 5, 100])
@pytest.mark.parametrize("shared", [1, 2, 4])
@pytest.mark.parametrize("dtype", list(BOUND))
def test_values_and_gradients_are_the_definitions(dtype: torch.dtype, shared: int, window: int) -> None:
    agree(tensors(17, shared=shared, dtype=dtype), [0, 5, 6, 17], window)


def test_the_scale_is_the_models_own() -> None:
    agree(tensors(9), [0, 4, 9], 0, scale=0.7)


def test_empty_documents_change_nothing() -> None:
    parts = tensors(9)
    plain = packed_attention(parts, [0, 4, 9], 0)
    assert torch.equal(packed_attention(parts, [0, 4, 4, 9, 9, 9], 0), plain)


@given(lengths=st.lists(st.integers(1, 12), min_size=1, max_size=6), window=st.integers(0, 14))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_any_lengths_and_any_window_are_the_definitions(lengths: list[int], window: int) -> None:
    bounds = [0, *torch.tensor(lengths).cumsum(0).tolist()]
    agree(tensors(bounds[-1]), bounds, window)


@pytest.mark.parametrize("window", [0, 3])
def test_the_way_of_other_devices_is_the_definition_too(window: int) -> None:
    parts, bounds = tensors(17, shared=4), [0, 5, 6, 17]
    ours = attention._one_by_one(*parts, torch.tensor(bounds), window, 0.5).transpose(1, 2)
    assert near(ours, by_definition(*parts, bounds, window, 0.5))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch's kernel for different lengths runs on a GPU")
@pytest.mark.parametrize("window", [0, 3])
def test_the_kernel_of_gpus_is_the_definition_to_half_precision(window: int) -> None:
    query, key, value = (t.detach().bfloat16().repeat(1, 1, 1, 8) for t in tensors(17, shared=4))  # wide enough for it
    bounds = [0, 5, 6, 17]
    ours = attention._varlen(query.cuda(), key.cuda(), value.cuda(), torch.tensor(bounds), window, 0.1)
    theirs = by_definition(query.double(), key.double(), value.double(), bounds, window, 0.1)
    ours = ours.transpose(1, 2).cpu().double()
    assert (ours - theirs).abs().max() <= 2**-6 * theirs.abs().max()


@pytest.mark.parametrize("window", [0, 3])
def test_the_operator_keeps_the_promises_it_makes_to_the_compiler(window: int) -> None:
    parts = tensors(17, shared=4, dtype=torch.float32)
    found = torch.library.opcheck(attention._attend, (*parts, torch.tensor([0, 5, 6, 17, 17]), window, 0.5))
    assert set(found.values()) == {"SUCCESS"}


def test_an_ordinary_mask_is_answered_by_transformers_own_attention() -> None:
    parts = tensors(7, shared=4)
    ours, _ = documents_attention(nn.Module(), *parts, None, scaling=0.5, is_causal=True)
    assert near(ours, by_definition(*parts, [0, 7], 0, 0.5))


@pytest.mark.parametrize("unknown", [{"softcap": 1.0}, {"s_aux": 1.0}, {"position_bias": 1.0}])
def test_what_is_not_computed_is_refused(unknown: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError, match="packed documents"):
        documents_attention(nn.Module(), *tensors(5), torch.tensor([[[[0, 5]]]]), **unknown)
