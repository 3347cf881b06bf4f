"""Forecasts: an average over laws, each trusted as far as it would have foretold this very curve, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from scipy.special import ndtri

from dono.curves.fit import Fit, fit_law
from dono.curves.laws import LAWS
from dono.curves.laws.law import Floats
from dono.curves.points import Point, Rungs, pool
from dono.errors import Mistake

FLOOR_PER_DOUBLING = 0.005
"""The spread is never below this relative standard deviation per doubling, however well the back-tests went (chosen on
finetune-flan, finetune-wmt19, prefix-dev and open-lm; `benchmarks.forecast` chooses it again without each of them)."""
BACKTEST_GROWTH = 0.8
"""How much of the back-tests' error per doubling is added per doubling of the forecast (chosen on the same sets)."""
FAMILIAR = 0.005
"""Back-test error per doubling that a law is forgiven; larger ones cost it weight (chosen on the same sets; 0.003 to
0.02 do nearly as well)."""
PRIOR_SHARE = 0.1
"""Share of the laws' weights that no back-test can take away (same source; two or three hidden rungs prove little)."""
RISE = 2.0
"""Standard deviations by which the last rung must lie above the best one to count as rising (assumed)."""
ONE_POINT = 0.04
"""The same floor when only one size was measured (assumed; wide: it covers 97 % of the fine-tuning sets)."""
RISING = 0.08
"""The same floor when more data made it worse (assumed: no public set holds such curves)."""
FAR = 64.0
"""Beyond this extrapolation ratio nothing was tested: the exam's sets end here."""
LEAST_BADNESS = 1e-6
LARGEST = 700.0
"""Beyond e^700 lie no floating-point numbers."""
CURVE_POINTS = 40
MOST_BACKTESTS = 3


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
class Drawn:
    """Whole curves drawn together: per sample one fitted law, one of its cells, and how far off it is.

    `fit`, `cell`, `miss`, `wobble`: [samples]; `miss` is a standard normal that scales with distance from the data,
    `wobble` the noise of one run.
    """

    fits: tuple[Fit, ...]
    fit: np.ndarray[tuple[int], np.dtype[np.int64]]
    cell: np.ndarray[tuple[int], np.dtype[np.int64]]
    miss: Floats
    wobble: Floats
    first_x: float
    last_x: float
    log_last: float
    spread: Spread
    rising: bool
    ceiling: float | None
    constant: Floats | None = None

    def paths(self, x: Floats) -> Floats:
        """Badness along every drawn curve: [samples, n]."""
        if self.constant is not None:
            return np.repeat(self.constant[:, None], len(x), axis=1)
        centre = np.empty((len(self.fit), len(x)))
        for number, one in enumerate(self.fits):
            mine = self.fit == number
            centre[mine] = one.cells_at(x)[self.cell[mine]]
        centre = self._capped(centre, x)
        sd = np.array([self.spread.at(_doublings(v, self.first_x, self.last_x)) for v in x])
        log_y = centre + self.miss[:, None] * sd + (self.wobble * self.spread.noise)[:, None]
        return self.bounded(np.exp(np.clip(log_y, -LARGEST, LARGEST)))

    def _capped(self, centre: Floats, x: Floats) -> Floats:
        """Beyond the last rung no drawn law lies above it, unless the data rise."""
        if self.rising:
            return centre
        return np.where(x > self.last_x, np.minimum(centre, self.log_last), centre)

    def bounded(self, values: Floats) -> Floats:
        """Values between (nearly) nothing and the worst possible badness."""
        return np.clip(values, LEAST_BADNESS, self.ceiling)

    def centre(self, x: float) -> float:
        """Mean of log y over laws and cells at x, before any miss."""
        weights = np.bincount(self.fit, minlength=len(self.fits)) / len(self.fit)
        at = np.array([x])
        means = [
            float(w * (one.weight @ self._capped(one.cells_at(at), at)[:, 0]))
            for one, w in zip(self.fits, weights, strict=True)
        ]
        return float(np.clip(np.sum(means), -LARGEST, LARGEST))


@dataclass(frozen=True)
class Spread:
    """How wrong the average of laws may be, as a relative standard deviation, so many doublings away from the data."""

    per_doubling: float
    floor: float
    noise: float

    def at(self, doublings: float) -> float:
        """Standard deviation of log y."""
        return math.hypot(self.floor, self.per_doubling) * doublings


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


def forecast(
    points: Sequence[Point], target: float, *, seed: int = 0, samples: int = 2000, ceiling: float | None = None
) -> Forecast:
    """Forecast badness at x = target from measured points.

    Where the target itself was measured, the answer is that measurement. `ceiling` is the worst possible badness.
    The same points give the same answer in any order. Raises `Mistake` for points or targets that make no sense.
    """
    if not (math.isfinite(target) and target > 0):
        raise Mistake(f"target {target}", where="forecast", remedy="Ask for an x above 0")
    if samples < 10:
        raise Mistake(f"{samples} samples", where="forecast", remedy="Ask for at least 10")
    rungs = pool(points)
    there = [p for p in points if math.isclose(p.x, target, rel_tol=1e-9)]
    random = np.random.default_rng(seed)
    rising = _rises(rungs)
    fits, tests = _fits(rungs, rising)
    spread, error = _spread(rungs, rising)
    drawn = _draw(rungs, fits, spread, rising, ceiling, samples, random)
    if len(rungs) == 1 and there:
        drawn = _constant(pool(there), drawn, samples, random)
    if there:
        values = _constant(pool(there), drawn, samples, random).constant
        assert values is not None
        mean = float(np.clip(np.exp(pool(there).log_y[-1]), LEAST_BADNESS, ceiling))
    else:
        values = drawn.paths(np.array([target]))[:, 0]
        mean = float(np.clip(math.exp(drawn.centre(target)), LEAST_BADNESS, ceiling))
    lo, hi = (float(q) for q in np.quantile(values, [0.1, 0.9]))
    laws = tuple(
        LawFit(f.law.name, w, f.params, tests.get(f.law.name), math.exp(min(f.log_mean(target), LARGEST)))
        for f, w in fits
    )
    return Forecast(
        target=target, mean=mean, lo80=min(lo, mean), hi80=max(hi, mean), samples=values, laws=laws,
        backtest_error=error, noise=rungs.noise, label="measured" if there else "extrapolated",
        note=_note(rungs, target, rising, measured=bool(there)), curve=_curve(drawn, rungs, target), drawn=drawn,
    )  # fmt: skip


def _doublings(x: float, first: float, last: float) -> float:
    return max(0.0, math.log2(x / last), math.log2(first / x))


def _rises(rungs: Rungs) -> bool:
    """Whether the last rung is clearly worse than the best one before it."""
    if len(rungs) < 2:
        return False
    best = int(np.argmin(rungs.log_y[:-1]))
    sd = math.hypot(float(rungs.sd[-1]), float(rungs.sd[best]))
    return bool(rungs.log_y[-1] - rungs.log_y[best] > RISE * sd)


def _allowed(rungs: Rungs, rising: bool) -> list[str]:
    if rising:
        return ["local line", "stays"]
    return [name for name, law in LAWS.items() if law.least <= len(rungs)]


def _hidden(rungs: Rungs) -> list[int]:
    """How many rungs each back-test leaves visible: at least three (of three rungs, two) and half; three tests at most.

    With two rungs visible a law would be judged by its prior, and the law with a floor not at all.
    """
    least = max(2, min(3, len(rungs) - 1), len(rungs) // 2)
    counts = list(range(len(rungs) - 1, least - 1, -1))
    if len(counts) <= MOST_BACKTESTS:
        return counts
    return [counts[i] for i in np.linspace(0, len(counts) - 1, MOST_BACKTESTS).round().astype(int)]


def _fits(rungs: Rungs, rising: bool) -> tuple[list[tuple[Fit, float]], dict[str, float]]:
    """Every allowed law fitted, with its weight; and the laws' errors with the last rung hidden, by name."""
    names = _allowed(rungs, rising)
    fits = [fit_law(LAWS[name], rungs, rising=rising) for name in names]
    prior = np.array([LAWS[n].prior for n in names])
    prior = prior / prior.sum()
    errors: dict[str, list[float]] = {n: [] for n in names}
    last: dict[str, float] = {}
    if not rising:
        for visible in _hidden(rungs):
            doublings = math.log2(rungs.x[-1] / rungs.x[visible - 1])
            allowance = math.hypot(FAMILIAR * doublings, float(rungs.sd[-1]))
            for name in names:
                if LAWS[name].least <= visible:
                    found = _miss(name, rungs, visible)
                    last.setdefault(name, abs(found))
                    errors[name].append(found / allowance)
    known = [float(np.mean(np.square(e))) for e in errors.values() if e]
    usual = float(np.median(known)) if known else 0.0
    score = np.array([float(np.mean(np.square(errors[n]))) if errors[n] else usual for n in names])
    earned = prior * np.exp(-0.5 * (score - score.min()))
    weight = PRIOR_SHARE * prior + (1 - PRIOR_SHARE) * earned / earned.sum()
    return list(zip(fits, (float(w) for w in weight), strict=True)), last


def _miss(name: str, rungs: Rungs, visible: int) -> float:
    """Log of forecast over truth at the last rung, from the first `visible` rungs."""
    fitted = fit_law(LAWS[name], rungs.first(visible))
    return fitted.log_mean(float(rungs.x[-1])) - float(rungs.log_y[-1])


def _spread(rungs: Rungs, rising: bool) -> tuple[Spread, float | None]:
    """Width from back-tests of the whole average, and the error with the last rung hidden."""
    per_doubling: list[float] = []
    first: float | None = None
    for visible in _hidden(rungs):
        before = rungs.first(visible)
        fits, _ = _fits(before, _rises(before))
        total = sum(w for _, w in fits)
        guess = sum(w * f.log_mean(float(rungs.x[-1])) for f, w in fits) / total
        error = abs(guess - float(rungs.log_y[-1]))
        first = error if first is None else first
        per_doubling.append(error / math.log2(rungs.x[-1] / rungs.x[visible - 1]))
    learned = BACKTEST_GROWTH * math.sqrt(float(np.mean(np.square(per_doubling)))) if per_doubling else 0.0
    floor = RISING if rising else ONE_POINT if len(rungs) == 1 else FLOOR_PER_DOUBLING
    return Spread(learned, floor, rungs.noise), first


def _draw(
    rungs: Rungs, fits: list[tuple[Fit, float]], spread: Spread, rising: bool, ceiling: float | None, samples: int,
    random: np.random.Generator,
) -> Drawn:  # fmt: skip
    """Laws and cells by systematic sampling (every weight gets its share), errors as evenly spaced normal quantiles."""
    even = (np.arange(samples) + 0.5) / samples
    share = np.concatenate([w * f.weight for f, w in fits])
    owner = np.concatenate([np.full(len(f.weight), i) for i, (f, _) in enumerate(fits)])
    within = np.concatenate([np.arange(len(f.weight)) for f, _ in fits])
    cumulative = np.cumsum(share)
    picked = np.searchsorted(cumulative / cumulative[-1], even)
    normal = ndtri(even)
    return Drawn(
        fits=tuple(f for f, _ in fits), fit=owner[picked], cell=within[picked], miss=random.permutation(normal),
        wobble=random.permutation(normal), first_x=float(rungs.x[0]), last_x=float(rungs.x[-1]),
        log_last=float(rungs.log_y[-1]), spread=spread, rising=rising, ceiling=ceiling,
    )  # fmt: skip


def _constant(there: Rungs, drawn: Drawn, samples: int, random: np.random.Generator) -> Drawn:
    """The measured value with its own error, whatever x."""
    normal = random.permutation(ndtri((np.arange(samples) + 0.5) / samples))
    values = np.exp(there.log_y[-1] + normal * there.sd[-1])
    return replace(drawn, constant=drawn.bounded(values))


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
