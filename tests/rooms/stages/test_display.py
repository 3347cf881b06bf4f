from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from dono.stages.display import Display, clock


@pytest.fixture
def clocked(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands until it is told otherwise."""
    now = [1000.0]
    monkeypatch.setattr("dono.stages.display.time.monotonic", lambda: now[0])
    return now


def lines(out: io.StringIO) -> list[str]:
    return out.getvalue().splitlines()


@pytest.mark.parametrize(
    ("passed", "said"),
    [(25, " 25%, 0:25 elapsed, 1:15 to go step 1/4"), (130, "100%, 2:10 elapsed, longer than planned step 1/4")],
)
def test_a_line_says_how_far_it_is_and_how_long_yet_or_that_it_outlasts_its_plan(
    passed: float, said: str, clocked: list[float]
) -> None:
    out = io.StringIO()
    with Display(Console(file=out, width=200)).task("a full run", 100.0) as view:
        clocked[0] += passed
        view.note("step 1/4")
    assert lines(out)[-1] == f"  a full run: {said}"


def test_a_live_bar_says_it_too(clocked: list[float]) -> None:
    out = io.StringIO()
    with Display(Console(file=out, width=200, force_terminal=True)).task("a full run", 100.0) as view:
        clocked[0] += 130
        view.note("step 3/4")
        assert view.bar is not None and view.bar.tasks[0].fields["note"] == "longer than planned · step 3/4"


def test_lines_come_at_most_every_ten_seconds(clocked: list[float]) -> None:
    out = io.StringIO()
    with Display(Console(file=out, width=200)).task("a full run", 100.0) as view:
        for _ in range(30):
            clocked[0] += 1
            view.note("")
    assert len(lines(out)) == 4  # the title, and three


def test_what_lies_beside_for_others_never_stops_the_work(clocked: list[float], tmp_path: Path) -> None:
    shown = Display(Console(file=io.StringIO()), beside=tmp_path / "gone" / "progress.json")
    (tmp_path / "gone").write_text("a file where a folder should be", encoding="utf8")
    with shown.task("a full run", 100.0) as view:
        clocked[0] += 5
        view.note("")
    assert shown.beside is None


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (61, "1:01"), (3661, "1:01:01"), (float("nan"), "?"), (-1, "?")]
)
def test_a_clock(seconds: float, said: str) -> None:
    assert clock(seconds) == said
