"""Linear layers that multiply by oneDNN where that is faster (see `dono.objectives.products`)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional

from dono.objectives import fits, onednn_is_faster, times


def multiply_by_onednn(model: nn.Module) -> None:
    """Let the plain linear layers of a model multiply by oneDNN, in place, where that is faster here.

    Weights, their names and what `isinstance` says of the layers stay; what is not float32 on a processor is
    multiplied as before.
    """
    if not onednn_is_faster():
        return
    for module in model.modules():
        if type(module) is nn.Linear:
            module.__class__ = OneDnnLinear


class OneDnnLinear(nn.Linear):
    """A linear layer whose float32 products on a processor are oneDNN's."""

    def forward(self, x: Tensor) -> Tensor:
        """[..., out] of [..., in]."""
        weight, bias = self.weight, self.bias
        if type(weight) is not nn.Parameter or not fits(x, weight) or torch.is_autocast_enabled("cpu"):
            return functional.linear(x, weight, bias)
        if not (torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)):
            return times(x, weight, bias)
        found: Tensor = _Product.apply(x, weight)
        return found if bias is None else found + bias


class _Product(torch.autograd.Function):
    """x [..., in] times weight [out, in]; its gradients are two more such products, once differentiable."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return times(x, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, given: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        to_x, to_weight = ctx.needs_input_grad
        rows, before = given.reshape(-1, given.shape[-1]), x.reshape(-1, x.shape[-1])
        return times(given, weight.t()) if to_x else None, times(rows.t(), before.t()) if to_weight else None
