"""Compiling a model's layers: one graph for all of them, kept on disk by torch; a clear way back where it fails."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

from dono.models import layers_of

PAYS_FROM = 180.0
"""Seconds of training from which compiling is worth its while (measured on two cores: 4 to 20 s for the first graph,
and about a tenth of each step saved)."""


def compiling_pays(seconds: float) -> bool:
    """Whether a run planned to take so many seconds should be compiled here."""
    return seconds >= PAYS_FROM and can_compile() is None


def can_compile() -> str | None:
    """Why layers cannot be compiled here, or None: torch writes C++ for processors and needs a compiler for it."""
    if torch.cuda.is_available() or any(shutil.which(name) for name in ("g++", "clang++")):
        return None
    return "no C++ compiler (g++ or clang++) is installed"


def compile_layers(model: PreTrainedModel) -> None:
    """Compile every layer in place; where that cannot be done here the model runs as it is (`can_compile` says why).

    Layers are alike, so one graph serves all (measured: 4 to 7 s for the first, less from torch's cache).
    """
    if can_compile() is not None:
        return
    torch._dynamo.config.suppress_errors = True  # a layer that does not compile runs uncompiled
    with warnings.catch_warnings():  # torch's compiler imports what torch itself calls deprecated
        warnings.filterwarnings("ignore", message=".*torch.jit.script_method.*", category=DeprecationWarning)
        for layer in layers_of(model):
            layer.compile(dynamic=False)


@contextmanager
def uncompiled(model: PreTrainedModel) -> Iterator[None]:
    """Layers run as they are in here, and afterwards as they did before, with the graphs that they had."""
    layers = layers_of(model)
    before = [layer._compiled_call_impl for layer in layers]
    uncompile_layers(model)
    try:
        yield
    finally:
        for layer, call in zip(layers, before, strict=True):
            layer._compiled_call_impl = call


def uncompile_layers(model: PreTrainedModel) -> None:
    """Let every layer run as it is again: what is read after training has other shapes, each of which is a new graph.

    Torch has no public way back from `Module.compile`; this is the attribute that it sets.
    """
    for layer in layers_of(model):
        layer._compiled_call_impl = None
