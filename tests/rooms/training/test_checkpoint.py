from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.distributed.checkpoint.filesystem import FileSystemWriter
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

from dono.errors import Mistake
from dono.training.checkpoint import FORMER, PARTIAL, STATE, counters_in, forget_state, state_of
from tests.rooms.training.tiny import tiny_model, tiny_spec, train_texts

ROOT = Path(__file__).parents[3]


def values_in(folder: Path) -> dict[str, Any]:
    """Everything in a run's checkpoint but the counters."""
    state = state_of(folder)
    assert state is not None
    dcp_to_torch_save(state, folder / "whole.pt")
    return flat(torch.load(folder / "whole.pt", weights_only=True))


def flat(nested: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in nested.items():
        inner = flat(value) if isinstance(value, dict) else {"": value}
        found |= {f"{key}/{name}": v for name, v in inner.items()}
    return found


def losses_in(folder: Path) -> list[float]:
    state = state_of(folder)
    assert state is not None
    return counters_in(state).losses


def assert_same(one: Path, other: Path) -> None:
    """Weights, optimizer, random state and losses are the same to the last bit."""
    ours, theirs = values_in(one), values_in(other)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        same = torch.equal(value, theirs[name]) if isinstance(value, torch.Tensor) else value == theirs[name]
        assert same, name
    assert losses_in(one) == losses_in(other)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """Where runs were killed and went on, see killed.py, and how often that was."""
    base = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, "-m", "tests.rooms.training.killed", str(base)],
        cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return base, json.loads((base / "told.json").read_text())


@pytest.mark.parametrize("run", ["adamw 1", "adamw 3", "muon 1", "muon 3"])
def test_a_run_killed_at_random_times_equals_one_that_was_not(run: str, killed: tuple[Path, dict[str, int]]) -> None:
    base, times = killed
    assert times[run] >= 1
    assert_same(base / "killed" / run, base / "whole" / run)


def test_a_kill_before_any_file_operation_of_a_save_loses_nothing(killed: tuple[Path, dict[str, int]]) -> None:
    base, times = killed
    assert times["operations"] >= 8
    for number in range(1, times["operations"] + 1):
        assert_same(base / "operations" / str(number), base / "operations" / "whole")


def test_a_kill_between_the_two_renames_leaves_the_former_checkpoint_which_goes_on(tmp_path: Path) -> None:
    whole = train_texts(tiny_model(), tiny_spec(4), tmp_path / "whole").losses
    run, spec = tmp_path / "run", tiny_spec(2, decay_from=2)
    train_texts(tiny_model(), spec, run)
    train_texts(tiny_model(), tiny_spec(4, start=2), tmp_path / "later", after=run)
    shutil.copytree(run / STATE, run / PARTIAL)
    (run / STATE).rename(run / FORMER)
    assert state_of(run) == run / FORMER
    assert train_texts(tiny_model(seed=9), spec, run).losses == whole[:2]
    assert [p.name for p in run.iterdir()] == [STATE]


def test_forgetting_leaves_no_checkpoint_of_any_name(tmp_path: Path) -> None:
    train_texts(tiny_model(), tiny_spec(1), tmp_path)
    for name in (PARTIAL, FORMER):
        shutil.copytree(tmp_path / STATE, tmp_path / name)
    forget_state(tmp_path)
    assert state_of(tmp_path) is None and not list(tmp_path.iterdir())


def test_a_checkpoint_of_other_numbers_is_not_gone_on_from(tmp_path: Path) -> None:
    train_texts(tiny_model(), tiny_spec(2), tmp_path)
    with pytest.raises(AssertionError, match="belongs to another run"):
        train_texts(tiny_model(), tiny_spec(2, peak=2e-2), tmp_path)


def test_how_often_a_run_is_saved_is_not_part_of_what_it_is(tmp_path: Path) -> None:
    losses = train_texts(tiny_model(), tiny_spec(2), tmp_path).losses
    assert train_texts(tiny_model(), tiny_spec(2, save_seconds=0.0), tmp_path).losses == losses


def failing(monkeypatch: pytest.MonkeyPatch, error: OSError, folder: Path) -> None:
    """The third checkpoint's data cannot be written; half a file is left."""
    write, calls = FileSystemWriter.write_data, 0

    def write_data(self: FileSystemWriter, *arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls < 3:
            return write(self, *arguments)
        (folder / PARTIAL / "half").write_bytes(b"half")
        raise error

    monkeypatch.setattr(FileSystemWriter, "write_data", write_data)


def test_a_full_disk_keeps_the_previous_checkpoint_and_says_how_much_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tiny_spec(4, save_seconds=0.0)
    whole = train_texts(tiny_model(), spec, tmp_path / "whole").losses
    with monkeypatch.context() as patch:
        failing(patch, OSError(28, "No space left on device"), tmp_path / "run")
        needed = r"no space left on the disk: a checkpoint needs 0\.3 MB, [\d,.]+ MB are free"
        with pytest.raises(Mistake, match=needed) as told:
            train_texts(tiny_model(), spec, tmp_path / "run")
    assert "previous checkpoint is kept" in told.value.remedy and "\n" not in str(told.value)
    assert [p.name for p in (tmp_path / "run").iterdir()] == [STATE]
    assert losses_in(tmp_path / "run") == whole[:2]
    assert train_texts(tiny_model(seed=9), spec, tmp_path / "run").losses == whole


def test_another_failure_to_write_is_not_called_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, PermissionError(13, "Permission denied"), tmp_path)
    with pytest.raises(BaseException, match="Permission denied") as told:
        train_texts(tiny_model(), tiny_spec(4, save_seconds=0.0), tmp_path)
    assert not isinstance(told.value, Mistake)
    assert losses_in(tmp_path) and not (tmp_path / PARTIAL).exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk in memory that has room for one checkpoint of the tiny model and a half."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    asked = [mount or "mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    if mount is None or subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs rights that this process lacks")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_on_a_disk_that_is_really_full_the_previous_checkpoint_survives(small_disk: Path, tmp_path: Path) -> None:
    whole = train_texts(tiny_model(), tiny_spec(4), tmp_path / "whole").losses
    with pytest.raises(Mistake, match=r"a checkpoint needs 0\.3 MB, 0\.\d MB are free"):
        train_texts(tiny_model(), tiny_spec(4, save_seconds=0.0), small_disk / "run")
    assert [p.name for p in (small_disk / "run").iterdir()] == [STATE]
    assert losses_in(small_disk / "run") == whole[:1]
