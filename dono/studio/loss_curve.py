"""The picture of one run: its loss over steps, smoothed and as it was, with the learning rate below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dono.studio.axes import Axis, tick_decimals, value_axis, value_ticks
from dono.studio.picture import add, described, line, path_of, written

WIDTH, HEIGHT, LEFT, RIGHT = 900.0, 460.0, 62.0, 24.0
TOP, LOSS_END, RATE_START, RATE_END = 40.0, 312.0, 348.0, 408.0
MOST_POINTS = 1500
"""More points than pixels show nothing more."""
SMOOTH = 0.01
"""The smoothed line is the median of so much of the run on either side, so that a spike is seen but not smeared."""
STYLE = """
svg { background: #fff; font: 13px system-ui, sans-serif; fill: #333 }
.axis { stroke: #bbb } .grid { stroke: #eee } .raw { fill: none; stroke: #9ec5e8 }
.smooth { fill: none; stroke: #0b5fa5; stroke-width: 2 } .rate { fill: none; stroke: #b06000; stroke-width: 1.5 }
.held { fill: #a3195b; stroke: #fff; stroke-width: 1 }
.end { text-anchor: end } .middle { text-anchor: middle } .title { font-weight: 600; font-size: 15px }
@media (prefers-color-scheme: dark) {
 svg { background: #16181c; fill: #ddd } .axis { stroke: #555 } .grid { stroke: #2a2d33 } .raw { stroke: #31567a }
 .smooth { stroke: #7ab8f0 } .rate { stroke: #e0a050 } .held { fill: #f08ab8; stroke: #16181c } }
"""


@dataclass(frozen=True)
class Step:
    """One step of a run: its number, loss in nats, learning rate, and the loss of held-out rows where scored."""

    number: int
    loss: float
    rate: float
    held_out: float | None = None


def draw_loss_curve(name: str, steps: Sequence[Step], bytes_per_token: float | None = None) -> str:
    """An SVG document, readable by itself; with `bytes_per_token` the last loss is also said in bits per byte."""
    assert steps, "a run without a step has no curve"
    losses = [s.loss for s in steps]
    shown = [*range(0, len(steps) - 1, -(-len(steps) // MOST_POINTS)), len(steps) - 1]
    smooth = _smoothed(losses, shown)
    said = f"Loss fell from {steps[0].loss:.3f} to {smooth[-1]:.3f} nats in {steps[-1].number:,} steps"
    if bytes_per_token:
        said += f" ({smooth[-1] / 0.693147 / bytes_per_token:.3f} bits per byte)"
    held = [(s.number, s.held_out) for s in steps if s.held_out is not None]
    ended = f"held-out rows, {held[-1][1]:.3f} at the last of {len(held):,} times" if held else ""
    svg = described("loss", WIDTH, HEIGHT, "", f"{name}: loss by step", f"{said}; {ended}." if held else f"{said}.")
    svg.set("xmlns", "http://www.w3.org/2000/svg")
    svg.set("width", f"{WIDTH:g}")
    svg.set("height", f"{HEIGHT:g}")
    add(svg, "style", "", text=STYLE)
    add(svg, "text", "title", text=f"{name}: {said[0].lower()}{said[1:]}", x=LEFT, y=22)
    x = Axis(min(0, steps[0].number), max(1, steps[-1].number), LEFT, WIDTH - RIGHT)
    y = value_axis([losses[0], *_inner(losses), *smooth, *(loss for _, loss in held)], LOSS_END, TOP, 0.1)
    rates = Axis(0.0, max(max(s.rate for s in steps), 1e-12), RATE_END, RATE_START)
    ticks = value_ticks(y, 6)
    for tick in ticks:
        line(svg, "grid", LEFT, y.at(tick), WIDTH - RIGHT, y.at(tick))
        add(svg, "text", "end", text=f"{tick:.{tick_decimals(ticks)}f}", x=LEFT - 8, y=y.at(tick) + 4)
    for tick in value_ticks(x, 8):
        add(svg, "text", "middle", text=f"{tick:,.0f}", x=x.at(tick), y=RATE_END + 20)
    for level in (LOSS_END, RATE_END):
        line(svg, "axis", LEFT, level, WIDTH - RIGHT, level)
    add(svg, "text", "end", text=f"{rates.high:.1e}", x=LEFT - 8, y=RATE_START + 4)
    add(svg, "text", "", text="learning rate", x=LEFT + 6, y=RATE_START - 8)
    add(svg, "text", "", text="loss, nats", x=LEFT + 6, y=TOP + 4)
    add(svg, "text", "middle", text="step", x=(LEFT + WIDTH - RIGHT) / 2, y=RATE_END + 40)
    for css, heights, axis in (
        ("raw", [losses[i] for i in shown], y), ("smooth", smooth, y), ("rate", [steps[i].rate for i in shown], rates),
    ):  # fmt: skip
        points = [(x.at(steps[i].number), axis.at(height)) for i, height in zip(shown, heights, strict=True)]
        add(svg, "polyline", css, points=path_of(points))
    for number, loss in held:
        add(svg, "circle", "held", cx=x.at(number), cy=y.at(loss), r=3)
    if held:
        add(svg, "circle", "held", cx=LEFT + 92, cy=TOP, r=3)
        add(svg, "text", "", text=ended, x=LEFT + 102, y=TOP + 4)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + written(svg)


def _smoothed(values: Sequence[float], at: Sequence[int]) -> list[float]:
    """The median around each of the places `at`."""
    reach = round(SMOOTH * len(values))
    return [float(np.median(values[max(0, i - reach) : i + reach + 1])) for i in at]


def _inner(values: Sequence[float]) -> list[float]:
    """The values without the highest hundredth: one spike does not press the curve flat; it is cut at the edge."""
    return sorted(values)[: max(1, len(values) - len(values) // 100)]
