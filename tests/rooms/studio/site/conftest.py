"""One full work folder for the whole room: writing it takes seconds. Whoever changes it takes a copy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.rooms.studio.site import shop


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project file of a shop that is decided and built. Nobody writes here."""
    file = shop.project_file(tmp_path_factory.mktemp("studio"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            os, "fsync", lambda _: None
        )  # it waits for the disk dozens of times, and nothing pulls the plug
        shop.work_folder(file)
    return file


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    """The same, to change."""
    shutil.copytree(made.parent, tmp_path / "shop")
    return tmp_path / "shop" / "dono.yaml"
