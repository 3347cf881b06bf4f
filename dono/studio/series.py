"""How arms look in charts and tables: a colour, a marker and a dash each; the colour is the same in all reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from dono.decisions.routes import ROUTES, short_name

COLOURS = 13
"""Colours in palette.css, one for each arm of the table of routes; after Okabe and Ito (2008), so that most also differ
for colour-blind eyes. Markers and dashes tell apart what colours do not."""
DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "5 2 1 2 1 2")
POLYGONS = {
    "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
    "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    "triangle": ((0, -1.25), (1.2, 0.95), (-1.2, 0.95)),
    "wedge": ((0, 1.25), (1.2, -0.95), (-1.2, -0.95)),
    "cross": (
        (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4), (0.4, 1.2), (-0.4, 1.2),
        (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4),
    ),
    "hourglass": ((-1.1, -1.1), (1.1, -1.1), (-1.1, 1.1), (1.1, 1.1)),
}  # fmt: skip
SHAPES = ("circle", *POLYGONS)
"""Seven shapes and six dashes: no two of the first 42 arms look alike without colour."""


@dataclass(frozen=True)
class Series:
    """The look of one arm: `family` decides the colour, `index` the marker and the dash."""

    arm: str
    index: int
    family: int

    @property
    def colour(self) -> str:
        """The class that sets the colour."""
        return f"s{self.family % COLOURS}"

    @property
    def dash(self) -> str:
        """The value of stroke-dasharray; empty for a solid line."""
        return DASHES[self.index % len(DASHES)]

    @property
    def shape(self) -> str:
        """The marker's name."""
        return SHAPES[self.index % len(SHAPES)]

    @property
    def name(self) -> str:
        """The arm in a few words."""
        return short_name(self.arm)


def series_of(arms: Iterable[str]) -> dict[str, Series]:
    """One look for each different arm, whatever their order. The same arm on another base has the same colour."""
    names = sorted(set(arms))
    families = list(
        dict.fromkeys([*(a.name for of in ROUTES.values() for a in of), *(name.split("@")[0] for name in names)])
    )
    return {name: Series(name, i, families.index(name.split("@")[0])) for i, name in enumerate(names)}


def marker(series: Series, x: float, y: float, size: float, kind: str) -> Xml.Element:
    """The arm's marker at a place, `size` pixels in radius; `kind` is a second class (pilot, full)."""
    names = f"{kind} {series.colour}"
    if series.shape == "circle":
        return Xml.Element("circle", {"class": names, "cx": f"{x:g}", "cy": f"{y:g}", "r": f"{size:g}"})
    corners = " ".join(f"{x + size * dx:.2f},{y + size * dy:.2f}" for dx, dy in POLYGONS[series.shape])
    return Xml.Element("polygon", {"class": names, "points": corners})


def key(series: Series) -> str:
    """The marker alone as a small picture beside the arm's name, which says the same in words. A page has hundreds:
    each but names the shape, which the page holds once (`shapes`).
    """
    svg = Xml.Element("svg", {"class": f"key {series.colour}", "aria-hidden": "true"})
    Xml.SubElement(svg, "use", {"href": f"#{series.shape}"})
    return Xml.tostring(svg, encoding="unicode")


def shapes() -> str:
    """The shapes of all keys, for the beginning of a page."""
    svg = Xml.Element("svg", {"width": "0", "height": "0", "aria-hidden": "true", "class": "shapes"})
    for index, shape in enumerate(SHAPES):
        symbol = Xml.SubElement(svg, "symbol", {"id": shape, "viewBox": "0 0 16 16"})
        symbol.append(marker(Series("", index, 0), 8, 8, 5, "full"))
        del symbol[0].attrib["class"]
    return Xml.tostring(svg, encoding="unicode")
