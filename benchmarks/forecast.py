"""The forecast exam: other people's training curves, forecast by Dono and by simple methods, scored by the same rules.

Sets lie in `../shared/curves`; `score.py` there does the scoring. Some ask for more than one x can say: of `open-lm`
and `ladder` the targets are served whose tokens per parameter smaller runs share, of `schedules-*` those at a constant
rate. The rest waits for laws in parameters and in the learning rate, and is counted as not served.

Constants of `dono.curves` were chosen on the sets in `CHOSEN_ON`; `left_out` chooses the floor of the interval again
without each of them.
"""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import io
import json
import math
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import curve_fit

from benchmarks.result import keep_result
from dono.curves import Forecast, Point, Rungs, forecast, pool

Row = dict[str, str]
Prediction = tuple[float, float, float]
ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "curves"
SETS = ("finetune-flan", "finetune-wmt19", "prefix-dev", "open-lm", "ladder", "schedules-25", "schedules-100")
CHOSEN_ON = ("finetune-flan", "finetune-wmt19", "prefix-dev", "open-lm")
PILOTS = ("finetune-flan", "finetune-wmt19")
"""Sets that are sat a second time with `RUNGS` sizes only, as pilots have them."""
RUNGS = 4
RATIO_TOLERANCE = 0.25
"""How far tokens per parameter of two runs may differ (in natural logs) and still count as one ladder."""
FLOORS = np.arange(0.0, 0.0401, 0.001)
"""Floors per doubling that the leave-one-set-out check chooses from."""
WANTED = 0.8
NUMBER = r"([\d.]+|nan)%"
SCORES = {
    "mean_error": rf"error mean +{NUMBER}",
    "median_error": rf"median +{NUMBER}",
    "coverage80": rf"in 80%: +{NUMBER}",
    "pairs_right": rf"pairs +{NUMBER}",
    "regret": rf"regret +{NUMBER}",
    "swaps_found": rf"swaps found +{NUMBER}",
    "swap_precision": rf"precision +{NUMBER}",
}


@dataclass(frozen=True)
class Case:
    """One forecast to make: `points` may be seen, badness at `target` is asked for. `row` is its line in cases.csv."""

    row: Row
    points: tuple[Point, ...]
    target: float

    @property
    def name(self) -> str:
        """The case's name in the truth file."""
        return self.row["case"]

    @property
    def distance(self) -> str:
        """The share of the target that was visible, as the set names it, or "all" where it names none."""
        return self.name.rpartition("|")[2] if float(self.row["visible_x_max"] or 0) else "all"


def read(path: Path) -> list[Row]:
    """A CSV file's rows."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def load(folder: Path) -> tuple[list[Case], int]:
    """The cases of a set that a forecast along one x can serve, and how many it cannot."""
    rows, points = read(folder / "cases.csv"), read(folder / "points.csv")
    served = [case for row in rows if (case := _case(folder.name, row, points)) is not None]
    return served, len(rows) - len(served)


def _case(exam: str, row: Row, points: list[Row]) -> Case | None:
    if exam in ("open-lm", "ladder"):
        seen = _same_ratio(row, points)
    elif exam.startswith("schedules"):
        seen = _same_schedule(row, points)
    else:
        seen = _own_curve(row, points)
    return Case(row, tuple(seen), float(row["target_x"])) if seen else None


def _own_curve(row: Row, points: list[Row]) -> list[Point]:
    """The arm's own points up to the visible limit."""
    limit = float(row["visible_x_max"])
    own = [p for p in points if p["task"] == row["task"] and p["arm"] == row["arm"]]
    return [Point(float(p[row["x"]]), float(p["value"])) for p in own if float(p[row["x"]]) <= limit]


def _same_ratio(row: Row, points: list[Row]) -> list[Point]:
    """The ends of smaller runs with as many tokens per parameter as the target: one ladder along x = tokens."""
    most = float(row["visible_params_max"])
    wanted = float(row["target_x"]) / float(row["target_params"])
    ends: dict[str, Row] = {}
    for p in points:
        if p["task"] == row["task"] and float(p["params"]) <= most:
            ends[p["arm"]] = max(ends.get(p["arm"], p), p, key=lambda r: float(r["tokens"]))
    ladder = [
        p for p in ends.values() if abs(math.log(float(p["tokens"]) / float(p["params"]) / wanted)) < RATIO_TOLERANCE
    ]
    return [Point(float(p["tokens"]), float(p["value"])) for p in ladder] if len(ladder) > 1 else []


def _same_schedule(row: Row, points: list[Row]) -> list[Point]:
    """Only a constant rate goes on as it began: the visible constant run is the target's own beginning."""
    kind, _, steps = row["arm"].rpartition("_")
    shorter = [p for p in points if p["arm"].startswith(f"{kind}_") and p["arm"] != row["arm"]]
    if kind != "constant" or not shorter or not steps.isdigit():
        return []
    return [Point(float(p["tokens"]), float(p["value"])) for p in shorter]


def _straight(rungs: Rungs, target: float, last: int) -> Prediction:
    """A line in log-log through the last rungs; its interval is what its own residuals say."""
    u, y = np.log(rungs.x[-last:]), rungs.log_y[-last:]
    if len(u) < 2:
        return _around(float(y[-1]), 0.0)
    slope, start = np.polyfit(u, y, 1)
    return _around(float(start + slope * math.log(target)), float(np.std(y - start - slope * u)))


def _floored(rungs: Rungs, target: float) -> Prediction:
    """Y = E + A x^-alpha by least squares on log y; the pure power law where it does not converge."""
    u, y = np.log(rungs.x / rungs.x[-1]), rungs.log_y
    if len(u) < 4:
        return _straight(rungs, target, 99)
    end = math.exp(float(y[-1]))

    def law(at: np.ndarray, floor: float, drop: float, alpha: float) -> np.ndarray:
        return np.log(floor + drop * np.exp(-alpha * at))

    fitted = []
    for alpha in (0.1, 0.3, 0.8):
        with contextlib.suppress(RuntimeError):
            found, _ = curve_fit(law, u, y, p0=(end / 2, end / 2, alpha), bounds=(1e-9, (end, 100 * end, 3.0)))
            fitted.append((float(np.std(y - law(u, *found))), tuple(found)))
    if not fitted:
        return _straight(rungs, target, 99)
    spread, best = min(fitted)
    return _around(float(law(np.array([math.log(target / rungs.x[-1])]), *best)[0]), spread)


def _around(log_mean: float, spread: float) -> Prediction:
    low, mean, high = (math.exp(log_mean + z * spread) for z in (-1.2816, 0.0, 1.2816))
    return mean, low, high


BASELINES: dict[str, Callable[[Rungs, float], Prediction]] = {
    "persistence": lambda rungs, target: _around(float(rungs.log_y[-1]), float(rungs.sd[-1])),
    "last-3 line": lambda rungs, target: _straight(rungs, target, 3),
    "power law": lambda rungs, target: _straight(rungs, target, 99),
    "power law + floor": _floored,
}


def scorer() -> Callable[[Path], bool]:
    """The exam's own `score`, loaded from its file."""
    spec = importlib.util.spec_from_file_location("exam_score", SHARED / "score.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    score: Callable[[Path], bool] = module.score
    return score


def scored(name: str, cases: list[Case], said: dict[str, Prediction]) -> dict[str, float]:
    """What `score.py` says of predictions for some cases of a set, as shares."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        truth = {t["case"]: t for t in read(SHARED / name / "truth.csv")}
        write(place / "cases.csv", [c.row for c in cases])
        write(place / "truth.csv", [truth[c.name] for c in cases])
        rows = [dict(zip(("case", "mean", "lo80", "hi80"), (c.name, *said[c.name]), strict=True)) for c in cases]
        write(place / "predictions.csv", rows)
        (place / "points.csv").symlink_to(SHARED / name / "points.csv")
        line = io.StringIO()
        with contextlib.redirect_stdout(line):
            assert scorer()(place), line.getvalue()
    found = {key: re.search(pattern, line.getvalue()) for key, pattern in SCORES.items()}
    return {"n": len(cases)} | {
        key: round(float(hit[1]) / 100, 4) for key, hit in found.items() if hit is not None and hit[1] != "nan"
    }


def write(path: Path, rows: list[Row] | list[dict[str, object]]) -> None:
    """Rows as a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(rows)


def few(case: Case) -> Case:
    """The case with its largest `RUNGS` sizes alone."""
    return replace(case, points=tuple(sorted(case.points, key=lambda p: p.x)[-RUNGS:]))


def parts(cases: list[Case]) -> Iterator[tuple[str, list[Case]]]:
    """All cases of a set, then those of each distance."""
    yield "all", cases
    for distance in sorted({c.distance for c in cases} - {"all"}):
        yield distance, [c for c in cases if c.distance == distance]


def coverage(name: str, made: dict[str, Forecast], floor: float) -> float:
    """Share of a set's truths inside the interval, had its floor per doubling been `floor`."""
    truth = {t["case"]: float(t["truth"]) for t in read(SHARED / name / "truth.csv")}
    inside = []
    for case, one in made.items():
        drawn = replace(one.drawn, spread=replace(one.drawn.spread, floor=floor))
        low, high = np.quantile(drawn.paths(np.array([one.target])), [0.1, 0.9])
        inside.append(low <= truth[case] <= high)
    return float(np.mean(inside))


def left_out(made: dict[str, dict[str, Forecast]]) -> dict[str, dict[str, float]]:
    """For each set: the floor that the others would have chosen, and what the interval then covers of it."""
    covered = {name: np.array([coverage(name, made[name], float(f)) for f in FLOORS]) for name in CHOSEN_ON}
    found = {}
    for name in CHOSEN_ON:
        others = np.mean([covered[o] for o in CHOSEN_ON if o != name], axis=0)
        best = int(np.argmin(np.abs(others - WANTED)))
        found[name] = {"floor": round(float(FLOORS[best]), 4), "coverage80": round(float(covered[name][best]), 4)}
    return found


def shown(name: str, part: str, method: str, scores: dict[str, float]) -> str:
    """One row of the table."""
    cells = [f"{scores[key]:8.1%}" if key in scores else f"{'':8s}" for key in SCORES]
    return f"{name:24s} {part:>4s} {method:18s} {scores['n']:5.0f} {' '.join(cells)}"


def main() -> None:
    """Sit the exam and print the table."""
    if not SHARED.is_dir():
        print(f"skipped: no forecast exam at {SHARED.relative_to(ROOT.parent)} beside the repository")
        print("RESULT " + json.dumps({"skipped": True}))
        sys.exit(0)
    result: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    made: dict[str, dict[str, Forecast]] = {}
    unserved: dict[str, int] = {}
    seconds: list[float] = []
    print(f"{'set':24s} part {'method':18s}     n   " + " ".join(f"{key[:8]:>8s}" for key in SCORES))
    for name, sparse in [(name, False) for name in SETS] + [(name, True) for name in PILOTS]:
        cases, unserved[name] = load(SHARED / name)
        exam = f"{name}, {RUNGS} sizes" if sparse else name
        cases = [few(case) for case in cases] if sparse else cases
        made[exam] = {}
        for case in cases:
            began = time.perf_counter()
            made[exam][case.name] = forecast(case.points, case.target)
            seconds.append(time.perf_counter() - began)
        said = {"dono": {case: (f.mean, f.lo80, f.hi80) for case, f in made[exam].items()}}
        for method, rule in BASELINES.items():
            said[method] = {case.name: rule(pool(case.points), case.target) for case in cases}
        result[exam] = {}
        for part, some in parts(cases):
            result[exam][part] = {method: scored(name, some, answers) for method, answers in said.items()}
            for method, scores in result[exam][part].items():
                print(shown(exam, part, method, scores))
    held = left_out(made)
    for name, check in held.items():
        print(f"{name:24s} floor chosen without it {check['floor']:.3f}: the interval covers {check['coverage80']:.1%}")
    summary = {
        "sets": result, "left_out": held, "not_served": unserved,
        "seconds_per_forecast": {"median": round(float(np.median(seconds)), 4), "most": round(max(seconds), 4)},
    }  # fmt: skip
    keep_result("forecast", summary)


if __name__ == "__main__":
    main()
