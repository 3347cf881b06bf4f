"""A dry run of the largest part before the first step: how many tokens go through the model at once without running out."""

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

USED = 0.85
"""The share of free memory that a run may count on."""
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
    `available` are the bytes that this process may take, by default all that are free. Weights stay as they are.

    A GPU says when its memory is full: there `most` is tried, then half of it, and so on. A processor's process would be
    killed, so there tensors of small parts are counted; each try is twice the one before, which takes at most twice its
    memory (four times where rows grow), and what lies beyond is on the line through the last two.

    Raises `Mistake` where `least` does not fit.
    """
    assert 0 < least <= most
    device = device_of(reader)
    optimizer = optimizer_bytes(reader, spec)
    gradients = sum(p.numel() * p.element_size() for p in reader.parameters() if p.requires_grad)
    all_free = available_memory(device) if available is None else available
    usable = int(USED * all_free)
    if usable < gradients + optimizer.most:
        raise _too_large(least, gradients + optimizer.most, usable)
    with _as_in_training(reader, spec):

        def one_pass(tokens: int) -> None:
            with torch.autocast(device.type, torch.bfloat16, enabled=spec.precision == "bfloat16"):
                total, _, _ = learn(reader, part_of(tokens))
            total.backward()
            if evaluate is not None:
                evaluate(tokens)
                reader.train()

        if device.type == "cuda":
            held = optimizer.keeps + all_free - usable
            fits, needed = halving(lambda tokens: _runs(one_pass, tokens, held, device), least, most), None
        else:
            room = usable - gradients - optimizer.keeps
            fits, needed = fitting(lambda tokens: _counted(one_pass, reader, tokens), room, least, most)
    if fits < least:
        raise _too_large(least, None if needed is None else needed + gradients + optimizer.keeps, usable)
    return fits


def _too_large(least: int, needed: int, free: int) -> Mistake:
    what = f"one pass of {least:,} tokens needs {needed / 1e9:,.2f} GB beside the weights, {free / 1e9:,.2f} GB can be used"
    remedy = "Shorten the context, train a smaller model or LoRA, set `recompute: true`, or take a larger machine"
    return Mistake(what, where="memory", remedy=remedy)


@contextmanager
def _as_in_training(reader: nn.Module, spec: LoopSpec) -> Iterator[None]:
    """Gradients in place and activations kept or made again as in the run; afterwards everything is as before."""
    was = reader.training
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
        reader.train(was)


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


def _counted(one_pass: Callable[[int], None], reader: nn.Module, tokens: int) -> int:
    """The most bytes of tensors at once in a pass."""
    with LiveBytes(_tensors(reader)) as live:
        one_pass(tokens)
    return live.most


def fitting(needs: Callable[[int], int], free: int, least: int, most: int) -> tuple[int, int]:
    """The multiple of `least` up to `most` whose pass fits into `free` bytes, 0 for none; and what `least` needs.

    `needs(tokens)` counts a pass. Below `least` rows grow, and attention may need the square of their length.
    """
    seen, following = [(0, 0)], max(1, least // PROBE)
    while following > seen[-1][0]:
        tokens, needed = following, needs(following)
        seen.append((tokens, needed))
        if (2 if tokens >= least else 4) * needed <= free:
            following = min(2 * tokens, 2 * least, most)
    (few, below), (many, above) = seen[-2:]
    each = (above - below) / (many - few)
    fits = min(most, many + int((free - above) / each))
    return max(0, fits) // least * least, round(above + (least - many) * each)


def halving(fits: Callable[[int], bool], least: int, most: int) -> int:
    """The first of `most`, its half, its quarter … in multiples of `least` that fits; 0 where not even `least` does."""
    tokens = most // least * least
    while not fits(tokens):
        if tokens == least:
            return 0
        tokens = max(least, tokens // 2 // least * least)
    return tokens


def _runs(one_pass: Callable[[int], None], tokens: int, held: int, device: torch.device) -> bool:
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
