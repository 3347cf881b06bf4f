"""The picture of several runs at once: loss by step, both on logarithmic axes, each run in its route's colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from dono.studio.amounts import compact
from dono.studio.axes import Axis, apart, log_ticks, tick_decimals, value_axis, value_ticks
from dono.studio.picture import add, described, line, path_of, written
from dono.studio.series import Series, marker
from dono.studio.wording import clipped

TOP, BOTTOM, LEFT = 30.0, 40.0, 52.0
MOST_POINTS, MOST_NAMES = 50, 14
"""Points of a line, and lines that are named beside the picture: of more only the lowest of each route are."""
FEWEST_TICKS = 3
"""A logarithmic axis with fewer round values cannot be read: it has the ticks of a linear one (assumed)."""
LINEAR_BELOW = 1.6
"""Losses whose largest is less than so many times the smallest stand on a linear axis: the other has no ticks there."""


@dataclass(frozen=True)
class RunLine:
    """One run: its look, its name (empty: drawn without one), (step, loss) pairs in order, whether it learns now."""

    look: Series
    name: str
    points: Sequence[tuple[float, float]]
    live: bool = False


@dataclass(frozen=True)
class Size:
    """Of one picture, in pixels; `right` holds the names of `label` characters."""

    css: str
    width: float
    height: float
    right: float
    label: int


SIZES = (Size("wide", 900, 340, 250, 33), Size("narrow", 380, 300, 132, 13))


def draw_runs(lines: Sequence[RunLine], title: str, unit: str, id_: str) -> str:
    """Both sizes of the picture; empty where no run has a step yet."""
    shown = [x for x in lines if x.points]
    return "".join(_draw(shown, title, unit, f"{id_}-{size.css}", size) for size in SIZES) if shown else ""


def describe(lines: Sequence[RunLine], unit: str) -> str:
    """The picture in words."""
    said = [f"{x.name}: {x.points[-1][1]:.3f} at step {x.points[-1][0]:,.0f}" for x in lines if x.name]
    return f"{unit}, the last of each run. {'; '.join(said)}."


def _draw(lines: Sequence[RunLine], title: str, unit: str, id_: str, size: Size) -> str:
    svg = described(id_, size.width, size.height, f"chart {size.css}", title, describe(lines, unit))
    x, y = _axes(lines, size)
    add(svg, "text", "axis-title", text=f"{unit}, lower is better ↓", x=2, y=14)
    ticks = log_ticks(y, 6) if y.log else []
    decimals = max(0, -math.floor(math.log10(ticks[0]))) if ticks else 0
    if len(ticks) < FEWEST_TICKS:
        ticks = value_ticks(y, 6)
        decimals = tick_decimals(ticks)
    for tick in ticks:
        line(svg, "grid", x.start, y.at(tick), x.end, y.at(tick))
        add(svg, "text", "tick", text=f"{tick:.{decimals}f}", x=x.start - 7, y=y.at(tick) + 4, text_anchor="end")
    bottom = size.height - BOTTOM
    line(svg, "axis", x.start, bottom, x.end, bottom)
    for tick in log_ticks(x, 7 if size.css == "wide" else 4):
        line(svg, "axis", x.at(tick), bottom, x.at(tick), bottom + 5)
        add(svg, "text", "tick", text=compact(tick), x=x.at(tick), y=bottom + 18, text_anchor="middle")
    add(svg, "text", "axis-title", text="step", x=(x.start + x.end) / 2, y=size.height - 4, text_anchor="middle")
    named = _named(lines)
    heights = apart([y.at(v.points[-1][1]) for v in named], 17, TOP, bottom)
    for run in lines:
        _line(svg, run, x, y)
    for run, height in zip(named, heights, strict=True):
        end = x.at(run.points[-1][0]), y.at(run.points[-1][1])
        add(svg, "polyline", f"leader {run.look.colour}", points=path_of([end, (x.end + 10, height)]))
        text = f"{run.points[-1][1]:.2f} {clipped(run.name, size.label)}"
        add(svg, "text", "name chosen" if run.live else "name", text=text, x=x.end + 14, y=height + 4)
    return written(svg)


def _named(lines: Sequence[RunLine]) -> list[RunLine]:
    """The lines that are named beside the picture."""
    named = [v for v in lines if v.name]
    if len(named) <= MOST_NAMES:
        return named
    lowest: dict[str, RunLine] = {}
    for run in sorted(named, key=lambda v: v.points[-1][1]):
        lowest.setdefault(run.look.arm, run)
    return [v for v in named if v.live or lowest[v.look.arm] is v][:MOST_NAMES]


def _axes(lines: Sequence[RunLine], size: Size) -> tuple[Axis, Axis]:
    steps = [max(1.0, s) for run in lines for s, _ in run.points]
    values = [v for run in lines for _, v in run.points]
    x = Axis(min(steps), max(2.0 * min(steps), *steps), LEFT, size.width - size.right, log=True)
    low, high = min(values), max(values)
    if low > 0 and high / low >= LINEAR_BELOW:
        return x, Axis(low / 1.06, high * 1.06, size.height - BOTTOM, TOP, log=True)
    return x, value_axis(values, size.height - BOTTOM, TOP, 0.05)


def _line(svg: Xml.Element, run: RunLine, x: Axis, y: Axis) -> None:
    points = [(x.at(max(1.0, s)), y.at(v)) for s, v in thinned(run.points)]
    drawn = add(svg, "polyline", f"curve {run.look.colour}" + (" live" if run.live else ""), points=path_of(points))
    if run.look.dash:
        drawn.set("stroke-dasharray", run.look.dash)
    if run.name:
        svg.append(marker(run.look, *points[-1], 4.5, "full" if run.live else "pilot"))


def thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most about `MOST_POINTS`, evenly over the logarithm of the step, the last always among them."""
    if len(points) <= MOST_POINTS:
        return list(points)
    places = {round(math.expm1(math.log1p(len(points) - 1) * i / (MOST_POINTS - 1))) for i in range(MOST_POINTS)}
    return [points[i] for i in sorted(places | {len(points) - 1})]
