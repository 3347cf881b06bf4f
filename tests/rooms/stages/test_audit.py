from __future__ import annotations

import json
from pathlib import Path

import pytest

from dono.errors import Mistake
from dono.stages.audit import command
from dono.stages.prepare import Prepared
from dono.stages.workplace import Workplace


def test_a_sample_is_drawn_marked_and_told(
    place: Workplace, prepared: Prepared, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepared.corpus is not None
    project, out = place.project.folder / "dono.yaml", tmp_path / "audit.jsonl"
    command(project, (), documents=20, seed=1, out=out, marked=None)
    rows = [json.loads(line) for line in out.read_text("utf8").splitlines()]
    assert len(rows) == 20 and all(row["left"] is None and row["text"] for row in rows)
    with pytest.raises(Mistake, match="is there already"):
        command(project, (), documents=20, seed=1, out=out, marked=None)
    out.write_text("".join(json.dumps({**row, "left": int(i == 0)}) + "\n" for i, row in enumerate(rows)), "utf8")
    command(project, (), documents=20, seed=1, out=out, marked=out)
    said = capsys.readouterr()
    assert "1 of 20 documents hold identifiers still (1 in all): 5.00%, between 0.13% and 24.87%" in said.out + said.err
