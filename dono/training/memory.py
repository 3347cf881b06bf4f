"""How much memory training takes, and how much there is."""

from __future__ import annotations

import os
import resource
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import PreTrainedModel


def most_memory(device: torch.device) -> int:
    """The most bytes that were in use at once: of the GPU, or of this process."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB


def available_memory(device: torch.device, *, system: Path = Path("/")) -> int:
    """Bytes that this process can still take: of the GPU; else of the machine, or of its control group where less.

    `system` is where the kernel's files are. Without them (not Linux) it is all memory of the machine.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(free + kept)
    told = system / "proc/meminfo"
    if not told.is_file():
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([1024 * _named(told)["MemAvailable:"], *_left_in_groups(system)])


def _named(path: Path) -> dict[str, int]:
    """The numbers of a file of the kernel with one name and one number a line."""
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1}


def _left_in_groups(system: Path) -> Iterator[int]:
    """What the limits of this process's control group and of those around it leave (cgroups, version 2 and 1)."""
    told = system / "proc/self/cgroup"
    for line in told.read_text(encoding="utf8").splitlines() if told.is_file() else ():
        _, controllers, name = line.split(":", 2)
        if controllers == "":
            root, files = system / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            root = system / "sys/fs/cgroup/memory"
            files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        folder = root / name.strip("/")
        for group in (folder, *folder.parents):
            if group.is_relative_to(root) and (group / files[0]).is_file():
                yield from _left_in(group, *files)


def _left_in(group: Path, limit: str, used: str, cache: str) -> Iterator[int]:
    """What a control group may still take; file pages that nobody looks at are given back when memory is needed."""
    most = (group / limit).read_text(encoding="ascii").strip()
    if most != "max":
        in_use = int((group / used).read_text(encoding="ascii")) - _named(group / "memory.stat").get(cache, 0)
        yield max(0, int(most) - in_use)


def make_again(model: PreTrainedModel) -> None:
    """Let the backward pass make activations again instead of keeping them: less memory for a third more products."""
    enable = getattr(model, "activation_checkpointing_enable", None)  # what newer transformers call it
    (enable or model.gradient_checkpointing_enable)({"use_reentrant": False})


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of the tensors that are made while it is on: `now` those that live, `most` at once.

    Storages are counted, so views cost nothing. On processors the backward pass runs in the calling thread and is seen
    too. What existed `before` is not counted.
    """

    def __init__(self, before: Iterable[Tensor]) -> None:
        super().__init__()
        self.now = self.most = 0
        self._known = {id(tensor.untyped_storage()) for tensor in before}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # noqa: ANN401
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._count(tensor.untyped_storage())
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        name, size = id(storage), storage.nbytes()
        if name in self._known:
            return
        self._known.add(name)
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._gone, name, size)

    def _gone(self, name: int, size: int) -> None:
        self._known.discard(name)
        self.now -= size
