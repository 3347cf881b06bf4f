"""The ledger of outcomes: a line per finished full run, whatever kills the process, and it only grows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from dono.artifacts import Artifact, Json, Store
from dono.project import Budget, MachineChoice, Project, UseCase
from dono.stages.choosing import questions
from dono.stages.display import Display
from dono.stages.outcomes import LEDGER, calibration
from dono.stages.workplace import Workplace

USE_CASE = UseCase(name="intent", kind="classify", train="a.jsonl", test="b.jsonl")


def place(tmp_path: Path) -> Workplace:
    project = Project(project="shop", use_cases=(USE_CASE,), budget=Budget(hours=1), machine=MachineChoice())
    return Workplace(project, Store(tmp_path), Display())


def model(here: Workplace, number: int, measured: float, *, predicted: bool = True) -> Artifact:
    """A finished full run, as `build` seals it."""
    outcome: dict[str, Json] = {"use_case": "intent", "arm": "scratch/own", "metric": "macro_f1", "measured": measured}
    if predicted:
        outcome |= {
            "predicted": 0.8, "predicted_lo": 0.78, "predicted_hi": 0.82, "known": "extrapolated", "width": 1.0,
            "n": 400, "interval_held": "yes" if 0.78 <= measured <= 0.82 else "no",
        }  # fmt: skip

    def make(folder: Path) -> dict[str, Json]:
        (folder / "outcome.json").write_text(json.dumps(outcome), encoding="utf8")
        return {}

    return here.store.make("model", {"run": number}, make)


def test_a_finished_run_is_written_down_once_and_stays_when_its_model_is_deleted(tmp_path: Path) -> None:
    here = place(tmp_path)
    first = model(here, 1, 0.81)
    rows = calibration(here)
    assert [row["model"] for row in rows] == [first.id]
    assert calibration(here) == rows and len((tmp_path / LEDGER).read_text(encoding="utf8").splitlines()) == 1
    shutil.rmtree(first.path)
    second = model(here, 2, 0.7)
    assert [row["model"] for row in calibration(here)] == [first.id, second.id]


def test_a_line_that_was_being_written_when_the_process_was_killed_is_written_again(tmp_path: Path) -> None:
    here = place(tmp_path)
    model(here, 1, 0.81)
    whole = calibration(here)
    model(here, 2, 0.82)
    both = calibration(here)
    data = (tmp_path / LEDGER).read_bytes()
    for cut in (data.index(b"\n") + 1, data.index(b"\n") + 9, len(data) - 1):
        (tmp_path / LEDGER).write_bytes(data[:cut])
        assert calibration(here) == both
    assert both[:1] == whole


def test_a_run_without_a_forecast_is_no_line(tmp_path: Path) -> None:
    here = place(tmp_path)
    model(here, 1, 0.81, predicted=False)
    assert calibration(here) == [] and not (tmp_path / LEDGER).exists()


def test_forecasts_that_failed_make_the_next_intervals_wider(tmp_path: Path) -> None:
    here = place(tmp_path)
    for number, measured in enumerate((0.74, 0.75, 0.86)):
        model(here, number, measured)
        assert questions(here, {"intent": []})["intent"].width == 1.0
    model(here, 4, 0.87)
    assert questions(here, {"intent": []})["intent"].width > 2
