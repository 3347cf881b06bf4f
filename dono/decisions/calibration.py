"""Earlier forecasts held to what came: by how much intervals must be wider, or may be narrower, to hold as stated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy.stats import binom

from dono.curves.drawn import LEAST_BADNESS
from dono.decisions.metrics import METRICS, Metric

STATED = 0.8
"""Intervals are stated to hold in this share."""
SURE = 0.9
"""Intervals are made narrower only where they would still hold as stated in so many of ten histories like this one."""
MOST = 10.0
"""Intervals are never made wider than this (assumed: by then a forecast says nothing)."""
FEWEST = math.ceil(STATED / (1 - STATED) - 1e-9)
"""Full runs from which on the finite-sample quantile exists: below, it lies beyond every miss that was seen."""

Outcome = Mapping[str, float | str]
"""A finished full run beside its forecast, see `stages.build.compare_outcome`."""


@dataclass(frozen=True)
class Width:
    """`factor` on every interval; `judged` full runs had a forecast, `held` of them ended in it as it was shown."""

    factor: float
    judged: int
    held: int
    sentence: str


def width_of(outcomes: Sequence[Outcome]) -> Width:
    """What the finished full runs say of the intervals' width.

    Only forecasts that were extrapolated count. Runs are taken as exchangeable: those built were chosen because they
    looked best, so what is learned is right for the next ones that are chosen the same way.
    """
    judged = [o for o in outcomes if o.get("known") == "extrapolated" and "predicted_lo" in o]
    misses = [miss(o) for o in judged]
    held = sum(o["interval_held"] == "yes" for o in judged)
    if not judged:
        return Width(1.0, 0, 0, "")
    if len(judged) < FEWEST:
        runs = "1 full run is" if len(judged) == 1 else f"{len(judged)} full runs are"
        return Width(1.0, len(judged), held, f"{runs} too few to change anything: it takes {FEWEST}.")
    factor = factor_of(misses)
    if factor == 1.0:
        said = "The intervals stay as they are: what was measured does not show that they must be wider or may shrink."
    else:
        way = "wider" if factor > 1 else "narrower"
        said = f"All intervals are made {way}, by a factor of {factor:.3g}, to hold in eight cases of ten."
    return Width(factor, len(judged), held, said)


def factor_of(misses: Sequence[float]) -> float:
    """The factor on intervals from misses in units of the interval's own half (see `miss`).

    Wider: the ⌈0.8 (n + 1)⌉-th smallest miss, with which the next interval holds with probability at least 0.8
    (split conformal prediction with a normalised score: Lei et al. 2018, JASA 113:523, sections 2.2 and 5.2).
    Narrower: only as far as the miss of a higher rank k, for which the share held is at least 0.8 with probability 0.9
    over histories, P(Binomial(n, 0.8) < k) ≥ 0.9 (Vovk 2012, ACML, proposition 2a): it takes eleven runs. 1 with fewer
    than `FEWEST`.
    """
    ordered = sorted(misses)
    if len(ordered) < FEWEST:
        return 1.0
    mean = ordered[math.ceil(STATED * (len(ordered) + 1) - 1e-9) - 1]
    rank = int(binom.ppf(SURE, len(ordered), STATED)) + 1
    sure = ordered[rank - 1] if rank <= len(ordered) else math.inf
    return min(MOST, max(mean, min(1.0, sure)))


def miss(outcome: Outcome) -> float:
    """How far the outcome lay from its forecast, in halves of the interval on that side, on the scale of log badness.

    At most 1 where the interval held. The interval is the one that forecasts had before any factor: the factor that
    was in force (`width`) is taken out again.
    """
    metric = METRICS[str(outcome["metric"])]
    least = 0.5 / float(outcome.get("n", 0)) if metric.worst is not None and outcome.get("n") else LEAST_BADNESS
    names = ("measured", "predicted", "predicted_lo", "predicted_hi")
    came, said, *both = (_log_badness(metric, float(outcome[name]), least) for name in names)
    low, high = sorted(both)
    half = max(high - said, 0.0) if came > said else max(said - low, 0.0)
    if came == said:
        return 0.0
    return float(outcome.get("width", 1.0)) * (abs(came - said) / half if half else MOST)


def _log_badness(metric: Metric, value: float, least: float) -> float:
    return math.log(max(metric.to_badness(value), least))
