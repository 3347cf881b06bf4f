"""The picture of an ancestry: what was made on the left, and back to the sources, with their rights, on the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from xml.etree import ElementTree as Xml

from dono.studio.picture import add, described, written
from dono.studio.wording import clipped

WIDEST, ROW, HEIGHT, AIR, BETWEEN = 1070.0, 58.0, 42.0, 4.0, 24.0
NARROW, WIDE = 152.0, 210.0
"""Width of a column: as much as the page has room for, between these."""
LETTER = 8.3, 6.7
"""Mean width of a letter of a name, and of what is said below it, in the widest typeface that is usual (measured in
Chromium with DejaVu Sans, which a Linux without others shows)."""
MOST_BESIDE = 8
"""Parents of one kind of one node that are drawn; more of them stand together in one."""


@dataclass(frozen=True)
class Node:
    """One thing that was made or given: `key` is its own, `parents` are the keys of what it was made of.

    `said` is a line below the name; `at` the page where there is more of it; `given`: nobody made it here.
    """

    key: str
    kind: str
    name: str
    said: str
    parents: tuple[str, ...]
    at: str = ""
    given: bool = False


def draw_ancestry(nodes: Mapping[str, Node], root: str, id_: str) -> str:
    """The picture as SVG, as wide as the way is long. `nodes` holds the root and all that it was made of."""
    columns = _columns(nodes, root)
    deepest = max(columns.values())
    by: dict[int, list[str]] = {}
    for key in _order(nodes, root):
        by.setdefault(columns[key], []).append(key)
    tallest = max(len(of) for of in by.values())
    column_width = min(WIDE, max(NARROW, WIDEST / (deepest + 1)))
    box = column_width - BETWEEN
    width, height = (deepest + 1) * column_width - BETWEEN + 2 * AIR, tallest * ROW + 2 * AIR
    places = {
        key: (AIR + column * column_width, AIR + i * ROW) for column, of in by.items() for i, key in enumerate(of)
    }
    svg = described(id_, width, height, "ancestry", f"What {nodes[root].name} was made of", describe(nodes, root))
    svg.set("width", f"{width:g}")
    svg.set("role", "group")  # not img: what is in it can be followed
    for key, (x, y) in places.items():
        for parent in nodes[key].parents:
            _thread(svg, (x + box, y), places[parent])
    for key, place in places.items():
        _node(svg, nodes[key], place, box, root=key == root)
    return written(svg)


def describe(nodes: Mapping[str, Node], root: str) -> str:
    """The picture in words: each thing with what it was made of."""
    made = [nodes[key] for key in _order(nodes, root) if nodes[key].parents]
    return " ".join(
        f"{n.kind} {n.name} was made of {', '.join(f'{nodes[p].kind} {nodes[p].name}' for p in n.parents)}."
        for n in made
    )


def gathered(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """The same, with steps that only went on with one another drawn as one, and so the many given things of one kind
    under one node.
    """
    nodes = _joined(nodes)
    found = dict(nodes)
    for node in nodes.values():
        for kind in sorted({nodes[p].kind for p in node.parents if nodes[p].given}):
            many = [p for p in node.parents if nodes[p].given and nodes[p].kind == kind]
            if len(many) > MOST_BESIDE:
                key = f"{node.key}+{kind}"
                names = ", ".join(nodes[p].name for p in many[:3])
                found[key] = Node(key, kind, f"{len(many)} {kind}s", f"{names} …", (), given=True)
                mine = found[node.key]
                kept = tuple(p for p in mine.parents if p not in many)
                found[node.key] = Node(mine.key, mine.kind, mine.name, mine.said, (*kept, key), mine.at, mine.given)
    return found


def _joined(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Steps of one kind and name, each made of the one before and of no use to anything else, as one with the last's
    page.
    """
    found, parts = dict(nodes), dict.fromkeys(nodes, 1)
    for key in nodes:
        while key in found:
            node = found[key]
            before = [p for p in node.parents if _goes_on(found, node, found[p])]
            if not before:
                break
            kept = dict.fromkeys(p for p in node.parents if p not in before)
            for one in before:
                kept |= dict.fromkeys(found.pop(one).parents)
                parts[key] += parts[one]
            found[key] = replace(node, parents=tuple(kept))
    return {
        key: node if parts[key] == 1 else replace(node, said=f"{node.said} in {parts[key]} parts".strip())
        for key, node in found.items()
    }


def _goes_on(nodes: Mapping[str, Node], node: Node, before: Node) -> bool:
    """Whether a node only goes on with another one."""
    alike = (before.kind, before.name) == (node.kind, node.name) and not before.given
    return alike and [n.key for n in nodes.values() if before.key in n.parents] == [node.key]


def _columns(nodes: Mapping[str, Node], root: str) -> dict[str, int]:
    """How far each is from the root, by the longest way: nothing stands left of what was made of it."""
    columns = {root: 0}
    pending = [root]
    while pending:
        key = pending.pop()
        for parent in nodes[key].parents:
            if columns.get(parent, -1) < columns[key] + 1:
                columns[parent] = columns[key] + 1
                pending.append(parent)
    return columns


def _order(nodes: Mapping[str, Node], root: str) -> list[str]:
    """Depth first from the root, each once: what belongs together stands together."""
    seen: dict[str, None] = {}
    pending = [root]
    while pending:
        key = pending.pop()
        if key not in seen:
            seen[key] = None
            pending += reversed(nodes[key].parents)
    return list(seen)


def _thread(svg: Xml.Element, start: tuple[float, float], end: tuple[float, float]) -> None:
    x1, y1, x2, y2 = start[0], start[1] + HEIGHT / 2, end[0], end[1] + HEIGHT / 2
    middle = (x1 + x2) / 2
    add(svg, "path", "thread", d=f"M{x1:g} {y1:g} C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}")


def _node(svg: Xml.Element, node: Node, place: tuple[float, float], width: float, *, root: bool) -> None:
    x, y = place
    parent = svg
    if node.at:
        parent = add(svg, "a", "", href=node.at)
        parent.set("aria-label", f"{node.kind} {node.name}")
    css = "node root" if root else "node given" if node.given else "node"
    box = add(parent, "rect", css, x=x, y=y, width=width, height=HEIGHT, rx=7)
    add(box, "title", "", text=f"{node.kind} {node.name}. {node.said}".strip())
    add(
        parent,
        "text",
        "node-name",
        text=clipped(node.name or node.kind, int((width - 16) / LETTER[0])),
        x=x + 8,
        y=y + 18,
    )
    said = f"{node.kind} · {node.said}" if node.said else node.kind
    add(parent, "text", "node-said", text=clipped(said, int((width - 16) / LETTER[1])), x=x + 8, y=y + 33)


def rows_of(nodes: Mapping[str, Node], root: str) -> Sequence[tuple[int, Node]]:
    """The same as a list for a reader without pictures: depth and node, each node once."""
    seen: set[str] = set()
    rows: list[tuple[int, Node]] = []
    pending = [(0, root)]
    while pending:
        depth, key = pending.pop()
        if key not in seen:
            seen.add(key)
            rows.append((depth, nodes[key]))
            pending += [(depth + 1, p) for p in reversed(nodes[key].parents)]
    return rows
