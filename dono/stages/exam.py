"""`dono exam DIR…`: forecasts for sets of other people's curves, written beside them as `predictions.csv`.

A set is `points.csv` and `cases.csv`; what kind of question a case is follows from its columns, never from a name:
- `visible_params_max`: the ends of smaller runs are seen, a larger one is asked for (laws in parameters and tokens);
- `visible_x_max` over examples: finished runs of several sizes, all arms of the task are seen up to that size;
- `visible_x_max` over tokens: one run's log, the arm alone is seen;
- neither: the arms without a case are seen whole, and the asked arm's learning rate.
Nothing else of `points.csv` is looked at.
"""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import click
import numpy as np

from dono.curves import (
    Curve,
    Expected,
    Kind,
    Learned,
    Point,
    ScheduledRun,
    SizePoint,
    forecast,
    forecast_schedule,
    forecast_sizes,
    learned,
    schedule_curves,
    set_of,
)
from dono.errors import Mistake
from dono.stages.exam_confidence import candidates, table, truths

POINTS, CASES, TRUTH, PREDICTIONS = "points.csv", "cases.csv", "truth.csv", "predictions.csv"
NUMBERS = ("params", "tokens", "examples", "lr", "value")
SCALES = ("tokens", "examples")
UNKNOWN = 0.3
"""Relative half-width of the interval where no law applies and the last visible value is all there is (assumed)."""


@dataclass(frozen=True)
class Row:
    """One measured point. A number that is not given is NaN."""

    task: str
    arm: str
    params: float
    tokens: float
    examples: float
    lr: float
    value: float

    def x(self, scale: str) -> float:
        """What grows: tokens or examples."""
        return self.tokens if scale == "tokens" else self.examples


@dataclass(frozen=True)
class Case:
    """One forecast to make; limits that are not set are NaN."""

    name: str
    task: str
    arm: str
    scale: str
    x_max: float
    params_max: float
    target_x: float
    target_params: float
    group: str = ""


@dataclass(frozen=True)
class Exam:
    """A set: its points by task, its cases, and what could not be read."""

    folder: Path
    rows: dict[str, tuple[Row, ...]]
    cases: tuple[Case, ...]
    broken: tuple[str, ...]

    @property
    def arms(self) -> set[tuple[str, str]]:
        """Its (task, arm) pairs."""
        return {(r.task, r.arm) for rows in self.rows.values() for r in rows}

    @cached_property
    def known(self) -> Learned:
        """What may be used of other sets: this one left out, if it was learned from."""
        return learned(set_of(self.folder.name, self.arms))


def command(folders: Sequence[Path], out: Path | None = None) -> None:
    """Forecast every case of every set, write the predictions, and print the score where there is a truth."""
    for folder in folders:
        exam = read(folder)
        for line in exam.broken:
            click.echo(f"{folder.name}: {line}", err=True)
        place = _place(folder, out)
        found = list(answers(exam))
        write(place / PREDICTIONS, found)
        scorer = folder.resolve().parent / "score.py"
        if (folder / TRUTH).is_file() and scorer.is_file():
            subprocess.run([sys.executable, str(scorer), str(place)], check=False)
            said = {name: (mean, lo, hi) for name, mean, lo, hi in found}
            groups = candidates([(c.name, c.group) for c in exam.cases], said, truths(folder / TRUTH))
            for line in table(groups):
                click.echo(line)
        else:
            click.echo(f"{folder.name}: {len(found)} of {len(exam.cases)} cases forecast in {place / PREDICTIONS}")


def answers(exam: Exam) -> Iterator[tuple[str, float, float, float]]:
    """Case, mean and both ends of the 80 % interval, for every case that anything is seen of."""
    for case in exam.cases:
        try:
            found = answer(case, visible(case, exam), exam.known)
        except Mistake as mistake:
            click.echo(f"{exam.folder.name}: no forecast for {case.name}: {mistake}", err=True)
            continue
        yield case.name, found.mean, found.lo80, found.hi80


@dataclass(frozen=True)
class Visible:
    """What a forecast may look at: the arm's own points, those of others, and the planned schedule (steps, rates)."""

    own: tuple[Row, ...]
    others: tuple[Row, ...]
    plan: tuple[tuple[float, float], ...] = ()


def visible(case: Case, exam: Exam) -> Visible:
    """The points that the rules allow for a case (see above), and never the arm's own end, whatever they say."""
    rows = exam.rows.get(case.task, ())
    if math.isnan(case.x_max) and math.isnan(case.params_max):
        asked = {c.arm for c in exam.cases if c.task == case.task}
        plan = sorted((r.x(case.scale), r.lr) for r in rows if r.arm == case.arm)
        whole = tuple(r for r in rows if r.arm not in asked)
        return Visible((), whole, tuple(p for p in plan if not math.isnan(p[0] + p[1])))
    seen = [r for r in rows if math.isnan(case.x_max) or r.x(case.scale) <= case.x_max]
    seen = [r for r in seen if math.isnan(case.params_max) or r.params <= case.params_max]
    own = tuple(r for r in seen if r.arm == case.arm and not r.x(case.scale) >= case.target_x)
    alone = case.scale == "tokens" and math.isnan(case.params_max)
    return Visible(own, () if alone else tuple(r for r in seen if r.arm != case.arm))


def kind_of(case: Case) -> str:
    """Which laws a case asks for, by its columns: sizes, schedule, pilots or run."""
    if not math.isnan(case.params_max):
        return "sizes"
    if math.isnan(case.x_max):
        return "schedule"
    return "pilots" if case.scale == "examples" else "run"


def answer(case: Case, seen: Visible, known: Learned) -> Expected:
    """The forecast by the laws of the case's kind; the last visible value where none of them applies."""
    try:
        return ANSWERS[kind_of(case)](case, seen, known)
    except Mistake:
        return last_seen(case, seen)


def by_sizes(case: Case, seen: Visible, known: Learned) -> Expected:
    """From the ends of smaller runs."""
    ends = [SizePoint(r.params, r.x(case.scale), r.value) for r in _ends((*seen.own, *seen.others), case.scale)]
    told = [e for e in ends if e.params > 0 and e.tokens > 0]
    return forecast_sizes(told, case.target_params, case.target_x, known=known)


def by_schedule(case: Case, seen: Visible, known: Learned) -> Expected:
    """From whole runs on other schedules and the planned one."""
    if not seen.plan:
        raise Mistake("no learning rate is planned", where=case.name, remedy="Fill in the arm's lr column")
    steps, rates = np.array(seen.plan).T
    curves = _schedule_curves(seen.others, case.scale)
    return forecast_schedule(curves, ScheduledRun(steps, rates, np.array([])), case.target_x, known=known)


def by_curve(case: Case, seen: Visible, known: Learned) -> Expected:
    """From the arm's own curve, and those of the other arms where they may be seen."""
    own, *peers = curves_of(case, seen)
    kind: Kind = "pilots" if case.scale == "examples" else "run"
    found = forecast(own, case.target_x, peers=peers, kind=kind, known=known)
    return Expected(found.mean, found.lo80, found.hi80, tuple(law.name for law in found.laws))


ANSWERS: dict[str, Callable[[Case, Visible, Learned], Expected]] = {
    "sizes": by_sizes,
    "schedule": by_schedule,
    "pilots": by_curve,
    "run": by_curve,
}


@lru_cache(maxsize=4)
def _schedule_curves(rows: tuple[Row, ...], scale: str) -> list[Curve]:
    """Fitted once for all cases that see the same runs."""
    return schedule_curves(tuple(runs(rows, scale)))


def curves_of(case: Case, seen: Visible) -> list[list[Point]]:
    """The arm's own curve, then those of the other arms of its task."""
    arms: dict[str, list[Point]] = {case.arm: []}
    for r in (*seen.own, *seen.others):
        if r.x(case.scale) >= 0:
            arms.setdefault(r.arm, []).append(Point(r.x(case.scale), r.value))
    return list(arms.values())


def runs(rows: Iterable[Row], scale: str) -> Iterator[ScheduledRun]:
    """Whole runs with their learning rates."""
    arms: dict[str, dict[float, tuple[float, float]]] = {}
    for r in rows:
        if r.x(scale) > 0 and r.lr >= 0:
            arms.setdefault(r.arm, {})[r.x(scale)] = (r.lr, r.value)
    for points in arms.values():
        steps = np.array(sorted(points))
        rates, losses = np.array([points[s] for s in steps.tolist()]).T
        yield ScheduledRun(steps, rates, losses)


def last_seen(case: Case, seen: Visible) -> Expected:
    """The last value of the arm itself, or of the largest run of any other. Raises `Mistake` where nothing is seen."""
    ends = _ends(seen.own or seen.others, case.scale)
    if not ends:
        raise Mistake("no point may be seen", where=case.name, remedy="Give a point below its limits")
    value = max(ends, key=lambda r: (np.nan_to_num(r.params), np.nan_to_num(r.x(case.scale)), r.arm)).value
    return Expected(value, value * (1 - UNKNOWN), value * (1 + UNKNOWN), ())


def _ends(rows: Iterable[Row], scale: str) -> list[Row]:
    """The last point of each arm."""
    ends: dict[str, Row] = {}
    for r in rows:
        if not math.isnan(r.x(scale)):
            ends[r.arm] = max(ends.get(r.arm, r), r, key=lambda p: p.x(scale))
    return list(ends.values())


def read(folder: Path) -> Exam:
    """A set from its folder; lines without sense are left out and said. Raises `Mistake` where a file is missing."""
    broken: list[str] = []
    rows: dict[str, list[Row]] = {}
    for line, cells in _lines(folder / POINTS):
        numbers = {name: _number(cells.get(name)) for name in NUMBERS}
        if not 0 < numbers["value"] < math.inf:
            broken.append(f"{POINTS} line {line} left out: value {cells.get('value')!r}")
            continue
        row = Row(cells.get("task") or "", cells.get("arm") or "", **numbers)
        rows.setdefault(row.task, []).append(row)
    cases = []
    for line, cells in _lines(folder / CASES):
        case = _case(cells)
        if case is None:
            broken.append(f"{CASES} line {line} left out: case {cells.get('case')!r}, target {cells.get('target_x')!r}")
        else:
            cases.append(case)
    return Exam(folder, {task: tuple(r) for task, r in rows.items()}, tuple(cases), tuple(broken))


def write(path: Path, rows: Iterable[tuple[str, float, float, float]]) -> None:
    """Predictions in the exam's format."""
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow(("case", "mean", "lo80", "hi80"))
            out.writerows((name, *(f"{v:.8g}" for v in values)) for name, *values in rows)
    except OSError as error:
        raise Mistake(f"{path}: {error.strerror}", where="exam", remedy="Name a folder with --out") from error


def _place(folder: Path, out: Path | None) -> Path:
    """Where a set's predictions go: its own folder, or one of its name in `out` with links to the set's files."""
    if out is None:
        return folder
    place = out / folder.name
    place.mkdir(parents=True, exist_ok=True)
    for name in (POINTS, CASES, TRUTH):
        link = place / name
        link.unlink(missing_ok=True)
        if (folder / name).is_file():
            link.symlink_to((folder / name).resolve())
    return place


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Lines of a CSV file as (line number, cells)."""
    if not path.is_file():
        raise Mistake(f"no {path.name}", where=str(path.parent), remedy="Give a folder with points.csv and cases.csv")
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        reader = csv.DictReader(file)
        for cells in reader:
            yield reader.line_num, cells


def _case(cells: dict[str, str | None]) -> Case | None:
    target = _number(cells.get("target_x"))
    if not cells.get("case") or not 0 < target < math.inf:
        return None
    scale = cells.get("x") if cells.get("x") in SCALES else "tokens"
    limits = [_number(cells.get(name)) for name in ("visible_x_max", "visible_params_max")]
    x_max, params_max = (limit if limit > 0 else math.nan for limit in limits)
    return Case(
        name=cells["case"] or "", task=cells.get("task") or "", arm=cells.get("arm") or "", scale=scale or "tokens",
        x_max=x_max, params_max=params_max, target_x=target, target_params=_number(cells.get("target_params")),
        group=cells.get("group") or "",
    )  # fmt: skip


def _number(text: str | None) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        return math.nan
