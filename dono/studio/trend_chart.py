"""The picture of what a plan's machines cost over the years: the trend with its interval, and what others said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as Xml

from dono.costs import CLAIMS, Range, cost_in
from dono.costs.trend import RENTS
from dono.decisions import Outset
from dono.studio.amounts import compact, money, percent
from dono.studio.axes import Axis
from dono.studio.picture import add, described, line, path_of, written

AHEAD, BEHIND = 3.0, 7.5
"""Years shown after and before the verdict."""
LOWEST, HIGHEST = 0.002, 30_000.0
"""The cost as a multiple of today's, at the ends of the axis."""
STEPS = 36


@dataclass(frozen=True)
class Layout:
    """Sizes in pixels; `every` so many years have a tick."""

    name: str
    width: float
    height: float
    left: float
    right: float
    every: int


WIDE = Layout("wide", 900, 380, 58, 66, 1)
NARROW = Layout("narrow", 380, 360, 46, 60, 3)
TOP, BOTTOM = 34, 40
LOOKS = (("s1", "7 3"), ("s3", "2 3"), ("s2", ""))
"""Colour and dash of each claim."""


@dataclass(frozen=True)
class Scene:
    """The axes of one picture; `now` is the year of the verdict with its part that has passed."""

    outset: Outset
    currency: str
    now: float
    layout: Layout
    x: Axis
    y: Axis


def trend_chart(outset: Outset, currency: str, created: str) -> tuple[str, str] | None:
    """Both sizes of the picture; None where nothing of the plan's cost falls."""
    if outset.falling.value <= 0:
        return None
    when = datetime.fromisoformat(created)
    now = when.year + (when.timetuple().tm_yday - 1) / 365.25
    return _draw(_scene(outset, currency, now, WIDE)), _draw(_scene(outset, currency, now, NARROW))


def _scene(outset: Outset, currency: str, now: float, layout: Layout) -> Scene:
    x = Axis(now - BEHIND, now + AHEAD, layout.left, layout.width - layout.right)
    y = Axis(LOWEST, HIGHEST, layout.height - BOTTOM, TOP, log=True)
    return Scene(outset, currency, now, layout, x, y)


def _draw(scene: Scene) -> str:
    layout = scene.layout
    svg = described(
        f"trend-{layout.name}", layout.width, layout.height, f"chart {layout.name}",
        "What the machines of this plan cost over the years", _words(scene),
    )  # fmt: skip
    _axes(svg, scene)
    _band(svg, scene)
    _claims(svg, scene)
    _rents(svg, scene)
    _waits(svg, scene)
    return written(svg)


def _words(scene: Scene) -> str:
    said = [f"Today {money(scene.outset.falling.value, scene.currency)}."]
    for wait in scene.outset.waits:
        later = scene.outset.falling.value - wait.saves.value
        said.append(f"In {wait.months:g} months {money(later, scene.currency)} by the trend.")
    said += [f"{c.who}: {percent(c.fall)} less a year since {c.since}." for c in CLAIMS]
    return " ".join(said)


def _axes(svg: Xml.Element, scene: Scene) -> None:
    x, y, layout = scene.x, scene.y, scene.layout
    bottom = layout.height - BOTTOM
    add(svg, "text", "axis-title", text="cost of the same result, today = 1", x=2, y=14)
    for power in range(-2, 5):
        tick = 10.0**power
        line(svg, "grid", x.start, y.at(tick), x.end, y.at(tick))
        text = f"{tick:g}" if tick < 1000 else compact(tick)
        add(svg, "text", "tick", text=f"{text}×", x=x.start - 7, y=y.at(tick) + 4, text_anchor="end")
    line(svg, "axis", x.start, bottom, x.end, bottom)
    first = int(scene.now - BEHIND) + 1
    for year in range(first, int(scene.now + AHEAD) + 1, layout.every):
        line(svg, "axis", x.at(year), bottom, x.at(year), bottom + 5)
        add(svg, "text", "tick", text=str(year), x=x.at(year), y=bottom + 18, text_anchor="middle")
    line(svg, "crossing", x.at(scene.now), TOP - 6, x.at(scene.now), bottom)
    today = f"today {money(scene.outset.falling.value, scene.currency)}"
    add(svg, "text", "bar-label", text=today, x=x.at(scene.now), y=TOP - 10, text_anchor="middle")


def _band(svg: Xml.Element, scene: Scene) -> None:
    """The trend from today on, with its 80 % interval, and its middle back to where the oldest claim begins."""
    years = [AHEAD * i / STEPS for i in range(STEPS + 1)]
    found = [cost_in(t, 1.0) for t in years]
    upper = [_at(scene, scene.now + t, f.hi) for t, f in zip(years, found, strict=True)]
    lower = [_at(scene, scene.now + t, f.lo) for t, f in zip(years, found, strict=True)]
    add(svg, "polygon", "band trend-band s6", points=path_of(upper + lower[::-1]))
    middle = [_at(scene, scene.now + t, f.mid) for t, f in zip(years, found, strict=True)]
    add(svg, "polyline", "curve s6", points=path_of(middle))
    end: Range = found[-1]
    for value in (end.hi, end.mid, end.lo):
        css = "tick chosen" if value == end.mid else "tick"
        add(svg, "text", css, text=f"{value:.2g}×", x=scene.x.end + 7, y=scene.y.at(value) + 4)


def _at(scene: Scene, year: float, multiple: float) -> tuple[float, float]:
    return scene.x.at(year), scene.y.at(multiple)


def _claims(svg: Xml.Element, scene: Scene) -> None:
    """Each claim as the line that leads to today, from what the same cost when the claim begins; and a key to them.

    The key stands below the lines on the left, where nothing is drawn, each name behind its dash: however wide the
    letters are, they meet neither.
    """
    x = scene.x.start + 8
    for place, (claim, (css, dash)) in enumerate(zip(CLAIMS, LOOKS, strict=True)):
        start = _at(scene, claim.since, (1 - claim.fall) ** (claim.since - scene.now))
        _dashed(svg, css, dash, [start, _at(scene, scene.now, 1.0)])
        add(svg, "circle", f"full {css}", cx=start[0], cy=start[1], r=3.5)
        y = scene.y.start - 8 - 17 * (len(CLAIMS) - 1 - place)
        add(svg, "text", "name", text=f"{claim.who}: −{percent(claim.fall)} a year", x=x + 28, y=y)
        _dashed(svg, css, dash, [(x, y - 4), (x + 22, y - 4)])


def _dashed(svg: Xml.Element, css: str, dash: str, points: list[tuple[float, float]]) -> None:
    drawn = add(svg, "polyline", f"curve {css}", points=path_of(points))
    if dash:
        drawn.set("stroke-dasharray", dash)


def _rents(svg: Xml.Element, scene: Scene) -> None:
    """What an hour of one accelerator was rented for, over the last of these prices: it does not only fall."""
    last = RENTS[-1][1]
    points = [_at(scene, year, rent / last) for year, rent in RENTS]
    add(svg, "polyline", "curve s7 thin", points=path_of(points))
    for x, y in points:
        add(svg, "circle", "pilot s7", cx=x, cy=y, r=2.6)
    x, y = points[1]
    add(svg, "text", "tick", text="rent of an H100", x=x - 6, y=y + 20, text_anchor="end")


def _waits(svg: Xml.Element, scene: Scene) -> None:
    """What the plan would cost after each wait."""
    for wait in scene.outset.waits:
        later = scene.outset.falling.value - wait.saves.value
        x, y = _at(scene, scene.now + wait.months / 12, later / scene.outset.falling.value)
        add(svg, "circle", "full s6", cx=x, cy=y, r=4)
    add(svg, "circle", "full s6", cx=scene.x.at(scene.now), cy=scene.y.at(1.0), r=4.5)
