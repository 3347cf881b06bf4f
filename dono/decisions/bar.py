"""The bar: whether an arm reaches the value that is good enough, and what reaching it costs."""

from __future__ import annotations

import numpy as np

from dono.costs.ranges import weakest
from dono.decisions.evidence import MOST_SCALE
from dono.decisions.outlook import Outlook, interval
from dono.decisions.verdict import Label, Number
from dono.decisions.wording import multiple

STEPS = 97


def reaches(outlook: Outlook, bar: float) -> float:
    """P(the full run's value is at least as good as the bar)."""
    return float(np.mean(outlook.losses <= _loss(outlook, bar)))


def cost_to_bar(outlook: Outlook, bar: float) -> Number | None:
    """Training money at which the arm's curve meets the bar, with its 80 % interval.

    Money grows with scale (every quantity of a run does). None when half of the drawn curves do not meet the bar within
    `MOST_SCALE` times the full run; `hi` is None when a tenth of them does not.
    """
    cost = outlook.evidence.full_cost
    if outlook.forecast is None:
        return cost if reaches(outlook, bar) >= 0.5 else None
    start, top = min(outlook.trained), max(outlook.trained)
    scales = np.geomspace(start, MOST_SCALE, STEPS)
    meets = outlook.along(scales.tolist()) <= _loss(outlook, bar)
    lo, middle, hi = interval(np.where(meets.any(axis=1), scales[meets.argmax(axis=1)], np.inf))
    if not np.isfinite(middle):
        return None
    seen: Label = "measured" if middle <= top else "extrapolated"
    low, high = (cost.value if end is None else end for end in (cost.lo, cost.hi))
    return Number(
        value=cost.value * middle,
        lo=low * lo,
        hi=high * hi if np.isfinite(hi) else None,
        unit=cost.unit,
        label=weakest(seen, cost.label),
        source=f"{multiple(middle)}; {cost.source}",
    )


def _loss(outlook: Outlook, bar: float) -> float:
    return outlook.metric.to_badness(bar) * outlook.metric.scale
