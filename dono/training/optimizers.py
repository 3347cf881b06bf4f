"""Optimizers: AdamW for everything, or Muon for the hidden matrices and AdamW for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import torch
from peft import PeftModel
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.optim.adamw import adamw as functional_adamw
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from dono.models import layers_of

NEWTON_SCHULZ = (
    (8.09336902, -23.62043159, 17.44615249),
    (3.63658567, -2.72192686, 0.53654631),
    (2.66129996, -1.97715451, 0.45261641),
)
"""Three odd quintics, each the best for what the one before leaves (the greedy minimax of Polar Express, Amsel et al.
2025, arXiv 2505.16932; solved by us for singular values from 0.01 to 1 of the Frobenius norm, which come out between
0.73 and 1.27; smaller ones come out smaller). Jordan's five equal steps reach further down, are no nearer above 0.01
(0.68 to 1.2) and take 1.6 times as long (measured)."""
TOGETHER = 2**24
"""So many numbers go through Newton–Schulz at once (assumed): one batched product instead of many small ones, and no
copy of all of a large model's matrices."""


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal for groups with `matrices`, AdamW for the others; one optimizer, one state.

    Jordan et al. 2024 (kellerjordan.github.io/posts/muon): Nesterov momentum, the nearest semi-orthogonal matrix by
    Newton–Schulz steps, times √max(1, rows / columns) (rows: outputs), so that a step changes outputs equally at every
    width (Bernstein 2025, "Deriving Muon"); decoupled weight decay. Each group carries "peak", its own peak rate.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], *, momentum: float = 0.95) -> None:
        defaults = {"lr": 0.0, "peak": 0.0, "weight_decay": 0.0, "matrices": False, "transposed": False}
        super().__init__(groups, defaults | {"momentum": momentum, "betas": (0.9, 0.95), "eps": 1e-8})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override, unused-ignore]
        """One step with each group's "lr"; parameters without a gradient are left alone."""
        assert closure is None
        for group in self.param_groups:
            if group["matrices"]:
                self._orthogonal(group)
            else:
                self._adamw(group)

    def _orthogonal(self, group: dict[str, Any]) -> None:
        alike: dict[tuple[int, ...], list[Tensor]] = {}
        for p in group["params"]:
            if p.grad is not None:
                alike.setdefault(tuple(p.shape), []).append(p)
        for shape, parameters in ((s, part) for s, ps in alike.items() for part in _batches(ps)):
            updates = orthogonal(torch.stack([_whole(self._pushed(p, group["momentum"])) for p in parameters]))
            rows, columns = reversed(shape) if group["transposed"] else shape
            scale = -group["lr"] * max(1.0, rows / columns) ** 0.5
            for p, update in zip(parameters, updates, strict=True):
                p.mul_(1 - group["lr"] * group["weight_decay"])
                _local(p).add_(_own_part(update, p), alpha=scale)

    def _pushed(self, p: Tensor, momentum: float) -> Tensor:
        """The gradient after Nesterov momentum."""
        state = self.state[p]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(p)
        buffer = state["momentum_buffer"].lerp_(p.grad, 1 - momentum)
        return p.grad.lerp(buffer, momentum)

    def _adamw(self, group: dict[str, Any]) -> None:
        learned = [p for p in group["params"] if p.grad is not None]
        for p in learned:
            if "step" not in self.state[p]:
                self.state[p] = {
                    "step": torch.zeros((), dtype=torch.float32, device=p.device),
                    "exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p),
                }  # fmt: skip
        if not learned:
            return
        states = [self.state[p] for p in learned]
        moments = ([s[key] for s in states] for key in ("exp_avg", "exp_avg_sq"))
        functional_adamw(  # torch's own, in one kernel
            learned, [p.grad for p in learned], *moments, [], [s["step"] for s in states], fused=True, amsgrad=False,
            beta1=group["betas"][0], beta2=group["betas"][1], lr=group["lr"], weight_decay=group["weight_decay"],
            eps=group["eps"], maximize=False,
        )  # fmt: skip


def _batches(alike: list[Tensor]) -> Iterator[list[Tensor]]:
    """Matrices of one shape that go through Newton–Schulz together."""
    count = max(1, TOGETHER // alike[0].numel())
    return (alike[i : i + count] for i in range(0, len(alike), count))


def orthogonal(matrices: Tensor) -> Tensor:
    """About the nearest semi-orthogonal matrices [n, rows, columns]: U·Vᵀ of each singular value decomposition.

    Singular values from a hundredth of the Frobenius norm on come out between 0.73 and 1.27, smaller ones below that.
    In float32 at least on processors, where bfloat16 products are slower, in bfloat16 on GPUs.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    products = torch.bfloat16 if matrices.is_cuda else torch.promote_types(matrices.dtype, torch.float32)
    x = (matrices.mT if tall else matrices).to(products)
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for a, b, c in NEWTON_SCHULZ:
        gram = x @ x.mT
        mixed = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.baddbmm(x, mixed, x, beta=a)
    return (x.mT if tall else x).to(matrices.dtype)


def _whole(p: Tensor) -> Tensor:
    return p.full_tensor() if isinstance(p, DTensor) else p


def _local(p: Tensor) -> Tensor:
    return p.to_local() if isinstance(p, DTensor) else p


def _own_part(update: Tensor, p: Tensor) -> Tensor:
    """The rows of `update` that this process keeps of `p`."""
    if not isinstance(p, DTensor):
        return update
    return distribute_tensor(update, p.device_mesh, p.placements, src_data_rank=None).to_local()


class Settings(Protocol):
    """What builders ask for: `peak` is the peak rate of AdamW, `matrix_peak` that of Muon."""

    @property
    def peak(self) -> float: ...  # noqa: D102
    @property
    def matrix_peak(self) -> float: ...  # noqa: D102
    @property
    def weight_decay(self) -> float: ...  # noqa: D102
    @property
    def beta1(self) -> float: ...  # noqa: D102
    @property
    def beta2(self) -> float: ...  # noqa: D102


class Builder(Protocol):
    """Makes the optimizer of a model; groups carry "peak", which the loop multiplies by the schedule's share."""

    def __call__(self, model: nn.Module, spec: Settings, /) -> torch.optim.Optimizer: ...  # noqa: D102


def adamw(model: nn.Module, spec: Settings) -> torch.optim.Optimizer:
    """AdamW; weight decay on matrices only (Loshchilov & Hutter 2019; GPT-3's practice)."""
    learned = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learned if p.dim() >= 2], "weight_decay": spec.weight_decay, "peak": spec.peak},
        {"params": [p for p in learned if p.dim() < 2], "weight_decay": 0.0, "peak": spec.peak},
    ]
    filled = [g for g in groups if g["params"]]
    return torch.optim.AdamW(filled, lr=spec.peak, betas=(spec.beta1, spec.beta2), fused=True)


def muon(model: nn.Module, spec: Settings) -> torch.optim.Optimizer:
    """Muon for the matrices of the repeated layers, AdamW for embeddings, head, norms, biases and adapters.

    The low-rank factors of an adapter are AdamW's, for which the rates of adapters are known.
    """
    inside = _hidden_matrices(model)
    kinds: dict[str, list[Tensor]] = {"straight": [], "turned": [], "matrices": [], "vectors": []}
    seen: set[int] = set()
    for module in model.modules():
        for p in module.parameters(recurse=False):
            if not p.requires_grad or id(p) in seen:
                continue
            seen.add(id(p))
            kind = "vectors" if p.dim() < 2 else "matrices"
            if id(p) in inside:
                kind = "turned" if isinstance(module, Conv1D) else "straight"
            kinds[kind].append(p)
    hidden = {"weight_decay": spec.weight_decay, "peak": spec.matrix_peak, "matrices": True}
    rest = {"peak": spec.peak, "betas": (spec.beta1, spec.beta2)}
    groups = [
        {"params": kinds["straight"], **hidden},
        {"params": kinds["turned"], **hidden, "transposed": True},
        {"params": kinds["matrices"], **rest, "weight_decay": spec.weight_decay},
        {"params": kinds["vectors"], **rest, "weight_decay": 0.0},
    ]
    return Muon(g for g in groups if g["params"])


def _hidden_matrices(model: nn.Module) -> set[int]:
    """The ids of every matrix that a repeated layer has of its own: what turns hidden states into hidden states."""
    whole = next(m for m in model.modules() if isinstance(m, PreTrainedModel | PeftModel))
    named = (pair for layer in layers_of(whole) for pair in layer.named_parameters())
    return {id(p) for name, p in named if p.dim() == 2 and "lora_" not in name}


OPTIMIZERS: dict[str, Builder] = {"adamw": adamw, "muon": muon}
