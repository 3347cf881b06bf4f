"""A dry run of the largest part before the first step: how many tokens fit into memory in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from dono.errors import Mistake
from dono.models import Reader
from dono.training.learners import Learner, Part, device_of
from dono.training.loop import LoopSpec
from dono.training.memory import LiveBytes, available_memory, make_again
from dono.training.optimizers import OPTIMIZERS
from dono.training.precision import products_in

USED = 0.9
"""The share of free memory that a run may count on; the rest is for what is not counted (assumed)."""
HEAP = 3.5
"""What a processor's heap may grow by for each byte of activations: freed tensors leave holes that others do not fill.
Measured with glibc on three small models after three steps: 1.9 (Muon), 2.0 to 2.1 (AdamW), 3.4 (LoRA); 1.0 in the
first pass. The most, because a process that takes too much is killed."""
PROBE = 8
"""On a processor the first try is so much smaller than the smallest part (assumed)."""

P = TypeVar("P", bound=Part)


class OptimizerBytes(NamedTuple):
    """What an optimizer `keeps` from step to step, and the `most` it takes while it steps, in bytes."""

    keeps: int
    most: int


def tokens_that_fit(
    reader: nn.Module, learn: Learner[P], part_of: Callable[[int], P], spec: LoopSpec, *, least: int, most: int,
    evaluate: Callable[[int], object] | None = None, available: int | None = None,
) -> int:  # fmt: skip
    """How many tokens may go through the model in one pass: a multiple of `least`, at most `most`.

    `part_of(tokens)` gives the largest part of so many tokens: of the longest documents, all of it trained; it is asked
    for fewer than `least`, too. `evaluate(tokens)` runs the largest batch of an evaluation that reads so many at once.
    `available` are the bytes that this process may take, by default all that are free: processes that share a machine
    take a share each. Weights stay as they are; the model is whole and not compiled, which takes at least as much.

    A GPU says when its memory is full: there `most` is tried, then half of it, and so on. A processor's process would
    be killed, so there the tensors of small parts are counted: each try is twice the one before, which takes at most
    twice its memory (four times where rows grow), and what lies beyond is on the line through the last two.

    Raises `Mistake` where `least` does not fit.
    """
    assert 0 < least <= most
    device, optimizer = device_of(reader), optimizer_bytes(reader, spec)
    gradients = sum(p.numel() * p.element_size() for p in reader.parameters() if p.requires_grad)
    free = available_memory(device) if available is None else available
    usable = int(USED * free)
    if usable < gradients + optimizer.most:
        what = f"gradients and optimizer take {_gb(gradients + optimizer.most)}, {_gb(usable)} can be used"
        raise Mistake(what, where="memory", remedy="Train LoRA or a smaller model, or take a larger machine")

    def one_pass(tokens: int) -> None:
        with products_in(device, spec.precision):
            total, _, _ = learn(reader, part_of(tokens))
        total.backward()
        if evaluate is not None:
            evaluate(tokens)
            reader.train()

    def needs(tokens: int) -> int:
        with LiveBytes(_tensors(reader)) as live:
            one_pass(tokens)
        return int(HEAP * live.most)

    with _as_in_training(reader, spec):
        if device.type == "cuda":
            held = optimizer.keeps + free - usable
            fits = halving(lambda tokens: _runs(one_pass, tokens, held, device), least, most)
        else:
            fits = fitting(needs, usable - gradients - optimizer.keeps, least, most)
    if fits == 0:
        what = f"one pass of {least:,} tokens does not fit into {_gb(usable)}, of which gradients and optimizer take "
        remedy = "Shorten the context, train LoRA or a smaller model, set `recompute: true`, or take a larger machine"
        raise Mistake(what + _gb(gradients + optimizer.keeps), where="memory", remedy=remedy)
    return fits


def scoring_that_fits(
    model: nn.Module, score: Callable[[int], object], *, least: int, most: int, available: int | None = None
) -> int:
    """How many tokens a scoring may read in one pass beside what lives already: a multiple of `least`, at most `most`.

    `score(tokens)` reads the largest batch of so many tokens; it is asked for fewer than `least`, too. Raises `Mistake`
    where `least` does not fit.
    """
    device = device_of(model)
    free = available_memory(device) if available is None else available
    usable = int(USED * free)

    def needs(tokens: int) -> int:
        with LiveBytes(_tensors(model)) as live:
            score(tokens)
        return live.most

    if device.type == "cuda":
        fits = halving(lambda tokens: _runs(score, tokens, free - usable, device), least, most)
    else:  # the least is given to the edge of memory, as large tensors of one pass leave few holes in the heap
        fits = fitting(needs, int(usable / HEAP), least, most) or fitting(needs, usable, least, least)
    if fits == 0:
        what = f"scoring {least:,} tokens at once does not fit into {_gb(usable)}"
        raise Mistake(what, where="memory", remedy="Shorten the context, take a smaller model, or a larger machine")
    return fits


def _gb(size: int) -> str:
    return f"{size / 1e9:,.3g} GB"


@contextmanager
def _as_in_training(reader: nn.Module, spec: LoopSpec) -> Iterator[None]:
    """Gradients in place and activations kept or made again as in the run; afterwards without gradients again."""
    modes = [(module, module.training) for module in reader.modules()]
    if spec.recompute:
        make_again(next(m.model for m in reader.modules() if isinstance(m, Reader)))
    reader.train()
    for p in reader.parameters():
        if p.requires_grad:
            p.grad = torch.zeros_like(p)
    try:
        yield
    finally:
        reader.zero_grad(set_to_none=True)
        for module, training in modes:
            module.training = training


def optimizer_bytes(reader: nn.Module, spec: LoopSpec) -> OptimizerBytes:
    """The optimizer's memory, counted while it steps a copy whose weights have shapes but no contents."""
    shapes, fake = FakeTensorMode(), dict[int, Any]()
    with shapes:
        for p in reader.parameters():
            fake[id(p)] = nn.Parameter(torch.empty(p.shape, dtype=p.dtype, device=p.device), p.requires_grad)
    copy = deepcopy(reader, fake)
    with shapes:
        optimizer = OPTIMIZERS[spec.optimizer](copy, spec)
        for p in copy.parameters():
            if p.requires_grad:
                p.grad = torch.zeros_like(p)
        with LiveBytes(_tensors(copy)) as live:
            optimizer.step()
        return OptimizerBytes(live.now, live.most)


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    """Parameters, their gradients, and buffers."""
    yield from module.buffers()
    for p in module.parameters():
        yield p
        if p.grad is not None:
            yield p.grad


def fitting(needs: Callable[[int], int], free: int, least: int, most: int) -> int:
    """The multiple of `least` up to `most` whose pass fits into `free` bytes, 0 where there is none.

    `needs(tokens)` says what a pass takes. Below `least` rows grow, and attention may take the square of their length.
    """
    seen, following = [(0, 0)], max(1, least // PROBE)
    while following > seen[-1][0]:
        seen.append((following, needs(following)))
        tokens, needed = seen[-1]
        if (2 if tokens >= least else 4) * needed <= free:
            following = min(2 * tokens, 2 * least, most)
    (few, below), (many, above) = seen[-2:]
    fits = many + (free - above) / max((above - below) / (many - few), 1e-9)
    return int(min(max(fits, 0), most)) // least * least


def halving(fits: Callable[[int], bool], least: int, most: int) -> int:
    """The first of `most`, its half, its quarter … in multiples of `least` that fits; 0 where not even `least` does."""
    tokens = most // least * least
    while not fits(tokens):
        if tokens == least:
            return 0
        tokens = max(least, tokens // 2 // least * least)
    return tokens


def _runs(one_pass: Callable[[int], object], tokens: int, held: int, device: torch.device) -> bool:
    """Whether a GPU runs a pass while `held` bytes are taken by what the run keeps there."""
    torch.cuda.empty_cache()
    try:
        taken = torch.empty(held, dtype=torch.uint8, device=device)
        one_pass(tokens)
        torch.cuda.synchronize(device)
        del taken
    except torch.OutOfMemoryError:
        return False
    return True
