"""What goes wrong with a cluster, said in one line with the remedy."""

from __future__ import annotations

import builtins
import importlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dono.errors import Mistake
from dono.runners import open_runner
from dono.runners.joining import GONE, Head, join, refused, understood

MISMATCH = """Version mismatch: The cluster was started with:
    Ray: 2.48.0
    Python: 3.12.3
This process on node 10.0.0.7 was started with:
    Ray: 2.60.0
    Python: 3.11.7
"""
"""As Ray says it (ray._private.utils.check_version_info)."""


def said(told: pytest.ExceptionInfo[Mistake]) -> str:
    assert "\n" not in str(told.value) and told.value.remedy
    return str(told.value)


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port at which nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield int(probe.getsockname()[1])


def test_an_address_at_which_nobody_answers(nobody: int, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    for address in (f"127.0.0.1:{nobody}", "no-such-host.invalid"):
        with pytest.raises(Mistake, match="no cluster answers there") as told:
            open_runner(address, tmp_path)
        assert said(told).startswith(f"--on {address}: ") and "ray start --head" in told.value.remedy


@pytest.mark.parametrize("address", ["ray:here", ":6379", "a:b:c"])
def test_what_is_no_address(address: str) -> None:
    pytest.importorskip("ray")
    with pytest.raises(Mistake, match="is no address of a cluster") as told:
        join(address)
    assert "ray://HOST:PORT" in said(told)


@pytest.mark.parametrize(("address", "missing"), [("local", "ray"), ("ray://10.0.0.1:10001", "grpc")])
def test_an_extra_that_is_not_installed(address: str, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.import_module

    def without(name: str) -> ModuleType:
        if name == missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return found(name) if name != "ray" else ModuleType("ray")

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(Mistake, match=f"{missing} is not installed") as told:
        join(address)
    assert "pip install 'dono[cluster]'" in said(told)


def test_another_ray_or_python_on_the_cluster() -> None:
    told = str(refused("10.0.0.7:6379", RuntimeError(MISMATCH)))
    assert "the cluster runs Ray 2.48.0 and Python 3.12.3, this machine Ray 2.60.0 and Python 3.11.7" in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("error", "what"),
    [("ObjectStoreFullError", "object store is full"), ("OutOfDiskError", "a disk of the cluster is full"),
     ("OutOfMemoryError", "ran out of memory"), ("WorkerCrashedError", "died again and again")],
)  # fmt: skip
def test_what_a_cluster_runs_out_of(error: str, what: str) -> None:
    exceptions = pytest.importorskip("ray.exceptions")
    with pytest.raises(Mistake, match=what) as told, understood("shard 7"):
        raise getattr(exceptions, error)("long\nstory")
    assert said(told).startswith("shard 7: ")


def test_what_is_no_trouble_of_the_cluster_is_raised_as_it_is() -> None:
    pytest.importorskip("ray")
    with pytest.raises(builtins.KeyError), understood("shard 7"):
        raise KeyError("7")


def test_a_head_that_does_not_answer_for_long_is_gone(nobody: int) -> None:
    head = Head(("127.0.0.1", nobody))
    head.check()
    assert not head.gone
    head.answered, head.asked = time.monotonic() - GONE - 1, 0.0
    with pytest.raises(Mistake, match=r"the head of the cluster is gone") as told:
        head.check()
    assert "Run the same command again" in said(told) and head.gone


def test_a_head_that_answers_is_not_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        head = Head(door.getsockname())
        head.answered = time.monotonic() - GONE - 1
        head.check()
        assert not head.gone
    Head(None).check()
