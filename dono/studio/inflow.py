"""The picture of a corpus's inflow: tokens by month as bars, once for wide windows and once for narrow ones."""

from __future__ import annotations

from collections.abc import Sequence

from dono.studio.amounts import compact
from dono.studio.axes import Axis, value_ticks
from dono.studio.picture import add, described, line, written

HEIGHT, TOP, BOTTOM = 220.0, 16.0, 34.0
LEFT, RIGHT, GAP = 62.0, 6.0, 0.22
MOST_LABELS = {"wide": 12, "narrow": 4}
WIDTHS = {"wide": 900.0, "narrow": 360.0}


def draw_inflow(months: Sequence[tuple[str, float]]) -> str:
    """Both pictures; `months` are (YYYY-MM, tokens) in their order, months without text included."""
    return "".join(_draw(months, css) for css in WIDTHS)


def _draw(months: Sequence[tuple[str, float]], css: str) -> str:
    width = WIDTHS[css]
    most = max(tokens for _, tokens in months)
    said = f"From {months[0][0]} to {months[-1][0]}; the most in a month is {compact(most)} tokens."
    svg = described(f"inflow-{css}", width, HEIGHT, f"chart {css}", "Tokens by month", said)
    y = Axis(0.0, most, HEIGHT - BOTTOM, TOP)
    for tick in value_ticks(y, 4):
        line(svg, "grid", LEFT, y.at(tick), width - RIGHT, y.at(tick))
        add(svg, "text", "tick", text=compact(tick), x=LEFT - 8, y=y.at(tick) + 4, text_anchor="end")
    room = (width - LEFT - RIGHT) / len(months)
    every = -(-len(months) // MOST_LABELS[css])
    for place, (month, tokens) in enumerate(months):
        x = LEFT + place * room
        top = y.at(tokens)
        bar = add(
            svg, "rect", "month", x=x + room * GAP / 2, y=top, width=room * (1 - GAP), height=HEIGHT - BOTTOM - top
        )
        add(bar, "title", "", text=f"{month}: {compact(tokens)} tokens")
        if place % every == 0:
            add(svg, "text", "tick", text=month, x=x + room / 2, y=HEIGHT - 12, text_anchor="middle")
    line(svg, "axis", LEFT, HEIGHT - BOTTOM, width - RIGHT, HEIGHT - BOTTOM)
    return written(svg)
