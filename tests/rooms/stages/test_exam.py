"""The forecast exam: what is looked at, what kind of question a case is, and what broken sets do."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dono.curves import learned
from dono.errors import Mistake
from dono.stages import exam

COLUMNS = ("task", "arm", "params", "tokens", "examples", "lr", "value")
CASES = ("case", "group", "task", "arm", "x", "visible_x_max", "visible_params_max", "target_x", "target_params")
Cells = tuple[object, ...]
SIZES = [100.0 * 2**k for k in range(11)]


def rate(step: float, steps: float) -> float:
    return 1e-3 * (0.1 + 0.45 * (1 + math.cos(math.pi * step / steps)))


def pilots() -> tuple[list[Cells], list[Cells]]:
    points: list[Cells] = [
        ("t", arm, 1e8, "", x, "", 2.0 * (1 + (x / bend) ** 0.5) ** -0.3)
        for arm, bend in (("a", 300.0), ("b", 900.0), ("c", 2700.0))
        for x in SIZES
    ]
    return points, [("pilots", "g", "t", "a", "examples", SIZES[6], "", SIZES[10], 1e8)]


def run() -> tuple[list[Cells], list[Cells]]:
    points: list[Cells] = [
        ("t", arm, "", 1e9 * k, "", "", 1.5 + grown * k**-0.4)
        for arm, grown in (("a", 1.0), ("b", 2.0))
        for k in range(1, 101)
    ]
    return points, [("run", "g", "t", "a", "tokens", 3e10, "", 1e11, "")]


def sizes() -> tuple[list[Cells], list[Cells]]:
    points: list[Cells] = [
        ("t", f"{n:g}-{k}", n, 20 * n * k * part, "", 1e-4, 1.8 + 480 / n**0.35 + 2000 / (20 * n * k * part) ** 0.37)
        for n in (1e7, 4e7, 1.6e8, 1e9)
        for k in (1, 4, 16)
        for part in (0.5, 1.0)
    ]
    return points, [("sizes", "g", "t", "1e+09-16", "tokens", "", 4e8, 3.2e11, 1e9)]


def schedule() -> tuple[list[Cells], list[Cells]]:
    points: list[Cells] = []
    for arm, steps in (("short", 2000), ("middle", 4000), ("flat", 4000), ("long", 8000)):
        area = 0.0
        for step in range(1, steps + 1):
            lr = 1e-3 if arm == "flat" else rate(step, steps)
            area += lr
            if step % 50 == 0:
                points.append(("t", arm, 1e7, step, "", lr, 2.5 + 0.6 * area**-0.5 - 200 * (1e-3 - lr)))
    return points, [("schedule", "g", "t", "long", "tokens", 0, "", 8000, 1e7)]


KINDS: dict[str, Callable[[], tuple[list[Cells], list[Cells]]]] = {
    "pilots": pilots,
    "run": run,
    "sizes": sizes,
    "schedule": schedule,
}
EACH = pytest.mark.parametrize("kind", KINDS)


def table(path: Path, header: tuple[str, ...], rows: list[Cells]) -> None:
    with path.open("w", newline="", encoding="utf8") as file:
        csv.writer(file).writerows([header, *rows])


def a_set(folder: Path, points: list[Cells], cases: list[Cells], columns: tuple[str, ...] = COLUMNS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    keep = [COLUMNS.index(c) for c in columns]
    table(folder / exam.POINTS, columns, [tuple(row[i] for i in keep) for row in points])
    table(folder / exam.CASES, CASES, cases)
    return folder


def said(folder: Path) -> dict[str, tuple[float, float, float]]:
    exam.command([folder])
    with (folder / exam.PREDICTIONS).open(encoding="utf8") as file:
        rows = list(csv.DictReader(file))
    return {r["case"]: (float(r["mean"]), float(r["lo80"]), float(r["hi80"])) for r in rows}


def truth(points: list[Cells], case: Cells) -> float:
    ends = [float(str(p[6])) for p in points if p[1] == case[3] and case[7] in (p[3], p[4])]
    return ends[0]


def test_every_kind_has_its_row_here() -> None:
    assert set(KINDS) == set(exam.ANSWERS)


@EACH
def test_a_case_is_known_by_its_columns_and_forecast_closely(kind: str, tmp_path: Path) -> None:
    points, cases = KINDS[kind]()
    read = exam.read(a_set(tmp_path / "anything", points, cases))
    assert [exam.kind_of(c) for c in read.cases] == [kind]
    mean, lo, hi = said(tmp_path / "anything")[kind]
    assert mean == pytest.approx(truth(points, cases[0]), rel=0.05)
    assert 0 < lo <= mean <= hi


@EACH
def test_points_that_may_not_be_seen_change_nothing(kind: str, tmp_path: Path) -> None:
    """Every value beyond the limits, and of arms that are not to be looked at, is thrown far off."""
    points, cases = KINDS[kind]()
    clean = exam.read(a_set(tmp_path / "clean", points, cases))
    seen = exam.visible(clean.cases[0], clean)
    allowed = {
        (r.task, r.arm, *(None if math.isnan(v) else v for v in (r.tokens, r.examples)))
        for r in (*seen.own, *seen.others)
    }
    random = np.random.default_rng(0)

    def cell(value: object) -> float | None:
        return float(str(value)) if str(value) else None

    def bent(row: Cells) -> Cells:
        known = (row[0], row[1], cell(row[3]), cell(row[4])) in allowed
        return row if known else (*row[:6], float(str(row[6])) * random.uniform(2, 9))

    moved = [bent(row) for row in points]
    assert moved != points, "nothing was hidden"
    assert said(a_set(tmp_path / "moved", moved, cases)) == said(tmp_path / "clean")


def test_what_may_be_seen_is_what_the_rules_say(tmp_path: Path) -> None:
    def looked_at(kind: str) -> exam.Visible:
        read = exam.read(a_set(tmp_path / kind, *KINDS[kind]()))
        return exam.visible(read.cases[0], read)

    seen = looked_at("pilots")
    assert {r.arm for r in seen.others} == {"b", "c"}
    assert max(r.examples for r in (*seen.own, *seen.others)) == SIZES[6]
    seen = looked_at("run")
    assert not seen.others and max(r.tokens for r in seen.own) == 3e10
    seen = looked_at("sizes")
    assert not seen.own and max(r.params for r in seen.others) == 1.6e8
    seen = looked_at("schedule")
    assert not seen.own and {r.arm for r in seen.others} == {"short", "middle", "flat"}
    assert len(seen.plan) == 160


def test_the_asked_arm_itself_is_not_seen_at_its_target_even_where_it_is_small_enough(tmp_path: Path) -> None:
    points, (case,) = sizes()
    read = exam.read(a_set(tmp_path, points, [(*case[:6], 1e12, *case[7:])]))
    seen = exam.visible(read.cases[0], read)
    assert {r.tokens for r in seen.own} == {1.6e11}


@EACH
def test_the_order_of_rows_does_not_matter(kind: str, tmp_path: Path) -> None:
    points, cases = KINDS[kind]()
    a_set(tmp_path / "back", points[::-1], cases)
    assert said(a_set(tmp_path / "forth", points, cases)) == said(tmp_path / "back")


@pytest.mark.parametrize("missing", ["params", "lr", "task"])
@EACH
def test_a_missing_column_costs_no_answer(kind: str, missing: str, tmp_path: Path) -> None:
    points, cases = KINDS[kind]()
    task = "" if missing == "task" else "t"
    cases = [(*c[:2], task, *c[3:]) for c in cases]
    found = said(a_set(tmp_path, points, cases, tuple(c for c in COLUMNS if c != missing)))
    if (kind, missing) == ("sizes", "params"):
        assert not found, "what is not known to be below the limit may not be seen"
        return
    mean, lo, hi = found[kind]
    assert 0 < lo <= mean <= hi < math.inf


@EACH
def test_one_visible_arm_alone_is_enough(kind: str, tmp_path: Path) -> None:
    points, cases = KINDS[kind]()
    other = next(str(p[1]) for p in points if p[1] != cases[0][3])
    some = [p for p in points if p[1] in (cases[0][3], other)]
    mean, lo, hi = said(a_set(tmp_path, some, cases))[kind]
    assert 0 < lo <= mean <= hi < math.inf


def test_broken_rows_are_left_out_and_said_in_a_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points, cases = pilots()
    broken: list[Cells] = [("t", "a", 1e8, "", 400, "", "n/a"), ("t", "a", 1e8, "", 800, "", -1), ("t",)]
    clean = said(a_set(tmp_path / "clean", points, cases))
    folder = a_set(tmp_path / "broken", points, [*cases, ("lost", "g", "t", "a", "examples", 1, "", "far", "")])
    with (folder / exam.POINTS).open("a", newline="", encoding="utf8") as file:
        csv.writer(file).writerows(broken)
    capsys.readouterr()
    assert said(folder) == clean
    complaints = capsys.readouterr().err.splitlines()
    assert len(complaints) == 4 and all("left out" in line for line in complaints)


def test_a_case_that_nothing_is_seen_of_is_said_and_not_guessed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points, cases = pilots()
    assert not said(a_set(tmp_path, points, [(*cases[0][:5], 1, *cases[0][6:])]))
    assert "no forecast for pilots" in capsys.readouterr().err


def test_a_folder_without_points_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"no points\.csv"):
        exam.command([tmp_path])


def test_predictions_go_elsewhere_when_asked(tmp_path: Path) -> None:
    folder = a_set(tmp_path / "set", *pilots())
    exam.command([folder], tmp_path / "out")
    assert (tmp_path / "out" / "set" / exam.PREDICTIONS).is_file() and not (folder / exam.PREDICTIONS).exists()


def test_a_set_that_was_learned_from_is_left_out_by_name_or_by_its_arms(tmp_path: Path) -> None:
    read = exam.read(a_set(tmp_path / "finetune-flan", *pilots()))
    assert read.known is learned("finetune-flan")
    assert replace(read, folder=tmp_path / "new").known is learned(None)


@pytest.mark.parametrize("name", ["finetune-flan", "prefix-dev", "ladder"])
def test_a_shared_set_is_known_by_its_arms_whatever_it_is_called(name: str) -> None:
    folder = Path(__file__).resolve().parents[4] / "shared" / "curves" / name
    if not folder.is_dir():
        pytest.skip("no shared curves beside the repository")
    renamed = replace(exam.read(folder), folder=Path("something else"))
    assert renamed.known is learned(name)
