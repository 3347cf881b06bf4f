"""Two processes train as one does; they meet once for all these tests, because processes start slowly."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from dono.errors import Capped
from dono.training.checkpoint import counters_in, state_of
from dono.training.compiled import can_compile
from dono.training.world import World
from tests.rooms.training.tiny import Learned, tiny_model, tiny_spec, train_kind, train_texts

ROOT = Path(__file__).parents[3]
EXACT = ("full adamw", "full muon", "full recompute", "full filling", "lora adamw", "lora muon", "pairs", "judged")
COMPILED, HALF = "full recompute compiled", "full bfloat16"
KINDS = (*EXACT, COMPILED, HALF)
CLOSE = 1e-12
"""Losses of two processes beside those of one, relative: the same float64 sums in another order."""
FUSED = 1e-6
"""The same where kernels are fused: transformers' norms are in float32 whatever the weights are (measured: 1e-9)."""
WEIGHTS = 1e-9
"""How far any weight may be from that of one process: Adam makes more of rounding where a gradient is small."""
PATIENCE = 240
"""Seconds until the launch is given up; it takes about twenty on an idle machine."""


def reserve_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop_early(folder: Path) -> None:
    """A run of one process that is capped after two of six steps."""
    steps: list[int] = []
    with pytest.raises(Capped):
        train_texts(
            tiny_model().double(), tiny_spec(6), folder,
            watch=lambda p: steps.append(p.step), capped=lambda _: "two steps" if len(steps) == 2 else None,
        )  # fmt: skip


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which two processes have done everything and were then stopped by SIGTERM."""
    base = tmp_path_factory.mktemp("together")
    stop_early(base / "one_to_two")
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1"]
    work = ["-m", "tests.rooms.training.together", str(base), *KINDS]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with (base / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *torchrun, "--master-port", str(reserve_port()), *work],
            cwd=ROOT, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            until = time.monotonic() + PATIENCE
            while not (base / "running").exists() and process.poll() is None and time.monotonic() < until:
                time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
        finally:
            process.kill()
            process.wait()
    assert (base / "running").exists(), (base / "log").read_text()[-5000:]
    return base


@pytest.fixture(scope="module")
def found(launched: Path) -> list[dict[str, Any]]:
    """What each of the two processes found."""
    return [json.loads((launched / f"found{rank}.json").read_text()) for rank in range(2)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Learned]:
    """The same runs in this one process; compiled or not is the same."""
    folder = tmp_path_factory.mktemp("alone")
    return {kind: train_kind(kind, folder / kind) for kind in (*EXACT, HALF)}


@pytest.mark.parametrize("kind", EXACT)
def test_two_processes_have_the_losses_and_gradients_of_one(
    kind: str, found: list[dict[str, Any]], alone: dict[str, Learned]
) -> None:
    assert found[0][kind]["losses"] == found[1][kind]["losses"]
    assert found[0][kind]["losses"] == pytest.approx(alone[kind].losses, rel=CLOSE)
    # AdamW and Muon hide a wrong factor of the gradient; its norm does not
    assert found[0][kind]["gradients"] == pytest.approx(alone[kind].gradients, rel=10 * CLOSE)


@pytest.mark.skipif(can_compile() is not None, reason=str(can_compile()))
def test_two_processes_compile_their_layers(found: list[dict[str, Any]], alone: dict[str, Learned]) -> None:
    assert found[0][COMPILED]["losses"] == pytest.approx(alone["full recompute"].losses, rel=FUSED)


def test_two_processes_in_bfloat16_stay_near(found: list[dict[str, Any]], alone: dict[str, Learned]) -> None:
    # shards hold what runs between the layers in bfloat16 as well (measured: 3e-4)
    assert found[0][HALF]["losses"] == pytest.approx(alone[HALF].losses, rel=2e-3)
    assert found[0][HALF]["losses"] != found[0]["full adamw"]["losses"]


@pytest.mark.parametrize("kind", EXACT)
def test_afterwards_the_first_process_saves_the_whole_model(
    kind: str, launched: Path, alone: dict[str, Learned]
) -> None:
    folder = launched / "models" / kind
    saved = load_file(next(folder.glob("*.safetensors")))
    names = {name.replace(".default", ""): weight for name, weight in alone[kind].model.state_dict().items()}
    assert saved
    for name, weight in saved.items():
        torch.testing.assert_close(weight, names[name], rtol=0, atol=WEIGHTS)


def test_a_run_of_one_process_goes_on_in_two(found: list[dict[str, Any]], tmp_path: Path) -> None:
    whole = train_texts(tiny_model().double(), tiny_spec(6), tmp_path).losses
    assert found[0]["one_to_two"] == pytest.approx(whole, rel=CLOSE)


def test_a_run_of_two_processes_goes_on_in_one(launched: Path, found: list[dict[str, Any]], tmp_path: Path) -> None:
    state = state_of(launched / "two_to_one")
    assert state is not None and counters_in(state).step == 3
    rest = train_texts(tiny_model(seed=9).double(), tiny_spec(6), launched / "two_to_one").losses
    assert rest == pytest.approx(train_texts(tiny_model().double(), tiny_spec(6), tmp_path).losses, rel=CLOSE)


def test_a_cap_that_one_process_reaches_stops_both(found: list[dict[str, Any]]) -> None:
    assert found[1]["capped"] == "three steps after 3"
    assert found[0]["capped"] == "another process's cap after 3"


def test_sigterm_saves_and_stops_all_processes(launched: Path) -> None:
    assert (launched / "stopped0").exists() and (launched / "stopped1").exists()
    state = state_of(launched / "endless")
    assert state is not None
    counters = counters_in(state)
    assert 3 <= counters.step == len(counters.losses)


def test_one_process_alone_shares_with_nobody() -> None:
    world = World()
    assert world.leads and list(world.share(3)) == [0, 1, 2] and world.agreed(True, False) == [True, False]


def test_parts_that_cannot_be_shared_out_evenly_are_refused() -> None:
    with pytest.raises(AssertionError, match="3 parts for 2 processes"):
        World(0, 2).share(3)
