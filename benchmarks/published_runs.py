"""GPU hours that others published beside those that `dono plan` foretells from parameters, tokens and the machine.

python -m benchmarks.published_runs [--runs FILE.csv]

Columns: model, params, active_params, tokens, gpu, gpu_hours, and if at hand `context` and `mfu` (the run's own). The
prior of utilisation knows the generation of the accelerator and nothing of the run; it is from other runs than these,
but was written by somebody who had seen these. Mixtures of experts are shown and not counted, fp8 counts as bf16.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.result import keep_result
from dono.costs import Range, exactly, machine_named, whole_run_utilisation
from dono.errors import Mistake

RUNS = Path(__file__).resolve().parents[2] / "shared" / "published_runs.csv"
DENSE = 1.2
"""Parameters over active ones up to which a model counts as dense."""


@dataclass(frozen=True)
class Foretold:
    """A published run and what was foretold of it, in GPU hours; `own` with the run's own MFU, where it is known."""

    model: str
    dense: bool
    published: float
    hours: Range
    own: float | None
    reached: float

    @property
    def off(self) -> float:
        """Foretold ÷ published − 1."""
        return self.hours.mid / self.published - 1


def foretold(row: dict[str, str]) -> Foretold:
    """One row. Raises `Mistake` for a machine that is not in the table."""
    machine = machine_named(row["gpu"])
    params = float(row["params"])
    active = float(row.get("active_params") or params)
    flops, context = 6 * active * float(row["tokens"]), int(float(row.get("context") or 4096))
    published, mfu = float(row["gpu_hours"]), row.get("mfu") or ""

    def hours(utilisation: Range) -> Range:
        return utilisation.times(machine.peak * 3600).under(flops)

    own = hours(exactly(float(mfu), "borrowed", "the run's own")).mid if mfu else None
    reached = flops / (published * 3600 * machine.peak)
    dense = params / active < DENSE
    return Foretold(
        row["model"], dense, published, hours(whole_run_utilisation(machine, context=context)), own, reached
    )


@click.command()
@click.option("--runs", type=click.Path(path_type=Path), default=RUNS, help="A CSV file of published runs.")
def main(runs: Path) -> None:
    """Print the table and the RESULT line."""
    if not runs.is_file():
        raise SystemExit(f"no such file: {runs}")
    table = Table()
    for name in ("model", "published", "foretold", "80 %", "off", "share of peak reached", "with its own MFU"):
        table.add_column(name, justify="left" if name == "model" else "right")
    found: list[Foretold] = []
    skipped: list[str] = []
    with runs.open(newline="", encoding="utf8") as file:
        for row in csv.DictReader(file):
            try:
                one = foretold(row)
            except (Mistake, ValueError, KeyError) as error:
                skipped.append(f"{row.get('model')}: {error}")
                continue
            found.append(one)
            own = "" if one.own is None else f"{one.own / one.published - 1:+.0%}"
            kind = "" if one.dense else " (mixture of experts)"
            table.add_row(
                one.model + kind, f"{one.published:,.0f}", f"{one.hours.mid:,.0f}",
                f"{one.hours.lo:,.0f}–{one.hours.hi:,.0f}", f"{one.off:+.0%}", f"{one.reached:.1%}", own,
            )  # fmt: skip
    Console(width=120).print(table)
    for line in skipped:
        print(f"skipped: {line}")
    dense = [one for one in found if one.dense]
    if not dense:
        raise SystemExit(f"no run of a dense model could be read in {runs}")
    inside = sum(one.hours.lo <= one.published <= one.hours.hi for one in dense)
    known = [one for one in dense if one.own is not None]
    result = {
        "within_25pct_share": round(sum(abs(one.off) <= 0.25 for one in dense) / len(dense), 3),
        "n": len(dense), "rows": len(found),
        "inside_80pct_share": round(inside / len(dense), 3),
        "misses": {one.model: round(one.off, 3) for one in dense if abs(one.off) > 0.25},
        "own_mfu_within_10pct_share": round(
            sum(abs((one.own or 0) / one.published - 1) <= 0.1 for one in known) / len(known), 3
        ) if known else None,
    }  # fmt: skip
    keep_result("published_runs", result)


if __name__ == "__main__":
    main()
