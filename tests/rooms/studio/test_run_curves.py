"""The picture of several runs: every run a line within the picture, named, its words told, in both sizes."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

from hypothesis import given, settings
from hypothesis import strategies as st

from dono.studio.run_curves import MOST_NAMES, MOST_POINTS, RunLine, draw_runs, thinned
from dono.studio.series import series_of

LOOKS = series_of(["scratch/own", "finetune/lora", "continue/kept"])


def falling(arm: str, steps: int, *, name: str | None = None, live: bool = False, start: float = 8.0) -> RunLine:
    points = [(float(s), start * s**-0.3) for s in range(1, steps + 1)]
    return RunLine(LOOKS[arm], arm if name is None else name, points, live)


def pictures(text: str) -> list[Xml.Element]:
    return list(Xml.fromstring(f"<both>{text}</both>"))


def test_each_run_is_a_line_and_its_last_loss_is_said() -> None:
    wide, narrow = pictures(
        draw_runs([falling("scratch/own", 100), falling("finetune/lora", 9, live=True)], "t", "nats", "x")
    )
    lines = [e for e in wide.findall("polyline") if "curve" in e.get("class", "")]
    assert len(lines) == 2 and [("live" in (e.get("class") or "")) for e in lines] == [False, True]
    assert "scratch/own: 2.010 at step 100" in (wide.find("desc").text or "")  # type: ignore[union-attr]
    assert any((e.text or "").startswith("2.01 scratch/own") for e in wide.findall("text"))
    assert narrow.get("viewBox") == "0 0 380 300"


def test_the_losses_of_a_short_run_can_be_read_off_the_axis() -> None:
    short = RunLine(LOOKS["scratch/own"], "run", [(1.0, 14.2), (12.0, 7.75)])  # within it 10 is the only 1, 2 or 5
    for picture in pictures(draw_runs([short], "t", "nats", "x")):
        ticks = [e for e in picture.findall("text") if e.get("class") == "tick" and e.get("text-anchor") == "end"]
        assert len({e.text for e in ticks}) >= 3


def test_nothing_is_drawn_where_no_run_has_a_step() -> None:
    assert draw_runs([RunLine(LOOKS["scratch/own"], "a", [])], "t", "nats", "x") == ""


def test_of_very_many_runs_the_lowest_of_each_route_are_named() -> None:
    many = [falling("scratch/own", 20, name=f"run {n}", start=8 - n / 10) for n in range(MOST_NAMES + 5)]
    wide = pictures(draw_runs([*many, falling("finetune/lora", 5)], "t", "nats", "x"))[0]
    names = [e.text or "" for e in wide.findall("text") if "name" in e.get("class", "").split()]
    assert len(names) == 2 and any(f"run {MOST_NAMES + 4}" in n for n in names)


@given(st.lists(st.tuples(st.floats(1, 1e7), st.floats(-5, 1e6)), min_size=1, max_size=40), st.text(max_size=50))
@settings(max_examples=60, deadline=None)
def test_whatever_the_numbers_and_the_name_it_is_whole_and_within_its_frame(
    points: list[tuple[float, float]], name: str
) -> None:
    line = RunLine(LOOKS["scratch/own"], name or "run", sorted(points))
    for picture in pictures(draw_runs([line], name, "nats", "x")):
        width, height = map(float, (picture.get("viewBox") or "").split()[2:])
        for element in picture.iter("polyline"):
            for x, y in re.findall(r"([-\d.e]+),([-\d.e]+)", element.get("points") or ""):
                assert -1 <= float(x) <= width + 1 and -1 <= float(y) <= height + 1


@given(st.integers(1, 5000))
def test_a_long_line_is_thinned_and_keeps_its_ends(steps: int) -> None:
    points = [(float(s), 1.0) for s in range(steps)]
    kept = thinned(points)
    assert len(kept) <= MOST_POINTS + 1 and kept[0] == points[0] and kept[-1] == points[-1]
    assert kept == sorted(set(kept))
