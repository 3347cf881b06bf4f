"""Learn what `dono.curves` ships of other people's curves, and write `dono/curves/learned_table.py`.

    python -m benchmarks.learn_forecast

From each public set beside the repository: what its fine-tuning curves teach the learned law (sums of products, so that
a set is left out by not adding it), and how wide intervals would have had to be to hold in 80 % of its cases, when
forecast with the other sets alone. `FACTORS[name]` is the mean of the widths over the sets that are not `name`.
Run it again when a law, a prior or a set changes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.forecast_exam import SHARED
from dono.curves import Learned, Point, pool
from dono.curves.learned import Factors, as_numbers, signature
from dono.curves.slopes import NOTHING, Sums, sums
from dono.stages.exam import Case, Exam, answer, kind_of, read, visible
from dono.stages.exam_confidence import truths

TABLE = Path(__file__).resolve().parents[1] / "dono" / "curves" / "learned_table.py"
KINDS = ("pooled", "run", "sizes", "schedule")
"""What widths are learned of: pilots with many arms beside them, and the exam's other kinds."""
NAMES = {"pilots": "pooled"}
UNIT: dict[str, Factors] = dict.fromkeys(KINDS, ((1.0, 1.0),))
LEAST_CASES = 4
"""Cases at one distance that a width is taken from."""
LINE = 110
WORTH = 10.0
"""As many cases are taken to have said that widths are right as they are (assumed): a set of four proves little."""
Widths = dict[str, dict[float, tuple[float, int]]]
"""By kind, then doublings to the target (0 where there is one width for all): the 80 % quantile of distances
from the mean, as shares of the interval's half-width, and the number of cases."""


def main() -> None:
    """Learn from all sets and write the table."""
    exams = {folder.name: read(folder) for folder in sorted(SHARED.iterdir()) if (folder / "truth.csv").is_file()}
    slopes = {name: taught for name, exam in exams.items() if (taught := slopes_of(exam)) is not NOTHING}
    widths = {}
    for name, exam in exams.items():
        others = sum((s for n, s in slopes.items() if n != name), NOTHING)
        widths[name] = widths_of(exam, Learned(others, UNIT))
        print(
            name, {kind: {d: round(w, 3) for d, (w, _) in by.items()} for kind, by in widths[name].items()}, flush=True
        )
    factors = {"": mean_widths(list(widths.values()))}
    for name in exams:
        factors[name] = mean_widths([w for n, w in widths.items() if n != name])
    signatures = {name: signature(exam.arms) for name, exam in exams.items()}
    TABLE.write_text(as_module(slopes, factors, signatures), encoding="utf8")
    print(f"written: {TABLE}")


def slopes_of(exam: Exam) -> Sums:
    """What the whole curves of a set of fine-tuning runs teach; nothing for other kinds."""
    if not any(kind_of(case) == "pilots" for case in exam.cases):
        return NOTHING
    tasks: dict[str, dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
    for rows in exam.rows.values():
        for r in rows:
            if r.examples > 0:
                tasks[r.task][r.arm].append(Point(r.examples, r.value))
    return sum((sums(tuple(pool(points) for points in arms.values())) for arms in tasks.values()), NOTHING)


def widths_of(exam: Exam, known: Learned) -> Widths:
    """How wide the intervals of a set must be, as shares of what they are."""
    truth = truths(exam.folder / "truth.csv")
    found: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for case in exam.cases:
        said = answer(case, visible(case, exam), known)
        off = math.log(truth[case.name] / said.mean)
        half = math.log(said.hi80 / said.mean) if off > 0 else math.log(said.mean / said.lo80)
        found[NAMES.get(kind_of(case), kind_of(case))][distance(case)].append(abs(off) / half)
    return {
        kind: {d: (float(np.quantile(v, 0.8)), len(v)) for d, v in by.items() if len(v) >= LEAST_CASES}
        for kind, by in found.items()
    }


def distance(case: Case) -> float:
    """Doublings to the target, in thirds, for a run; the others have one width."""
    if kind_of(case) != "run":
        return 0.0
    return round(3 * math.log2(case.target_x / case.x_max)) / 3


def mean_widths(widths: list[Widths]) -> dict[str, Factors]:
    """Geometric means over cases of all sets, by kind and distance; 1 for a kind that no set is of."""
    merged: dict[str, dict[float, list[tuple[float, int]]]] = {kind: defaultdict(list) for kind in KINDS}
    for one in widths:
        for kind, by in one.items():
            for d, found in by.items():
                merged[kind][d].append(found)
    return {
        kind: tuple((round(d, 3), round(_mean(found), 3)) for d, found in sorted(by.items())) or UNIT[kind]
        for kind, by in merged.items()
    }


def _mean(found: list[tuple[float, int]]) -> float:
    logs = sum(count * math.log(width) for width, count in found)
    return math.exp(logs / (WORTH + sum(count for _, count in found)))


def as_module(
    slopes: dict[str, Sums],
    factors: dict[str, dict[str, Factors]],
    signatures: dict[str, str],
) -> str:
    """The table as a Python file."""
    lines = ['"""Written by `python -m benchmarks.learn_forecast`: see there, and `learned` for how it is read."""', ""]
    lines += ["# fmt: off", "SLOPES: dict[str, str] = {"]
    for name, taught in slopes.items():
        lines += [f'    "{name}": """', *folded(as_numbers(taught)), '    """,']
    lines += ["}", '"""Sums of the learned law by set: see `curves.slopes.Sums`."""', ""]
    lines += ["FACTORS: dict[str, dict[str, tuple[tuple[float, float], ...]]] = {"]
    for name, by in factors.items():
        lines += [f'    "{name}": {{', *(f'        "{kind}": {pairs},' for kind, pairs in by.items()), "    },"]
    lines += ["}", '"""Widths by kind and doublings; the key is the set that was left out, "" for none."""', ""]
    lines += ["SIGNATURES: dict[str, str] = {", *(f'    "{n}": "{s}",' for n, s in signatures.items()), "}"]
    lines += ['"""Digests of the sets\' (task, arm) pairs."""', "# fmt: on", ""]
    return "\n".join(lines)


def folded(text: str) -> list[str]:
    """Numbers on lines of at most `LINE` characters."""
    lines = [""]
    for number in text.split():
        if len(lines[-1]) + len(number) >= LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {number}".strip()
    return lines


if __name__ == "__main__":
    main()
