from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dono.errors import Mistake
from dono.stages.workplace import open_workplace

PROJECT = "project: shop\nuse_cases: [{name: text, kind: language}]\nbudget: {hours: 1}\n"


def test_two_commands_do_not_write_into_one_work_folder(tmp_path: Path) -> None:
    (tmp_path / "dono.yaml").write_text(PROJECT, encoding="utf8")
    place = open_workplace(tmp_path / "dono.yaml")
    other = "import sys; from pathlib import Path; from dono.cli import main; sys.argv[1:] = ['prepare']; main()"
    with place.alone():
        found = subprocess.run([sys.executable, "-c", other], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert "another dono command is working in this folder" in found.stderr
    with place.alone():
        pass  # let go of again


def test_a_command_that_failed_lets_the_folder_go(tmp_path: Path) -> None:
    (tmp_path / "dono.yaml").write_text(PROJECT, encoding="utf8")
    place = open_workplace(tmp_path / "dono.yaml")
    with pytest.raises(Mistake, match="spoiled"), place.alone():
        raise Mistake("spoiled", where="here", remedy="None")
    with place.alone():
        assert (tmp_path / "work" / ".lock").is_file()
