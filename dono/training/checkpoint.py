"""Checkpoints: weights, optimizer, random state and counters in one directory, replaced as a whole.

Written by torch's distributed checkpoint, so what two processes saved one can go on from, and the reverse.
"""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.distributed import checkpoint
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)

from dono.artifacts import disk_mistake
from dono.errors import Mistake
from dono.training.shelves import AT, TOLD, Kept, Shelf
from dono.training.world import World

BEST = "best.safetensors"
STATE, PARTIAL, FORMER = "state", "state.partial", "state.former"
COUNTERS = TOLD
SETTINGS = "param_groups."
"""How torch names an optimizer's rates and the like. They are not kept: a run that goes on has its own spec's."""
_FLAT = StateDictOptions(flatten_optimizer_state_dict=True, ignore_frozen_params=True)


@dataclass
class Counters:
    """How far a run is. `seconds` and `losses` add up over resumes; the speed leaves the first steps out."""

    step: int
    tokens: int = 0
    trained: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    speed_tokens: int = 0
    speed_seconds: float = 0.0


def state_of(folder: Path) -> Path | Kept | None:
    """The last checkpoint of the run in a folder, or None: there, or behind the URL that the folder names.

    A kill between two renames leaves the former one: it counts.
    """
    shelf = Shelf.of(folder)
    if shelf is not None and (kept := shelf.latest()) is not None:
        return kept
    for name in (STATE, FORMER):
        if (folder / name / COUNTERS).is_file():
            return folder / name
    return None


def forget_state(folder: Path) -> None:
    """Remove a run's checkpoint, where nothing goes on from it."""
    if (shelf := Shelf.of(folder)) is not None:
        shelf.clear()
        (folder / AT).unlink()
    for name in (FORMER, PARTIAL, STATE):
        (folder / name / COUNTERS).unlink(missing_ok=True)  # a kill from here on leaves nothing that looks finished
        shutil.rmtree(folder / name, ignore_errors=True)


def _told(state: Path | Kept) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(
        state.told if isinstance(state, Kept) else (state / COUNTERS).read_text(encoding="utf8")
    )
    return told


def counters_in(state: Path | Kept) -> Counters:
    """The counters of a checkpoint."""
    return Counters(**_told(state)["counters"])


def trained_seconds(folder: Path) -> float:
    """Seconds that the interrupted run in `folder` has trained for, 0 where there is none."""
    state = state_of(folder)
    return 0.0 if state is None else counters_in(state).seconds


def identity_in(state: Path | Kept) -> str:
    """Which run a checkpoint belongs to."""
    return str(_told(state)["identity"])


def save(
    model: nn.Module, optimizer: torch.optim.Optimizer, counters: Counters, identity: str, folder: Path, world: World
) -> None:
    """Write a checkpoint beside the last one, then put it in its place.

    Behind a URL: in a folder of its own, then the one before is removed. Raises `Mistake` where the disk is full,
    saying how much is needed, or the URL cannot be written to; the last checkpoint is then kept.
    """
    tensors = _tensors(model, optimizer)
    told = {"identity": identity, "counters": vars(counters)}
    if (shelf := Shelf.of(folder)) is not None:
        with shelf.reached():
            _write(tensors, shelf.at(counters.step), world)
            if world.leads:
                shelf.finish(counters.step, told)
        world.together()
        return
    partial = folder / PARTIAL
    try:
        if world.leads:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
        world.together()
        _write(tensors, partial, world)
        if world.leads:
            (partial / COUNTERS).write_text(json.dumps(told), encoding="utf8")
            _put_in_place(folder)
    except (OSError, RuntimeError, checkpoint.CheckpointException) as error:
        shutil.rmtree(partial, ignore_errors=True)
        if _is_full(error, folder, _bytes(tensors)):
            raise _full(folder, _bytes(tensors)) from error
        raise
    world.together()


def load(state: Path | Kept, model: nn.Module, optimizer: torch.optim.Optimizer, world: World) -> None:
    """Fill weights, optimizer and random state from a checkpoint, whatever the number of processes that wrote it."""
    settings = {k: v for k, v in _learned(model, optimizer).items() if k.startswith(SETTINGS)}
    tensors = _tensors(model, optimizer)
    with _alone_is_meant():
        at = state.url if isinstance(state, Kept) else state
        checkpoint.load(tensors, checkpoint_id=at, no_dist=world.size == 1)
    found = {key.removeprefix("optimizer."): value for key, value in tensors.items() if key.startswith("optimizer.")}
    set_optimizer_state_dict(model, optimizer, found | settings, options=_FLAT)
    torch.set_rng_state(tensors["random"])


def keep_weights(model: nn.Module, path: Path) -> None:
    """Write the trained weights alone, to go back to; replaced as a whole."""
    weights = {name: p.detach().contiguous().clone() for name, p in model.named_parameters() if p.requires_grad}
    partial = path.with_suffix(".partial")
    save_file(weights, partial)
    partial.rename(path)


def put_back(model: nn.Module, path: Path) -> None:
    """The trained weights as `keep_weights` wrote them."""
    own = dict(model.named_parameters())
    for name, value in load_file(path).items():
        own[name].data.copy_(value)


def _tensors(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    weights = {f"model.{name}": p.detach() for name, p in model.named_parameters() if p.requires_grad}
    learned = {f"optimizer.{k}": v for k, v in _learned(model, optimizer).items() if not k.startswith(SETTINGS)}
    return weights | learned | {"random": torch.get_rng_state()}


def _learned(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    return get_optimizer_state_dict(model, optimizer, options=_FLAT)


def _write(tensors: dict[str, Any], into: Path | str, world: World) -> None:
    with _alone_is_meant():
        checkpoint.save(tensors, checkpoint_id=into, no_dist=world.size == 1)


@contextmanager
def _alone_is_meant() -> Iterator[None]:
    """Torch warns whenever a checkpoint is written or read by one process."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled", category=UserWarning)
        yield


def _put_in_place(folder: Path) -> None:
    former, current = folder / FORMER, folder / STATE
    if current.is_dir():
        shutil.rmtree(former, ignore_errors=True)
        current.rename(former)
    (folder / PARTIAL).rename(current)
    shutil.rmtree(former, ignore_errors=True)


def _bytes(tensors: dict[str, Any]) -> int:
    """What a checkpoint of `tensors` needs, all processes together."""
    return sum(t.numel() * t.element_size() for t in tensors.values() if isinstance(t, Tensor))


def _is_full(error: BaseException, folder: Path, needed: int) -> bool:
    """Whether the disk is full: torch may hide that in an error of its own, so what is free is looked at, too."""
    failed = [e for e, _ in error.failures.values()] if isinstance(error, checkpoint.CheckpointException) else [error]
    told = (isinstance(disk_mistake(e, folder), Mistake) for e in failed if isinstance(e, OSError))
    return any(told) or shutil.disk_usage(folder).free < needed


def _full(folder: Path, needed: int) -> Mistake:
    free = shutil.disk_usage(folder).free
    what = f"no space left on the disk: a checkpoint needs {needed / 1e6:,.1f} MB, {free / 1e6:,.1f} MB are free"
    remedy = "Free some space and run the same command again; the previous checkpoint is kept"
    return Mistake(what, where=str(folder / STATE), remedy=remedy)
