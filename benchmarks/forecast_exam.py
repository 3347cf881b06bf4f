"""The forecast exam: other people's training curves, forecast by `dono exam` and by simple methods, scored alike.

Every folder with a truth in `../shared/curves` is sat; `score.py` there does the scoring. A set that Dono has learned
from is forecast with what the others taught (`curves.learned`). Methods of one x sit the cases of one x; in laws of
parameters and tokens, and along schedules, persistence is what there is to compare with.
"""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import io
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import regex
from scipy.optimize import curve_fit

from benchmarks.result import keep_result
from dono.curves import LAWS, Rungs, fit_law, pool
from dono.decisions.abstaining import Candidate, best_of_three, pairs
from dono.errors import Mistake
from dono.stages.exam import Case, Exam, Visible, answer, curves_of, kind_of, last_seen, read, visible, write
from dono.stages.exam_confidence import candidates, table, truths

Prediction = tuple[float, float, float]
ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "curves"
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
POWER_PHASE = 5.0
"""Standard deviations by which accept-then-stop lets a smaller size miss its line (Lin et al. 2024, δ)."""


def _line(rungs: Rungs, target: float, last: int) -> Prediction:
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
        return _line(rungs, target, 99)
    end = math.exp(float(y[-1]))

    def law(at: np.ndarray, floor: float, drop: float, alpha: float) -> np.ndarray:
        return np.log(floor + drop * np.exp(-alpha * at))

    fitted = []
    for alpha in (0.1, 0.3, 0.8):
        with contextlib.suppress(RuntimeError):
            found, _ = curve_fit(law, u, y, p0=(end / 2, end / 2, alpha), bounds=(1e-9, (end, 100 * end, 3.0)))
            fitted.append((float(np.std(y - law(u, *found))), tuple(found)))
    if not fitted:
        return _line(rungs, target, 99)
    spread, best = min(fitted)
    return _around(float(law(np.array([math.log(target / rungs.x[-1])]), *best)[0]), spread)


def _accept_then_stop(rungs: Rungs, target: float) -> Prediction:
    """A line through the power phase: three sizes from the end on, and smaller ones until one misses (Lin et al.)."""
    u, y = np.log(rungs.x), rungs.log_y
    count = min(3, len(u))
    while count < len(u) and count >= 2:
        slope, start = np.polyfit(u[-count:], y[-count:], 1)
        spread = max(float(np.std(y[-count:] - start - slope * u[-count:])), 1e-3)
        if abs(y[-count - 1] - start - slope * u[-count - 1]) > POWER_PHASE * spread:
            break
        count += 1
    return _line(rungs, target, count)


def _rectified(rungs: Rungs, target: float) -> Prediction:
    """The rectified law averaged over its posterior."""
    if len(rungs) < LAWS["rectified"].least:
        return _line(rungs, target, 99)
    fit = fit_law(LAWS["rectified"], rungs)
    said, mean = fit.cells_at(np.array([target]))[:, 0], fit.log_mean(target)
    return _around(mean, math.sqrt(float(fit.weight @ (said - mean) ** 2)))


def _around(log_mean: float, spread: float) -> Prediction:
    low, mean, high = (math.exp(log_mean + z * spread) for z in (-1.2816, 0.0, 1.2816))
    return mean, low, high


BASELINES: dict[str, Callable[[Rungs, float], Prediction]] = {
    "persistence": lambda rungs, target: _around(float(rungs.log_y[-1]), float(rungs.sd[-1])),
    "last-3 line": lambda rungs, target: _line(rungs, target, 3),
    "power law": lambda rungs, target: _line(rungs, target, 99),
    "power law + floor": _floored,
    "rectified average": _rectified,
    "accept, then stop": _accept_then_stop,
}


def baseline(method: str, case: Case, seen: Visible) -> Prediction | None:
    """What a simple method says of a case; None where it has nothing to say."""
    if kind_of(case) in ("pilots", "run"):
        return BASELINES[method](pool(curves_of(case, seen)[0]), case.target_x)
    if method != "persistence":
        return None
    with contextlib.suppress(Mistake):
        said = last_seen(case, seen)
        return said.mean, said.lo80, said.hi80
    return None


def scorer() -> Callable[[Path], bool]:
    """The exam's own `score`, loaded from its file."""
    spec = importlib.util.spec_from_file_location("exam_score", SHARED / "score.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    score: Callable[[Path], bool] = module.score
    return score


def scored(folder: Path, cases: Sequence[Case], said: dict[str, Prediction]) -> dict[str, float]:
    """What `score.py` says of predictions for some cases of a set, as shares, with the mean signed error beside it."""
    wanted, truth = {c.name for c in cases}, truths(folder / "truth.csv")
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        for name in ("cases.csv", "truth.csv"):
            with (folder / name).open(newline="", encoding="utf-8") as file:
                header, *rows = csv.reader(file)
            column = header.index("case")
            with (place / name).open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([header, *(r for r in rows if r[column] in wanted)])
        write(place / "predictions.csv", ((c.name, *said[c.name]) for c in cases))
        (place / "points.csv").symlink_to(folder / "points.csv")
        line = io.StringIO()
        with contextlib.redirect_stdout(line):
            assert scorer()(place), line.getvalue()
    found = {key: regex.search(pattern, line.getvalue()) for key, pattern in SCORES.items()}
    bias = float(np.mean([said[c.name][0] / truth[c.name] - 1 for c in cases]))
    return {"n": len(cases), "bias": round(bias, 4)} | {
        key: round(float(hit[1]) / 100, 4) for key, hit in found.items() if hit is not None and hit[1] != "nan"
    }


def parts(exam: Exam) -> Iterator[tuple[str, list[Case]]]:
    """All cases of a set, then those of each distance, where they are forecast along one x."""
    yield "all", list(exam.cases)
    far: dict[str, list[Case]] = {}
    for case in exam.cases:
        if kind_of(case) in ("pilots", "run"):
            far.setdefault(f"{case.target_x / case.x_max:.0f}x", []).append(case)
    if len(far) > 1:
        yield from sorted(far.items(), key=lambda item: float(item[0][:-1]))


def sit(exam: Exam) -> tuple[dict[str, dict[str, Prediction]], list[float]]:
    """Every method's predictions for a set, by method and case, and Dono's seconds per case."""
    known, seconds = exam.known, []
    said: dict[str, dict[str, Prediction]] = {"dono": {}}
    for case in exam.cases:
        seen = visible(case, exam)
        began = time.perf_counter()
        found = answer(case, seen, known)
        seconds.append(time.perf_counter() - began)
        said["dono"][case.name] = (found.mean, found.lo80, found.hi80)
        for method in BASELINES:
            one = baseline(method, case, seen)
            if one is not None:
                said.setdefault(method, {})[case.name] = one
    return said, seconds


def worth_of_confidence(groups: list[list[Candidate]]) -> dict[str, dict[str, float]]:
    """How often the surest decisions were right, by the share of all that is decided."""
    return {"pairs": pairs(groups).accuracy_at_share(), "best_of_3": best_of_three(groups).accuracy_at_share()}


def shown(name: str, part: str, method: str, scores: dict[str, float]) -> str:
    """One row of the table."""
    cells = [f"{scores[key]:8.1%}" if key in scores else f"{'':8s}" for key in ("bias", *SCORES)]
    return f"{name:16s} {part:>4s} {method:18s} {scores['n']:4.0f} {' '.join(cells)}"


def main() -> None:
    """Sit the exam and print the table."""
    if not SHARED.is_dir():
        print(f"skipped: no forecast exam at {SHARED.relative_to(ROOT.parent)} beside the repository")
        print("RESULT " + json.dumps({"skipped": True}))
        sys.exit(0)
    result: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    seconds: list[float] = []
    confident: dict[str, list[list[Candidate]]] = {}
    print(f"{'set':16s} part {'method':18s}    n " + " ".join(f"{key[:8]:>8s}" for key in ("bias", *SCORES)))
    for folder in sorted(f.parent for f in SHARED.glob("*/truth.csv")):
        exam = read(folder)
        said, times = sit(exam)
        seconds += times
        result[folder.name] = {}
        for part, cases in parts(exam):
            result[folder.name][part] = {
                method: scored(folder, cases, answers)
                for method, answers in said.items()
                if all(c.name in answers for c in cases)
            }
            for method, scores in result[folder.name][part].items():
                print(shown(folder.name, part, method, scores), flush=True)
            if any(kind_of(c) == "pilots" for c in cases):
                groups = candidates([(c.name, c.group) for c in cases], said["dono"], truths(folder / "truth.csv"))
                confident.setdefault(part, []).extend(groups)
    worth = {part: worth_of_confidence(confident[part]) for part in sorted(confident)}
    print("\nDono's confidence, over all sets that were forecast from pilots at 1/16 of the target")
    print("\n".join(table(confident.get("16x", []))))
    took = {"median": float(np.median(seconds)), "most": max(seconds), "sum": sum(seconds)}
    keep_result(
        "forecast_exam",
        {"sets": result, "accuracy_at_share": worth, "seconds": {key: round(s, 4) for key, s in took.items()}},
    )


if __name__ == "__main__":
    main()
