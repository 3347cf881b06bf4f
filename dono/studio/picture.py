"""Small pieces of SVG: built as XML, so that a picture is well formed and text in it is text."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def printable(text: str) -> str:
    """The text without control characters, which neither XML nor a reader can take."""
    return CONTROL.sub("", text)


def add(parent: Xml.Element, tag: str, css: str, *, text: str = "", **attributes: float | str) -> Xml.Element:
    """Append an element; numbers are written with two decimals at most, `stroke_width` becomes stroke-width."""
    element = Xml.SubElement(parent, tag, {"class": css} if css else {})
    for name, value in attributes.items():
        element.set(name.replace("_", "-"), value if isinstance(value, str) else f"{round(value, 2):g}")
    if text:
        element.text = printable(text)
    return element


def line(parent: Xml.Element, css: str, x1: float, y1: float, x2: float, y2: float) -> Xml.Element:
    """A straight line."""
    return add(parent, "line", css, x1=x1, y1=y1, x2=x2, y2=y2)


def path_of(points: list[tuple[float, float]]) -> str:
    """Points as the value of `points`, to a tenth of a pixel."""
    return " ".join(f"{round(x, 1):g},{round(y, 1):g}" for x, y in points)


def described(id_: str, width: float, height: float, css: str, title: str, description: str) -> Xml.Element:
    """An empty picture with its text alternative; `id_` is unique in the page."""
    svg = Xml.Element("svg", {"class": css, "viewBox": f"0 0 {width:g} {height:g}", "role": "img"})
    svg.set("aria-labelledby", f"{id_}-title {id_}-desc")
    add(svg, "title", "", text=title, id=f"{id_}-title")
    add(svg, "desc", "", text=description, id=f"{id_}-desc")
    return svg


def written(svg: Xml.Element) -> str:
    """The picture as text."""
    return Xml.tostring(svg, encoding="unicode")
