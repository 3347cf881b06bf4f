from __future__ import annotations

import pytest
import torch
from torch import nn

from dono.models import multiply_by_onednn, products
from dono.models.products import OneDnnLinear

needs_onednn = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN")
pytestmark = needs_onednn
CLOSE = 1e-5
"""Float32 sums in another order, relative to the largest number."""


@pytest.fixture(autouse=True)
def _as_if_faster_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "onednn_is_faster", lambda: True)


def pair(bias: bool) -> tuple[nn.Sequential, nn.Sequential]:
    """The same two layers, plain and by oneDNN."""
    both = []
    for _ in range(2):
        torch.manual_seed(0)
        both.append(nn.Sequential(nn.Linear(24, 40, bias=bias), nn.SiLU(), nn.Linear(40, 16, bias=bias)))
    multiply_by_onednn(both[1])
    return both[0], both[1]


def near(one: torch.Tensor, other: torch.Tensor) -> bool:
    return float((one - other).abs().max()) <= CLOSE * float(other.abs().max())


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(24,), (5, 24), (2, 3, 24), (7, 1, 24)])
def test_products_and_their_gradients_are_those_of_plain_layers(bias: bool, shape: tuple[int, ...]) -> None:
    plain, ours = pair(bias)
    found = []
    for net in (plain, ours):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(1)).requires_grad_()
        out = net(x)
        (out**2).sum().backward()
        assert x.grad is not None
        found.append([out.detach(), x.grad, *(p.grad for p in net.parameters() if p.grad is not None)])
        with torch.no_grad():
            assert near(net(x), out)
    assert len(found[0]) == len(found[1]) == 2 + (4 if bias else 2)
    assert all(near(b, a) and a.shape == b.shape for a, b in zip(*found, strict=True))


def test_layers_keep_their_weights_names_and_kind() -> None:
    plain, ours = pair(True)
    assert type(ours[0]) is OneDnnLinear and isinstance(ours[0], nn.Linear) and type(ours[1]) is nn.SiLU
    assert list(ours.state_dict()) == list(plain.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(plain.state_dict().values(), ours.state_dict().values(), strict=True))


def test_only_the_gradients_that_are_asked_for_are_made() -> None:
    _, ours = pair(False)
    ours[0].weight.requires_grad_(False)
    ours(torch.randn(3, 24)).sum().backward()
    assert ours[0].weight.grad is None and ours[2].weight.grad is not None


def test_what_is_not_float32_is_multiplied_as_before() -> None:
    for dtype in (torch.float64, torch.bfloat16):
        plain, ours = (net.to(dtype) for net in pair(True))
        x = torch.randn(3, 24, dtype=dtype)
        assert torch.equal(ours(x), plain(x))
    plain, ours = pair(False)
    x = torch.randn(3, 24)
    with torch.autocast("cpu", torch.bfloat16):
        assert ours(x).dtype == torch.bfloat16 and torch.equal(ours(x), plain(x))


def test_a_second_derivative_is_refused_not_wrong() -> None:
    _, ours = pair(False)
    x = torch.randn(3, 24, requires_grad=True)
    (slope,) = torch.autograd.grad(ours(x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


def test_no_rows_make_no_products() -> None:
    _, ours = pair(False)
    assert ours(torch.zeros(0, 24)).shape == (0, 16)


def test_where_it_is_not_faster_layers_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "onednn_is_faster", lambda: False)
    assert type(pair(False)[1][0]) is nn.Linear
