"""The picture of a use case: pilots with standard errors, forecast curves with 80 % bands, the full run, the bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from dono.decisions import METRICS, ArmVerdict, CurvePoint, Metric, UseCaseVerdict
from dono.studio.amounts import compact, interval, percent, score
from dono.studio.axes import Axis, apart, log_axis, log_ticks, tick_decimals, value_axis, value_ticks
from dono.studio.picture import add, described, line, path_of, written
from dono.studio.series import Series, marker
from dono.studio.wording import clipped

IN_FULL = 3
"""The axis holds the intervals of so many leading arms; wider ones of the others are cut at the edge."""


@dataclass(frozen=True)
class Layout:
    """Sizes in pixels; `label` is the longest name in characters."""

    name: str
    width: float
    height: float
    left: float
    right: float
    slot: float
    label: int
    ticks: int


WIDE = Layout("wide", 900, 420, 54, 316, 13, 37, 8)
NARROW = Layout("narrow", 380, 400, 42, 150, 8, 20, 3)
TOP, BOTTOM, LABEL_HEIGHT = 34, 62, 17
MOST_POINTS = 20
"""Pieces of a curve: each is about as long as a marker is wide."""


@dataclass(frozen=True)
class Chart:
    """Both sizes of the picture; `cut` says whether an interval leaves it."""

    wide: str
    narrow: str
    cut: bool


@dataclass(frozen=True)
class Scene:
    """What all parts of one picture need: the arms that were measured, their looks, and the axes."""

    case: UseCaseVerdict
    arms: Sequence[ArmVerdict]
    looks: Mapping[str, Series]
    layout: Layout
    x: Axis
    y: Axis

    @property
    def metric(self) -> Metric:
        """The use case's metric."""
        return METRICS[self.case.metric]

    def slot(self, i: int) -> float:
        """Where the full run of the i-th arm stands, right of the curves."""
        return self.x.end + 12 + (i + 0.5) * self.layout.slot

    @property
    def right(self) -> float:
        """Where the full runs end and the names may begin."""
        return self.x.end + 12 + len(self.arms) * self.layout.slot


def chart(case: UseCaseVerdict, looks: Mapping[str, Series], id_: str) -> Chart | None:
    """The picture of a use case in two sizes; None where no arm could be measured."""
    arms = [a for a in case.arms if a.failed is None]
    if not arms:
        return None
    scenes = [_scene(case, arms, looks, layout) for layout in (WIDE, NARROW)]
    wide, narrow = (_draw(scene, f"{id_}-{scene.layout.name}") for scene in scenes)
    return Chart(wide, narrow, _is_cut(scenes[0]))


def _scene(case: UseCaseVerdict, arms: Sequence[ArmVerdict], looks: Mapping[str, Series], layout: Layout) -> Scene:
    end = layout.width - layout.right - 24 - layout.slot * len(arms)
    scales = [p.scale for a in arms for p in a.pilots] + [c.scale for a in arms for c in a.curve]
    x = log_axis(scales, layout.left, max(end, layout.left + 90))
    values = [v for i, a in enumerate(arms) for v in _values(a, in_full=i < IN_FULL)]
    values += [value for value, _ in _marks(case)]
    y = value_axis(values, layout.height - BOTTOM, TOP, 4 * METRICS[case.metric].margin)
    return Scene(case, arms, looks, layout, x, y)


def _ends(low: float | None, high: float | None) -> list[float]:
    return [v for v in (low, high) if v is not None]


def _values(arm: ArmVerdict, *, in_full: bool) -> list[float]:
    """Values that must lie within the picture."""
    values = [arm.quality.value, *(p.value for p in arm.pilots)]
    values += [] if arm.said is None else [c.mean for c in arm.curve]
    if in_full:
        values += _ends(arm.quality.lo, arm.quality.hi)
        values += [v for c in arm.curve for v in (c.lo, c.hi)]
        values += [v for p in arm.pilots for v in (p.value - p.stderr, p.value + p.stderr)]
    return values


def _is_cut(scene: Scene) -> bool:
    return not all(scene.y.holds(v) for a in scene.arms for v in _values(a, in_full=True))


def _draw(scene: Scene, id_: str) -> str:
    title = f"{scene.case.use_case}: {scene.metric.label}, by share of the full run"
    layout = scene.layout
    svg = described(id_, layout.width, layout.height, f"chart {layout.name}", title, describe(scene.case))
    _draw_axes(svg, scene)
    for arm in reversed(scene.arms):
        _draw_band(svg, scene, arm)
    for crossing in scene.case.crossovers:
        if scene.x.holds(crossing.scale.value):
            x = scene.x.at(crossing.scale.value)
            line(svg, "crossing", x, TOP, x, layout.height - BOTTOM)
    for value, text in _marks(scene.case):
        _draw_mark(svg, scene, value, text)
    for arm in reversed(scene.arms):
        _draw_curve(svg, scene, arm)
        _draw_pilots(svg, scene, arm)
    _draw_full_run(svg, scene)
    return written(svg)


def _draw_axes(svg: Xml.Element, scene: Scene) -> None:
    layout, x, y = scene.layout, scene.x, scene.y
    bottom = layout.height - BOTTOM
    better = "higher is better ↑" if scene.case.higher_is_better else "lower is better ↓"
    room = 90 if layout is WIDE else 30
    add(svg, "text", "axis-title", text=f"{clipped(scene.metric.label, room)}, {better}", x=2, y=14)
    ticks = value_ticks(y, 8)
    for tick in ticks:
        line(svg, "grid", x.start, y.at(tick), scene.right, y.at(tick))
        text = f"{tick:.{tick_decimals(ticks)}f}"
        add(svg, "text", "tick", text=text, x=x.start - 7, y=y.at(tick) + 4, text_anchor="end")
    line(svg, "axis", x.start, bottom, x.end, bottom)
    line(svg, "edge", x.end + 6, TOP, x.end + 6, bottom)
    tokens = _tokens_of_full_run(scene)
    for tick in _x_ticks(scene):
        line(svg, "axis", x.at(tick), bottom, x.at(tick), bottom + 5)
        add(svg, "text", "tick", text=percent(tick), x=x.at(tick), y=bottom + 18, text_anchor="middle")
        if tokens:
            amount = compact(tick * tokens[1])
            add(svg, "text", "tick second", text=amount, x=x.at(tick), y=bottom + 33, text_anchor="middle")
    note = "share of the full run"
    if tokens:
        note += f"; below, tokens of “{clipped(tokens[0], layout.label)}”" if layout is WIDE else " · tokens"
    add(svg, "text", "axis-title", text=note, x=x.start, y=layout.height - 8)
    middle = (x.end + 6 + scene.right) / 2
    add(svg, "text", "tick", text="full run", x=middle + 6, y=bottom + 18, text_anchor="middle")


def _x_ticks(scene: Scene) -> list[float]:
    """Ticks that leave room for "full run" beside the last and do not run into one another."""
    x = scene.x
    ticks = [t for t in log_ticks(x, scene.layout.ticks) if x.end - x.at(t) > 34]
    kept: list[float] = []
    for tick in ticks:
        if not kept or x.at(tick) - x.at(kept[-1]) >= 42:
            kept.append(tick)
    return kept


def _tokens_of_full_run(scene: Scene) -> tuple[str, float] | None:
    """Name and tokens at scale 1 of the best arm whose pilots read tokens in proportion to their scale."""
    for arm in scene.arms:
        full = [p.tokens / p.scale for p in arm.pilots if p.tokens > 0 and p.scale > 0]
        if full and max(full) <= 1.1 * min(full):
            return scene.looks[arm.arm].name, full[-1]
    return None


def _drawn(arm: ArmVerdict) -> list[CurvePoint]:
    """The points of a curve that are drawn, its ends among them: a verdict keeps forty, which a page need not."""
    curve = sorted(arm.curve, key=lambda c: c.scale)
    last = len(curve) - 1
    if last < MOST_POINTS:
        return curve
    return [curve[round(i * last / MOST_POINTS)] for i in range(MOST_POINTS + 1)]


def _draw_band(svg: Xml.Element, scene: Scene, arm: ArmVerdict) -> None:
    if len(arm.curve) < 2:
        return
    curve = _drawn(arm)
    upper = [(scene.x.at(c.scale), scene.y.at(c.hi)) for c in curve]
    lower = [(scene.x.at(c.scale), scene.y.at(c.lo)) for c in reversed(curve)]
    add(svg, "polygon", f"band {scene.looks[arm.arm].colour}", points=path_of(upper + lower))


def _draw_curve(svg: Xml.Element, scene: Scene, arm: ArmVerdict) -> None:
    look = scene.looks[arm.arm]
    curve = [] if arm.said is None else _drawn(arm)
    points = [(scene.x.at(c.scale), scene.y.at(c.mean)) for c in curve]
    if len(points) < 2 and arm.route in ("prompt", "hosted"):  # nothing is learned: the same at every scale
        level = scene.y.at(arm.quality.value)
        points = [(scene.x.start, level), (scene.x.end, level)]
    if len(points) >= 2:
        drawn = add(svg, "polyline", f"curve {look.colour}", points=path_of(points))
        if look.dash:
            drawn.set("stroke-dasharray", look.dash)


def _draw_pilots(svg: Xml.Element, scene: Scene, arm: ArmVerdict) -> None:
    look, x, y = scene.looks[arm.arm], scene.x, scene.y
    for p in arm.pilots:
        at = x.at(p.scale)
        line(svg, f"error {look.colour}", at, y.at(p.value - p.stderr), at, y.at(p.value + p.stderr))
        svg.append(marker(look, at, y.at(p.value), 4, "pilot"))


def _marks(case: UseCaseVerdict) -> list[tuple[float, str]]:
    """Values with a line across the picture, and what it says: the bar, and what cannot be passed."""
    found = [(case.bar, "your bar"), (case.least, "none can pass")]
    return [(value, f"{said} {score(value, case.metric)}") for value, said in found if value is not None]


def _draw_mark(svg: Xml.Element, scene: Scene, value: float, text: str) -> None:
    y = scene.y.at(value)
    line(svg, "bar", scene.x.start, y, scene.right, y)
    add(svg, "text", "bar-label", text=text, x=scene.x.start + 6, y=max(y - 5, TOP - 4))


def _draw_full_run(svg: Xml.Element, scene: Scene) -> None:
    """Each arm's forecast for the full run with its interval, and its name, moved apart where names would overlap."""
    layout, y = scene.layout, scene.y
    wanted = [y.at(a.quality.value) for a in scene.arms]
    places = apart(wanted, LABEL_HEIGHT, TOP - 4, layout.height - BOTTOM + 24)
    left = scene.right + 16
    for i, arm in enumerate(scene.arms):
        look, at, q = scene.looks[arm.arm], scene.slot(i), arm.quality
        leader = [(at + 6, wanted[i]), (left - 10, places[i]), (left - 3, places[i])]
        add(svg, "polyline", f"leader {look.colour}", points=path_of(leader))
        if q.lo is not None and q.hi is not None:
            line(svg, f"whisker {look.colour}", at, y.at(q.lo), at, y.at(q.hi))
        if arm.said is not None:
            svg.append(marker(look, at, wanted[i], 5 if layout is WIDE else 4, "full"))
        css = "name chosen" if arm.arm == scene.case.winner else "name"
        text = add(svg, "text", css, text=clipped(look.name, layout.label), x=left, y=places[i] + 4)
        if layout is WIDE:
            add(text, "tspan", "value", text=_said(arm, scene.case.metric), dx=6)


def _said(arm: ArmVerdict, metric: str) -> str:
    """What is said of the arm's full run: its forecast, or how far it may come where it has not begun to learn."""
    return interval(arm.quality, lambda v: score(v, metric)) if arm.said is None else score(arm.said, metric)


def describe(case: UseCaseVerdict) -> str:
    """The picture in words: every arm's forecast with its interval, and its pilots."""
    sentences = []
    if case.bar is not None:
        sentences.append(f"The bar is {score(case.bar, case.metric)}.")
    if case.least is not None:
        sentences.append(f"None can pass {score(case.least, case.metric)}: the test items allow no more.")
    for arm in (a for a in case.arms if a.failed is None):
        ends = interval(arm.quality, lambda v: score(v, case.metric))
        text = f"{arm.title}: {_said(arm, case.metric)} at the full run"
        if arm.said is None:
            text += ", since it has not begun to learn"
        elif ends:
            text += f", 80 % interval {ends}"
        if arm.pilots:
            seen = (f"{score(p.value, case.metric)} at {percent(p.scale)}" for p in arm.pilots)
            text += f"; pilots measured {', '.join(seen)}"
        sentences.append(text + ".")
    return " ".join(sentences)


def strip(arm: ArmVerdict, axis_values: Sequence[float], bar: float | None, metric: str, look: Series) -> str:
    """One arm's interval as a small picture for a table row, which says the same in words; rows with the same
    `axis_values` share an axis.
    """
    width, height = 132, 20
    axis = value_axis(axis_values, 6, width - 6, 4 * METRICS[metric].margin)
    q = arm.quality
    svg = Xml.Element("svg", {"class": "strip", "viewBox": f"0 0 {width} {height}", "aria-hidden": "true"})
    line(svg, "axis", 6, 10, width - 6, 10)
    if bar is not None:
        line(svg, "bar", axis.at(bar), 1, axis.at(bar), height - 1)
    if q.lo is not None and q.hi is not None:
        line(svg, f"whisker {look.colour}", axis.at(q.lo), 10, axis.at(q.hi), 10)
    if arm.said is not None:
        svg.append(marker(look, axis.at(arm.said), 10, 4.5, "full"))
    return written(svg)


def strip_values(case: UseCaseVerdict) -> list[float]:
    """What the shared axis of a use case's strips must hold."""
    arms = [a for a in case.arms if a.failed is None]
    values = [v for i, a in enumerate(arms) for v in (a.quality.value, *_full_ends(a, i))]
    return values if case.bar is None else [*values, case.bar]


def _full_ends(arm: ArmVerdict, place: int) -> list[float]:
    return _ends(arm.quality.lo, arm.quality.hi) if place < IN_FULL else []
