"""What a process may still take, by the kernel's own files; and bytes of tensors, counted."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from dono.training.memory import LiveBytes, available_memory

PROCESSOR = torch.device("cpu")
FREE = 8_000_000 * 1024


def machine(root: Path, cgroup: str, files: dict[str, str]) -> Path:
    """A machine with 8,000,000 KiB free, this process in `cgroup`, and the files of control groups."""
    told = {"proc/meminfo": "MemTotal: 9000000 kB\nMemAvailable: 8000000 kB\n", "proc/self/cgroup": cgroup}
    for name, text in {**told, **{f"sys/fs/cgroup/{n}": t for n, t in files.items()}}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="ascii")
    return root


def group(folder: str, most: str, used: int, cache: int) -> dict[str, str]:
    """A control group of version 2."""
    files = {"memory.max": most, "memory.current": str(used), "memory.stat": f"anon 5\ninactive_file {cache}"}
    return {f"{folder}{name}": f"{text}\n" for name, text in files.items()}


def test_without_control_groups_it_is_what_the_machine_has_free(tmp_path: Path) -> None:
    assert available_memory(PROCESSOR, system=machine(tmp_path, "", {})) == FREE


def test_a_control_group_limits_it_and_its_idle_file_pages_count_as_free(tmp_path: Path) -> None:
    system = machine(tmp_path, "0::/\n", group("", "1000000", 300_000, 50_000))
    assert available_memory(PROCESSOR, system=system) == 1_000_000 - 250_000


def test_the_narrowest_of_the_groups_around_a_process_counts(tmp_path: Path) -> None:
    files = {**group("a/", "1000000", 900_000, 0), **group("a/b/", "700000", 100_000, 0)}
    assert available_memory(PROCESSOR, system=machine(tmp_path, "0::/a/b\n", files)) == 100_000


def test_a_group_without_a_limit_does_not_count(tmp_path: Path) -> None:
    system = machine(tmp_path, "0::/a\n", group("a/", "max", 900_000, 0))
    assert available_memory(PROCESSOR, system=system) == FREE


def test_groups_of_version_1_limit_it_too(tmp_path: Path) -> None:
    files = {"memory.limit_in_bytes": "5000", "memory.usage_in_bytes": "3000", "memory.stat": "total_inactive_file 500"}
    system = machine(tmp_path, "4:cpu,memory:/box\n", {f"memory/box/{name}": text for name, text in files.items()})
    assert available_memory(PROCESSOR, system=system) == 2500


def test_a_group_that_is_already_over_its_limit_leaves_nothing(tmp_path: Path) -> None:
    system = machine(tmp_path, "0::/\n", group("", "1000", 3000, 0))
    assert available_memory(PROCESSOR, system=system) == 0


def test_on_this_machine_there_is_some() -> None:
    assert available_memory(PROCESSOR) > 0


def test_live_bytes_are_those_of_tensors_not_of_views_and_fall_when_tensors_go() -> None:
    weight = nn.Parameter(torch.ones(10, 10))
    weight.grad = torch.zeros(10, 10)
    with LiveBytes([weight, weight.grad]) as live:
        made = torch.ones(20, 10)
        out = made @ weight
        assert live.now == 4 * (200 + 200)
        view = out.t()[:3]
        assert live.now == 4 * 400
        del out
        assert live.now == 4 * 400  # the view keeps it
        del view, made
        assert live.now == 0
    assert live.most == 4 * 400


@pytest.mark.parametrize("depth", [2, 5])
def test_live_bytes_see_what_is_kept_for_the_backward_pass_and_what_it_makes(depth: int) -> None:
    weight = nn.Parameter(torch.eye(10))
    weight.grad = torch.zeros(10, 10)
    with LiveBytes([weight, weight.grad]) as live:
        x = torch.ones(100, 10)
        for _ in range(depth):
            x = (x @ weight).exp()
        kept = live.now
        x.sum().backward()
    assert kept == 4 * 1000 * (depth + 1)  # the input, and each exp's result
    assert live.most > kept
