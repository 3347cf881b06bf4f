"""`dono synthesize`: a table like the one given, of rows that nobody is; released only where the privacy tests hold."""

from __future__ import annotations

import csv
import dataclasses
import io
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dono.artifacts import Artifact, Json, Reference, Store, alone_in, fingerprint, write_atomically
from dono.errors import Mistake
from dono.predictive import held_out, read_table, take
from dono.predictive.synthesis import GanSpec, Layout, draw_target, independent, train_gan
from dono.predictive.tables import Cell, Columns, Table, take_target
from dono.project import DateOrder
from dono.stages.display import Display, clock, print_result
from dono.stages.synthetic_figures import Figures, figures_of, page

HELD_OUT = 0.3
"""The share of the real rows that the GAN never sees: what it is judged by."""
MADE = 2
"""The number of this way of making rows: what an earlier one made is made again."""
FEWEST_ROWS = 200
"""Below so many rows nothing can be judged (assumed)."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is asked for. `rows` 0: as many as the table has; `target` names the column that a model would predict."""

    table: Path
    target: str | None
    rows: int
    steps: int
    seed: int
    dates: DateOrder = "day"


def command(order: Order, out: Path, *, work: Path, dry_run: bool) -> None:
    """Train, judge, release; print what was measured. Raises `Mistake` where the rows are too near to real ones."""
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise Mistake(f"{out.suffix or 'no suffix'} is no table", where="--out", remedy="Give .csv or .parquet")
    display = Display()
    table = checked(order)
    rows = order.rows or table.rows
    display.say(
        f"{order.table.name}: {table.rows:,} rows, {len(table.columns)} columns; {order.steps:,} steps of a GAN on "
        f"{1 - HELD_OUT:.0%} of the rows, then {rows:,} rows are made"
    )
    for note in table.notes:
        display.say(f"  {note}")
    if dry_run:
        return
    with alone_in(work):
        made = synthesize(order, table, Store(work), display)
    figures = Figures.of(made)
    report = out.with_suffix(".md")
    write_atomically(report, page(order.table.name, figures, notes_of(made)))
    print_result(page(order.table.name, figures, notes_of(made)))
    print_result(f"report   {report}")
    if figures.failed:
        remedy = "Train it for fewer --steps, or give more rows; the report says what was measured"
        raise Mistake("not released: " + "; ".join(figures.failed), where=str(order.table), remedy=remedy)
    write_table(out, pq.read_table(made.path / "synthetic.parquet").to_pydict())
    print_result(f"table    {out}")


def checked(order: Order) -> Table:
    """The table, if something can be made of it. Raises `Mistake` for too few rows or a target that is none."""
    table = read_table(order.table)
    if table.rows < FEWEST_ROWS:
        what = f"{table.rows:,} rows are too few to tell a likeness from a copy"
        raise Mistake(what, where=str(order.table), remedy=f"Give at least {FEWEST_ROWS}")
    if order.target is not None:
        labels = take_target(table, order.target, where="--target").labels
        if len(set(labels)) < 2:
            what = f"every row is {labels[0]!r}" if labels else "no row has a target"
            raise Mistake(what, where="--target", remedy="Name a column of at least two classes")
    for name, value in (("--rows", order.rows), ("--steps", order.steps - 1)):
        if value < 0:
            raise Mistake("too few", where=name, remedy="Give a larger number")
    return table


def synthesize(order: Order, table: Table, store: Store, display: Display) -> Artifact:
    """The synthetic table with what was measured of it, made once; killed, the training goes on where it was."""
    spec: dict[str, Json] = {
        "table": fingerprint(order.table), "target": order.target, "rows": order.rows or table.rows,
        "gan": dataclasses.asdict(GanSpec(steps=order.steps, seed=order.seed)), "dates": order.dates,
        "made": MADE,
    }  # fmt: skip

    def make(folder: Path) -> dict[str, Json]:
        began = time.monotonic()
        train, test = parted(table, order)
        layout = Layout.of(train, seed=order.seed, dates=order.dates)
        if len(layout.columns) < 2:
            remedy = "Give a table of numbers, dates or categories"
            raise Mistake("no two columns can be made again", where=str(order.table), remedy=remedy)
        gan = GanSpec(steps=order.steps, seed=order.seed)
        with display.task("training the GAN", gan.steps) as view:
            trained = train_gan(
                layout, train, gan, folder, target=order.target, watch=lambda step: view.at(step, f"step {step:,}")
            )
        names, rows = list(table.columns), order.rows or table.rows
        made: Columns = trained.rows(rows, names, seed=order.seed)
        if order.target is not None:
            made = draw_target(made, train, order.target, seed=order.seed)
        display.say("measuring what was made, beside independent marginals")
        beside = independent(layout, train, rows, seed=order.seed)
        figures = figures_of(layout, train, test, made, beside, target=order.target, seed=order.seed)
        write_table(folder / "synthetic.parquet", made)
        (folder / "gan.pt").unlink()
        display.say(f"done in {clock(time.monotonic() - began)}")
        return {"figures": figures.as_json(), "notes": list[Json](layout.notes), "rows": rows}

    made_from = [Reference("file", fingerprint(order.table), order.table.name)]
    return store.make("synthetic", spec, make, made_from=made_from, name=order.table.stem, keep_partial=True)


def notes_of(made: Artifact) -> list[str]:
    """What was left out or changed."""
    notes = made.result["notes"]
    assert isinstance(notes, list)
    return [str(note) for note in notes]


def parted(table: Table, order: Order) -> tuple[dict[str, list[Cell]], dict[str, list[Cell]]]:
    """Rows that the GAN learns from and rows that it never sees; rows without a target are in neither."""
    columns: Columns = table.columns
    labels = ["a", "b"] * (table.rows // 2 + 1)
    if order.target is not None:
        labelled = take_target(table, order.target)
        columns, labels = {**labelled.columns, order.target: labelled.labels}, labelled.labels
        columns = {name: columns[name] for name in table.columns}
    else:
        labels = labels[: table.rows]
    split = held_out(labels, share=HELD_OUT, seed=order.seed, where="--target")
    return take(columns, split.train.tolist()), take(columns, split.test.tolist())


def write_table(path: Path, columns: Columns) -> None:
    """Write columns as .csv or .parquet; a reader sees the whole file or none."""
    if path.suffix.lower() == ".parquet":
        begun = path.with_suffix(".begun")
        pq.write_table(pa.table(dict(columns)), begun)
        begun.replace(path)
        return
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows(zip(*columns.values(), strict=True))
    write_atomically(path, text.getvalue())
