from __future__ import annotations

from xml.etree import ElementTree as Xml

from dono.studio.loss_curve import MOST_POINTS, Step, draw_loss_curve

SVG = "{http://www.w3.org/2000/svg}"


def run(steps: int) -> list[Step]:
    return [Step(i + 1, 8.0 / (i + 1) ** 0.2, 1e-3) for i in range(steps)]


def points(svg: str, css: str) -> list[tuple[float, float]]:
    line = next(e for e in Xml.fromstring(svg).iter(f"{SVG}polyline") if e.get("class") == css)
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in str(line.get("points")).split())]


def test_the_curve_of_a_run_that_learns_comes_down_the_page() -> None:
    heights = [y for _, y in points(draw_loss_curve("run", run(300)), "raw")]
    assert heights == sorted(heights)
    assert heights[0] < heights[-1]


def test_the_picture_says_in_words_what_it_shows() -> None:
    described = Xml.fromstring(draw_loss_curve("a <b> & c", run(300), 3.5)).find(f"{SVG}desc")
    assert described is not None
    assert described.text == "Loss fell from 8.000 to 2.559 nats in 300 steps (1.055 bits per byte)."


def test_a_spike_is_drawn_but_neither_smeared_nor_pressing_the_curve_flat() -> None:
    calm, spiked = run(400), run(400)
    spiked[200] = Step(201, 500.0, 1e-3)
    before, after = (draw_loss_curve("run", steps) for steps in (calm, spiked))
    assert abs(points(before, "smooth")[200][1] - points(after, "smooth")[200][1]) < 0.5  # a pixel is 1
    assert points(after, "raw")[200][1] < points(after, "raw")[0][1]


def test_a_long_run_is_drawn_with_as_many_points_as_can_be_seen_and_its_end() -> None:
    drawn = points(draw_loss_curve("run", run(10 * MOST_POINTS + 1)), "raw")
    assert len(drawn) <= MOST_POINTS + 1
    assert drawn[-1][0] == max(x for x, _ in drawn)


def test_held_out_losses_are_dots_at_their_steps_and_said() -> None:
    steps = [Step(s.number, s.loss, s.rate, s.loss + 0.5 if s.number % 100 == 0 else None) for s in run(300)]
    svg = draw_loss_curve("run", steps)
    dots = [e for e in Xml.fromstring(svg).iter(f"{SVG}circle") if e.get("class") == "held"]
    drawn = dict(points(svg, "raw"))
    above = [float(str(e.get("cy"))) < drawn[round(float(str(e.get("cx"))), 1)] for e in dots[:3]]
    assert len(dots) == 3 + 1 and above == [True] * 3  # and one that tells what they are
    assert svg.count("held-out rows, 3.057 at the last of 3 times") == 2
    assert "held-out" not in draw_loss_curve("run", run(300))


def test_a_run_of_one_step_has_a_picture() -> None:
    assert len(points(draw_loss_curve("run", run(1)), "smooth")) == 1
