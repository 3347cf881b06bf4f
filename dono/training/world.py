"""The processes that train one model together, started by `torchrun`; alone where there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor

from dono.models import Reader, layers_of

_MEETINGS = count()
FOUND = timedelta(minutes=5)
"""In which processes must have found each other (assumed); whoever gives up ends, and torch's launcher or the cluster
begins with all of them again."""


@dataclass(frozen=True)
class World:
    """Which of `size` processes this one is."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes what is written once."""
        return self.rank == 0

    def summed(self, values: Tensor) -> Tensor:
        """The sum over all processes, in each of them."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values

    def agreed(self, *asked: bool) -> list[bool]:
        """Each is true everywhere where it is true in one process, so that all stop after the same step."""
        if self.size == 1:
            return list(asked)
        return [count > 0 for count in self.summed(torch.tensor(asked, dtype=torch.float32, device=device())).tolist()]

    def share(self, parts: int) -> range:
        """Which of a step's parts are this process's; the parts are a multiple of `size`."""
        assert parts % self.size == 0, f"{parts} parts for {self.size} processes"
        return range(self.rank, parts, self.size)

    def together(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            distributed.barrier()


def device() -> torch.device:
    """Where this process trains: its own GPU, or the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def everywhere(values: Tensor) -> Tensor:
    """The values [n] of all processes end to end, in each of them; n may differ."""
    if not distributed.is_initialized():
        return values
    found: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(found, values.cpu())
    return torch.cat(found).to(values.device)


def processes() -> int:
    """How many train together: those that have met, else this one."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


@contextmanager
def joined() -> Iterator[World]:
    """Join the processes that `torchrun` started (it sets WORLD_SIZE): NCCL between GPUs, gloo between processors.

    Who joined first leaves last: joining again in between costs nothing.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield World()
        return
    ours = not distributed.is_initialized()
    if ours:
        _meet()
    try:
        world = World(distributed.get_rank(), size)
        yield world
        if ours:
            world.together()  # who leaves first tears down connections that another may still read from
    finally:
        if ours:
            distributed.destroy_process_group()


def _meet() -> None:
    if torch.cuda.is_available():
        torch.cuda.set_device(device())
    store, rank, size = next(distributed.rendezvous("env://"))
    # The store remembers who met: these processes earlier, or, where torch's launcher began again, those that died.
    # Whoever came first would find a dead process's address, and both might wait to be called.
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    own = distributed.PrefixStore(f"attempt {attempt}, meeting {next(_MEETINGS)}", store)
    backend, usual = "nccl" if torch.cuda.is_available() else "gloo", distributed.default_pg_timeout
    distributed.init_process_group(backend, store=own, rank=rank, world_size=size, timeout=FOUND)
    own.set_timeout(usual)
    distributed.distributed_c10d._set_pg_timeout(usual)  # torch has no public door; its own trainers take this one


def sharded(reader: nn.Module, world: World, *, half: bool) -> nn.Module:
    """A copy of `reader` that is spread over the world (FSDP2), every layer by itself, then the rest.

    Parameters, gradients and optimizer are shared out. `half`: weights are gathered and multiplied in bfloat16,
    gradients added up in float32. Gradients are summed, not averaged: the loop divides by what the whole step counts.
    `reader` gives its weights up until `gathered` brings them back. Where there is one process, it is `reader` itself.
    """
    if world.size == 1:
        return reader
    shared = {id(p): nn.Parameter(p.detach(), requires_grad=p.requires_grad) for p in reader.parameters()}
    spread = deepcopy(reader, shared)  # type: ignore[arg-type, unused-ignore]
    model = next(m.model for m in spread.modules() if isinstance(m, Reader))
    mesh = init_device_mesh(device().type, (world.size,))
    policy = MixedPrecisionPolicy(torch.bfloat16, torch.float32) if half else MixedPrecisionPolicy()
    for module in (*layers_of(model), spread):
        fully_shard(module, mesh=mesh, mp_policy=policy)
        assert isinstance(module, FSDPModule)
        module.set_gradient_divide_factor(1.0)
        module.set_force_sum_reduction_for_comms(True)
    for parameter in reader.parameters():
        parameter.data = parameter.new_empty(0)
    return spread


def spread_again(spread: nn.Module) -> None:
    """Let each process keep its own part alone: reading without a backward pass leaves what was gathered last whole."""
    for module in spread.modules():
        if isinstance(module, FSDPModule):
            module.reshard()


@torch.no_grad()
def gathered(spread: nn.Module, reader: nn.Module) -> None:
    """Bring the weights of `sharded`'s copy back into `reader`, whole in every process. All processes must call it."""
    if spread is reader:
        return
    for parameter, shard in zip(reader.parameters(), spread.parameters(), strict=True):
        assert isinstance(shard, DTensor)
        parameter.data = shard.full_tensor()
