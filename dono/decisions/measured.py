"""What was measured of an arm, as points for the curves, and the error that its test items leave in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import ndtri

from dono.curves import Point
from dono.curves.drawn import LEAST_BADNESS
from dono.curves.points import Floats
from dono.decisions.evidence import ArmEvidence
from dono.decisions.metrics import TEXT, Metric

BETWEEN = 0.66
"""Of the test's error in bits per byte so much is between one rung and the next: two seeds of one size differ by 0.66
of what independent errors would make, with the seeds' own noise in it (measured: 52 pairs of the truth runs)."""


def points_of(evidence: ArmEvidence, metric: Metric) -> list[Point]:
    """Points for the curves: badness over scale.

    A score on n items cannot tell a perfect arm from one that errs on half an item: neither the badness of a bounded
    metric nor its standard error is taken to be less than 0.5 / n.
    """
    points = []
    for p in sorted(evidence.points, key=lambda p: (p.scale, p.seed, p.value)):
        least = 0.5 / p.n if metric.worst is not None else 0.0
        badness = max(metric.to_badness(p.value), least, LEAST_BADNESS)
        points.append(Point(p.scale, badness, max(p.stderr / metric.scale, least), p.seed))
    return points


def between(points: Sequence[Point], metric: Metric) -> list[Point]:
    """The points as a curve goes through them: with the error that one rung has beside the next. What all rungs of an
    arm have in common moves the curve as a whole (see `items_error`) and hides none of its slope.
    """
    share = BETWEEN if metric.name == TEXT else 1.0
    return [replace(p, stderr=share * p.stderr) for p in points]


def items_error(points: Sequence[Point], random: np.random.Generator, samples: int) -> Floats:
    """Factors [samples] by which the whole curve may be off, because its pilots answered a sample of test items.

    All rungs answer the same items, so more rungs do not take this error away; it is that of the largest one. A
    forecast's own draws are of the score on these items; those of a score that was measured whole have this error
    already. Bits per byte of all arms are off together, measured or not: what makes a document hard for one makes it
    hard for all (see `BETWEEN`).
    """
    top = max(p.x for p in points)
    error = float(np.sqrt(np.mean([(p.stderr / p.y) ** 2 for p in points if p.x == top])))
    return np.exp(error * normal(random, samples))


def as_measured(points: Sequence[Point], metric: Metric, random: np.random.Generator, samples: int) -> Floats:
    """Draws [samples] of badness around the measured value. Repeats share the test items, whose error stays."""
    middle = float(np.mean([p.y for p in points]))
    error = float(np.sqrt(np.mean([p.stderr**2 for p in points])))
    return bounded(middle + error * normal(random, samples), metric)


def bounded(badness: Floats, metric: Metric) -> Floats:
    """Badness between (nearly) nothing and the worst."""
    return np.clip(badness, LEAST_BADNESS, metric.worst)


def normal(random: np.random.Generator, samples: int) -> Floats:
    """Standard normal draws [samples]: evenly spaced quantiles, shuffled."""
    return random.permutation(ndtri((np.arange(samples) + 0.5) / samples))
