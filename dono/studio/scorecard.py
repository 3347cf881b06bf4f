"""A scorecard as one offline page and as Markdown for a model card: what was measured, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from dono.artifacts import write_atomically
from dono.evals.fluency import script_of_language
from dono.evals.measures import MEASURES, Measure
from dono.evals.scorecard import ALL, FEWEST, Cell, Change, Scorecard
from dono.studio import wording
from dono.studio.pages import page_environment
from dono.studio.picture import printable
from dono.studio.typefaces import FAMILIES, font_faces

GROUPS = {"quality": "Quality", "language": "Fluency", "cost": "Cost"}
MINUS = "\u2212"


@dataclass(frozen=True)
class Line:
    """One slice in a table: its name in words, items, a value for each stage, the change since the first.

    `part`: it is a part of a language that has a line of its own.
    """

    name: str
    language: str
    n: int
    cells: tuple[Cell | None, ...]
    change: Change | None
    part: bool


@dataclass(frozen=True)
class Grid:
    """One measure on one use case."""

    use_case: str
    measure: Measure
    stages: tuple[str, ...]
    lines: tuple[Line, ...]
    first: bool


def grids(card: Scorecard) -> list[Grid]:
    """The tables of a card: for each use case the measure that it is about first, then the others in their order."""
    found = []
    for use_case in dict.fromkeys(c.use_case for c in card.cells):
        mine = [c for c in card.cells if c.use_case == use_case]
        there = {c.measure for c in mine}
        about = card.judged_by.get(use_case, "")
        order = sorted((m for m in MEASURES if m in there), key=lambda m: (m != about, list(MEASURES).index(m)))
        stages = tuple(s for s in card.stages if s in {c.stage for c in mine})
        for place, name in enumerate(order):
            lines = tuple(_lines(card, use_case, name, stages))
            found.append(Grid(use_case, MEASURES[name], stages, lines, place == 0))
    return found


def _lines(card: Scorecard, use_case: str, measure: str, stages: Sequence[str]) -> list[Line]:
    cells = [c for c in card.cells if (c.use_case, c.measure) == (use_case, measure)]
    changes = {
        _slice(c): c for c in card.changes if (c.use_case, c.measure, c.before) == (use_case, measure, stages[0])
    }  # fmt: skip
    several = {c.language for c in cells if c.script == ALL and c.region == ALL}
    found = []
    for key in dict.fromkeys(_slice(c) for c in cells):
        of = {c.stage: c for c in cells if _slice(c) == key}
        last = of.get(stages[-1]) or next(iter(of.values()))
        found.append(
            Line(
                slice_name(last, several=last.language in several),
                last.language,
                last.n,
                tuple(of.get(s) for s in stages),
                changes.get(key),
                last.language != ALL and (last.region != ALL or (last.form != ALL and last.language in several)),
            )
        )
    return found


def _slice(row: Cell | Change) -> tuple[str, str, str, str, str]:
    return row.language, row.script, row.form, row.region, row.segment


def slice_name(row: Cell, *, several: bool) -> str:
    """A slice in words: "Hindi, code-mixed, Bihar". `several`: its language has several scripts or forms."""
    whole = row.region == ALL and row.segment == ALL
    parts = [wording.language_name(row.language) if row.language != ALL else "all" if whole else ""]
    if row.form == "code-mixed":
        parts.append("code-mixed")
    elif row.form == "romanised" and not row.language.endswith("-Latn"):
        parts.append("romanised")
    elif row.form == "native" and several:
        parts.append("unmixed" if row.script == script_of_language(row.language) else f"in {row.script} letters")
    parts += [part for part in (row.region, row.segment) if part != ALL]
    return ", ".join(p for p in parts if p)


def shown(cell: Cell | None, measure: Measure) -> str:
    """A value with its standard error, or why there is none."""
    if cell is None:
        return "–"
    if cell.value is None or cell.stderr is None:
        return f"too few ({cell.n})" if cell.n < FEWEST and measure.of != "cost" else "–"
    return f"{cell.value:,.{measure.decimals}f} ± {cell.stderr:,.{measure.decimals}f}"


def change_shown(change: Change | None, measure: Measure) -> str:
    """A difference with its sign, and its 95 % interval."""
    if change is None:
        return ""
    lo, hi = (_signed(v, measure.decimals) for v in (change.lo, change.hi))
    return f"{_signed(change.value, measure.decimals)} ({lo} to {hi})"


def _signed(value: float, decimals: int) -> str:
    text = f"{abs(value):,.{decimals}f}"
    return text if float(text.replace(",", "")) == 0 else ("+" if value > 0 else MINUS) + text


def forgotten(card: Scorecard) -> list[str]:
    """Languages in which the last model is surely worse on held-out text than the first: what it forgot, in words."""
    whole: dict[tuple[str, str], Change] = {}
    for change in card.changes:
        if change.measure == "bits_per_byte" and change.before == card.stages[0] and change.region == ALL:
            key = change.use_case, change.language
            if key not in whole or change.n > whole[key].n:  # the language's own row, not one of its forms
                whole[key] = change
    return [
        f"{wording.language_name(c.language)}: {change_shown(c, MEASURES['bits_per_byte'])} bits per byte"
        for c in whole.values()
        if c.language != ALL and c.surely == "worse"
    ]


def scorecard_lines(card: Scorecard) -> list[str]:
    """The card as Markdown: the measure that each use case is about, and what is said beside it."""
    lines = [f"## Scorecard of {card.model}", ""]
    lost = forgotten(card)
    for grid in grids(card):
        if not grid.first and grid.measure.of == "quality":
            continue
        lines += [f"**{grid.use_case}**: {grid.measure.label}, {direction(grid.measure)}", ""]
        compared = len(grid.stages) > 1
        head = ["", "n", *grid.stages, *([f"since {grid.stages[0]}"] if compared else [])]
        lines += [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
        for line in grid.lines:
            row = [line.name, f"{line.n:,}", *(shown(c, grid.measure) for c in line.cells)]
            if compared:
                said = change_shown(line.change, grid.measure)
                row.append(f"{said} {line.change.surely}".strip() if line.change else "")
            lines.append(f"| {' | '.join(row)} |")
        lines.append("")
    if lost:
        lines += ["Forgotten since " + card.stages[0] + ": " + "; ".join(lost) + ".", ""]
    lines += [f"- {note}" for note in card.notes]
    lines.append(
        "± is the standard error; changes are by paired bootstrap on the same items with their 95 % interval; "
        f"cells of fewer than {FEWEST} items give no number."
    )
    return lines


def direction(measure: Measure) -> str:
    """Which way is better, in words."""
    return "higher is better" if measure.higher_is_better else "lower is better"


def write_scorecard(card: Scorecard, path: Path) -> None:
    """Write the page to `path`, whole or not at all."""
    write_atomically(path, render_scorecard(card))


def render_scorecard(card: Scorecard) -> str:
    """The card as HTML. The same card gives the same bytes."""
    environment = page_environment(
        {"shown": shown, "change_shown": change_shown, "direction_of": direction, "GROUPS": GROUPS, "FEWEST": FEWEST}
    )
    by_case: dict[str, list[Grid]] = {}
    for grid in grids(card):
        by_case.setdefault(grid.use_case, []).append(grid)
    body = environment.get_template("scorecard_body.html.j2").render(
        card=card, cases=by_case, forgotten=forgotten(card)
    )
    style = environment.get_template("style/report.css").render(families=Markup(FAMILIES))
    page = environment.get_template("scorecard_page.html.j2").render(
        card=card, body=Markup(body), faces=Markup(font_faces(body)),
        style=Markup(style + environment.get_template("style/scorecard.css").render()),
    )  # fmt: skip
    return printable(page)
