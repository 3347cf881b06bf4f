from __future__ import annotations

import resource
import sys

import pytest
import torch

from dono.training.allocator import keep_memory


@pytest.fixture(autouse=True)
def _asked_anew() -> None:
    """The answer is kept for a process, so that each test has to ask again."""
    keep_memory.cache_clear()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's settings are Linux's")
def test_freed_memory_is_not_faulted_in_again() -> None:
    if not keep_memory():
        pytest.skip("another C library than glibc")

    def faults() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(5):
            torch.ones(2**22)  # 16 MiB: 4,096 pages each time, were it mapped anew
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    faults()
    assert faults() < 4096


def test_asking_twice_gives_the_same_answer_and_tensors_keep_their_values() -> None:
    kept = torch.arange(2**20)
    first = keep_memory()
    keep_memory.cache_clear()
    assert keep_memory() == first
    assert torch.equal(kept, torch.arange(2**20))


def test_on_another_system_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_memory()
    keep_memory.cache_clear()
