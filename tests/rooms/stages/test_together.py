"""A full run of several processes, one of which is killed, beside the same run of one."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from dono.artifacts import Artifact, Store
from dono.runners.local import Local
from dono.stages.contenders import Contender
from dono.stages.prepare import Prepared
from dono.stages.runs import RunSpec, measurements_of
from dono.stages.together import full_run
from dono.stages.workplace import Workplace
from tests.rooms.stages.processes import children

CLOSE = 1e-2
"""How far all weights may be from those of one process, as a share of their length: float32 sums in another order, of
which Adam makes much where a gradient is nearly zero (measured: 0.003)."""


class Two(Local):
    """This machine, as if two of its processes were to train one model."""

    def group(self, wanted: int) -> int:
        return 2


def kill_one(work: Path, told: list[int]) -> None:
    """SIGKILL one process of the group, once its trunk is under way."""
    until = time.monotonic() + 300
    while time.monotonic() < until and not told:
        if any(log.stat().st_size for log in work.glob("trunk/*/trainer_log.jsonl")):
            for pid in children(os.getpid(), "dono.runners.launching")[:1]:
                os.kill(pid, signal.SIGKILL)
                told.append(pid)
        time.sleep(0.02)


def weights_of(artifact: Artifact) -> Tensor:
    found = load_file(artifact.path / "model.safetensors")
    return torch.cat([found[name].flatten() for name in sorted(found)])


def test_a_full_run_of_two_processes_of_which_one_is_killed_equals_an_undisturbed_one_and_that_of_one(
    place: Workplace, prepared: Prepared, who: dict[str, Contender], tmp_path: Path
) -> None:
    case = next(c for c in prepared.cases if c.use_case.name == "intent")
    spec = RunSpec(contender=who["scratch/own"], case=case, keep=True)
    alone = full_run(replace(place, store=Store(tmp_path / "alone")), spec, lambda _: None)
    two, told = replace(place, store=Store(tmp_path / "two"), runner=Two()), list[int]()
    killer = threading.Thread(target=kill_one, args=(two.store.root, told), daemon=True)
    killer.start()
    together = full_run(two, spec, lambda _: None)
    killer.join()
    undisturbed = full_run(replace(two, store=Store(tmp_path / "undisturbed")), spec, lambda _: None)
    assert told and together.id == alone.id
    for name in ("steps", "tokens"):
        assert together.result[name] == alone.result[name]
    one, killed, whole = (weights_of(a) for a in (alone, together, undisturbed))
    assert torch.equal(killed, whole)
    assert (one - killed).norm() < CLOSE * one.norm()
    rows = [{(m.metric, m.language): m.value for m in measurements_of(a)} for a in (together, undisturbed)]
    assert rows[0] == rows[1] and rows[0]
    assert not list((tmp_path / "two" / ".groups").iterdir())
