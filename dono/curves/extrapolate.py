"""Forecasts: an average over laws, each trusted as far as it would have foretold this very curve, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from dono.curves.drawn import LARGEST, LEAST_BADNESS, Drawn, Order, draw
from dono.curves.ensemble import Kind, Seen, rises, weighted, width
from dono.curves.laws.law import Floats
from dono.curves.learned import Learned, learned
from dono.curves.points import Point, Rungs, in_order, pool
from dono.errors import Mistake

FAR = 64.0
"""Beyond this extrapolation ratio nothing was tested: the exam's sets end here."""
CURVE_POINTS = 40


@dataclass(frozen=True)
class LawFit:
    """What one law says: its weight, fitted parameters, error when the last rung was hidden, its mean at the target."""

    name: str
    weight: float
    params: dict[str, float]
    backtest_error: float | None
    mean_at_target: float


@dataclass(frozen=True)
class CurvePoint:
    """The forecast at x with its 80 % interval, as badness."""

    x: float
    mean: float
    lo80: float
    hi80: float


@dataclass(frozen=True)
class Forecast:
    """Badness at `target`: mean and 80 % interval, and the samples [samples] they are of.

    `noise` is the relative spread between seeds, `backtest_error` the relative error of the average of laws when the
    last rung was hidden (None: too few rungs). `curve` goes from the smallest x to the target.
    """

    target: float
    mean: float
    lo80: float
    hi80: float
    samples: Floats
    laws: tuple[LawFit, ...]
    backtest_error: float | None
    noise: float
    label: Literal["measured", "extrapolated"]
    note: str
    curve: tuple[CurvePoint, ...]
    drawn: Drawn = field(repr=False)

    def paths(self, x: Sequence[float]) -> Floats:
        """Badness at several x along the same drawn curves as `samples`: [samples, n]. x > 0."""
        return self.drawn.paths(np.asarray(x, dtype=np.float64))

    def reordered(self, order: Order) -> Forecast:
        """The same forecast, its draw at `order[i]` [samples] as the i-th: to be drawn together with another one."""
        return replace(self, samples=self.samples[order], drawn=self.drawn.reordered(order))


def forecast(
    points: Sequence[Point], target: float, *, peers: Sequence[Sequence[Point]] = (), kind: Kind = "pilots",
    known: Learned | None = None, seed: int = 0, samples: int = 2000, ceiling: float | None = None,
) -> Forecast:  # fmt: skip
    """Forecast badness at x = target from measured points.

    `peers` are the points of the other arms of the same task, measured in the same unit: the learned law learns from
    them. `kind` says what the points are (see `Kind`). `known` is what was
    learned from other sets (all of them unless told otherwise).
    Where the target itself was measured, the answer is that measurement. `ceiling` is the worst possible badness.
    The same points give the same answer in any order. Raises `Mistake` for points or targets that make no sense.
    """
    if not (math.isfinite(target) and target > 0):
        raise Mistake(f"target {target}", where="forecast", remedy="Ask for an x above 0")
    if samples < 10:
        raise Mistake(f"{samples} samples", where="forecast", remedy="Ask for at least 10")
    rungs = pool(points)
    there = [p for p in points if math.isclose(p.x, target, rel_tol=1e-9)]
    others = tuple(sorted((pool(p) for p in peers if any(q.x > 0 for q in p)), key=in_order))
    seen = Seen(rungs, others, kind, known or learned())
    random = np.random.default_rng(seed)
    rising = rises(rungs)
    fits, tests = weighted(seen, rising)
    spread, error = width(seen, rising)
    drawn = draw(rungs, fits, spread, rising=rising, ceiling=ceiling, samples=samples, random=random)
    if len(rungs) == 1 and there:
        drawn = drawn.always(pool(there), random)
    if there:
        values = drawn.always(pool(there), random).paths(np.array([target]))[:, 0]
        mean = float(np.clip(np.exp(pool(there).log_y[-1]), LEAST_BADNESS, ceiling))
    else:
        values = drawn.paths(np.array([target]))[:, 0]
        mean = float(np.clip(math.exp(drawn.centre(target)), LEAST_BADNESS, ceiling))
    lo, hi = (float(q) for q in np.quantile(values, [0.1, 0.9]))
    laws = tuple(
        LawFit(f.name, w, f.params, tests.get(f.name), math.exp(min(f.log_mean(target), LARGEST))) for f, w in fits
    )
    return Forecast(
        target=target, mean=mean, lo80=min(lo, mean), hi80=max(hi, mean), samples=values, laws=laws,
        backtest_error=error, noise=rungs.noise, label="measured" if there else "extrapolated",
        note=_note(rungs, target, rising, measured=bool(there)), curve=_curve(drawn, rungs, target), drawn=drawn,
    )  # fmt: skip


def _note(rungs: Rungs, target: float, rising: bool, *, measured: bool) -> str:
    if measured:
        return "measured at this size"
    said = []
    if rising:
        said.append("more data made it worse in the largest pilots: the interval is wide, look for overfitting")
    if len(rungs) == 1:
        said.append("one size only was measured: the slope is a guess from other people's curves")
    elif len(rungs) == 2:
        said.append("two sizes only were measured: the forecast could not be tested against a hidden one")
    far = target / float(rungs.x[-1])
    if far > FAR:
        said.append(f"the target is {far:,.0f} times the largest pilot: farther than such forecasts were tested")
    return "; ".join(said)


def _curve(drawn: Drawn, rungs: Rungs, target: float) -> tuple[CurvePoint, ...]:
    """A log grid from the smallest x (or the target, if smaller) to the largest of data and target."""
    xs = np.geomspace(min(float(rungs.x[0]), target), max(float(rungs.x[-1]), target), CURVE_POINTS)
    if xs[0] == xs[-1]:
        xs = xs[:1]
    paths = drawn.paths(xs)
    lo, mid, hi = np.quantile(paths, [0.1, 0.5, 0.9], axis=0)
    return tuple(CurvePoint(float(x), float(m), float(a), float(b)) for x, m, a, b in zip(xs, mid, lo, hi, strict=True))
