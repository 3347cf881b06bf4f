from __future__ import annotations

import time
from pathlib import Path

import pytest

from dono.runners import RUNNERS, Needs
from dono.runners.on_ray import OnRay
from tests.contracts.works import stuck_at_first


def test_the_task_of_a_machine_that_is_gone_is_given_to_another_at_once(
    ray_session: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = RUNNERS["ray"]("local")
    with runner.crew(stuck_at_first, tmp_path, needs=Needs(), note=lambda _: None) as crew:
        crew.begin(7, 42)
        while not (tmp_path / "first").exists():
            assert crew.finished(0.1) == []
        monkeypatch.setattr(OnRay, "_rooms", lambda self, needs: {})  # the machine that it was meant for is not there
        found: list[tuple[int, int]] = []
        until = time.monotonic() + 60
        while not found and time.monotonic() < until:
            found = crew.finished(0.2)
        monkeypatch.undo()
        assert found == [(7, 42)]
        assert crew.finished(0.2) == []
