"""Float32 products by oneDNN, on processors where the library that torch takes is the slower one.

MKL, torch's own choice, leaves half of a processor's width unused where another maker than Intel built it (measured on
an AMD EPYC with AVX-512, two cores: 205 GFLOP/s by MKL; by oneDNN 430 forward, 490 and 330 backward). Sums are added up
in another order, so results differ in the last bits; both are float32 throughout.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from torch import Tensor


@cache
def onednn_is_faster() -> bool:
    """Whether this processor is one for which MKL was not written, and torch has oneDNN's linear layer."""
    if not (torch.backends.mkldnn.is_available() and torch.backends.mkl.is_available()):
        return False
    if not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf8", errors="replace")
    except OSError:
        return False
    return "AuthenticAMD" in told and "avx512f" in told


def fits(x: Tensor, weight: Tensor) -> bool:
    """Whether a product of these is one that oneDNN is faster at where it is faster: float32 on a processor.

    It asks the tensors alone, since torch's compiler follows it; whether this is such a processor is asked before.
    """
    plain = x.dtype == torch.float32 and weight.dtype == torch.float32
    return plain and x.device.type == "cpu" and weight.device.type == "cpu" and x.numel() > 0


def times(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Rows x [..., in] times weight [out, in] and bias [out], for what `fits`; no gradients are recorded."""
    return _opaque(x, weight, bias) if torch.compiler.is_compiling() else _layer(x, weight, bias)


def _layer(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    found: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return found


@torch.library.custom_op("dono::times", mutates_args=())
def _opaque(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """The same as one step of a graph: torch's compiler has a way of its own with oneDNN's layer, for constants."""
    return _layer(x, weight, bias)


@_opaque.register_fake
def _(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return x.new_empty(*x.shape[:-1], weight.shape[0])


def gains(x: Tensor, weight: Tensor) -> bool:
    """Whether the product of these is faster by oneDNN, here."""
    return fits(x, weight) and onednn_is_faster()


def product(x: Tensor, weight: Tensor) -> Tensor:
    """Rows x [rows, in] times weightᵀ [in, out], by what is faster here; no gradients are recorded."""
    return times(x, weight) if gains(x, weight) else x @ weight.t()
