"""The picture of an ancestry: everything once, parents right of what they became, many files drawn as one."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from hypothesis import given, settings
from hypothesis import strategies as st

from dono.studio.ancestry import MOST_BESIDE, Node, describe, draw_ancestry, gathered, rows_of


def tree() -> dict[str, Node]:
    """A model of a run of a trunk, of tokens and a base; the tokens of a corpus of many files."""
    files = {f"f{n}": Node(f"f{n}", "file", f"part-{n}.jsonl", "a file", (), given=True) for n in range(12)}
    made = [
        Node("model", "model", "intent", "", ("run",)),
        Node("run", "run", "scratch", "", ("trunk", "base"), at="/runs/run/1"),
        Node("trunk", "trunk", "scratch", "", ("tokens", "base")),
        Node("tokens", "tokens", "own", "", ("corpus",)),
        Node("corpus", "corpus", "desk", "", (*files, "orders")),
        Node("orders", "source", "orders <b>", "consent", (), given=True),
        Node("base", "base", "Qwen", "given", (), given=True),
    ]
    return {**files, **{n.key: n for n in made}}


def rects(svg: str) -> dict[str, float]:
    """Left edges by the tooltip of each node."""
    return {(e.find("title").text or ""): float(e.get("x") or 0) for e in Xml.fromstring(svg).iter("rect")}  # type: ignore[union-attr]


def test_parents_stand_right_and_many_files_are_one() -> None:
    places = rects(draw_ancestry(gathered(tree()), "model", "w"))
    assert len(places) == 8
    kinds = {name.split()[0]: x for name, x in places.items()}
    way = [kinds[k] for k in ("model", "run", "trunk", "tokens", "corpus", "source")]
    assert way == sorted(set(way)) and kinds["source"] == kinds["file"]
    assert kinds["base"] > kinds["trunk"]
    assert any("12 files" in name for name in places)


def test_steps_that_only_went_on_with_one_another_are_one() -> None:
    made = [
        Node("model", "model", "intent", "", ("end",)),
        Node("end", "run", "scratch", "2 M tokens", ("t3", "examples")),
        Node("t3", "trunk", "scratch", "1.6 M tokens", ("t2", "tokens"), at="/runs/trunk/3"),
        Node("t2", "trunk", "scratch", "61 k tokens", ("t1", "tokens")),
        Node("t1", "trunk", "scratch", "30 k tokens", ("tokens",)),
        Node("tokens", "tokens", "own", "", ()),
        Node("examples", "examples", "intent", "", ()),
    ]
    nodes = {n.key: n for n in made}
    found = gathered(nodes)
    assert set(found) == {"model", "end", "t3", "tokens", "examples"}
    assert found["t3"] == Node("t3", "trunk", "scratch", "1.6 M tokens in 3 parts", ("tokens",), at="/runs/trunk/3")
    other = nodes | {"end": Node("end", "run", "scratch", "", ("t3", "t1"))}
    assert {"t3", "t1"} <= set(gathered(other)), "what another step began from stands by itself"


def test_few_files_stand_by_themselves() -> None:
    few = {k: n for k, n in tree().items() if n.kind != "file" or n.key < f"f{MOST_BESIDE - 4}"}
    few["corpus"] = Node("corpus", "corpus", "desk", "", tuple(k for k in few if k.startswith("f")))
    assert gathered(few) == few


def test_it_is_told_in_words_and_as_a_list_each_thing_once() -> None:
    nodes = tree()
    assert "trunk scratch was made of tokens own, base Qwen." in describe(nodes, "model")
    rows = rows_of(nodes, "model")
    assert len({n.key for _, n in rows}) == len(rows) == len(nodes)
    assert [(d, n.key) for d, n in rows][:4] == [(0, "model"), (1, "run"), (2, "trunk"), (3, "tokens")]
    svg = draw_ancestry(nodes, "model", "w")
    assert "<b>" not in svg and 'href="/runs/run/1"' in svg


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=20))
@settings(max_examples=60, deadline=None)
def test_nothing_stands_left_of_what_was_made_of_it(pairs: list[tuple[int, int]]) -> None:
    parents: dict[int, set[int]] = {n: set() for n in range(9)}
    for a, b in pairs:
        if a != b:
            parents[min(a, b)].add(max(a, b))
    parents[0] |= {n for n in range(1, 9) if not any(n in of for of in parents.values())}
    nodes = {str(n): Node(str(n), "run", f"n{n}", "", tuple(str(p) for p in sorted(of))) for n, of in parents.items()}
    places = rects(draw_ancestry(nodes, "0", "w"))
    left = {name.split()[1].rstrip("."): x for name, x in places.items()}
    assert set(left) == {f"n{n}" for n in range(9)}
    assert all(left[f"n{p}"] > left[f"n{n}"] for n, of in parents.items() for p in of)
