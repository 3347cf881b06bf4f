"""Loss along a learning-rate schedule: laws fitted to whole runs on other schedules, asked about a planned one.

Two forms, both in the learning-rate area S1 = Σ η: multi-power (Luo et al. 2025, arXiv 2503.12811, eq. 2)
L = L0 + A S1^-α − B Σ_k (η_{k-1} − η_k) (1 − (1 + C η_k^-γ (S1 − S1_k))^-β), and annealing (Tissue et al. 2024,
arXiv 2408.11029, eq. 1) L = L0 + A S1^-α − C S2, where S2 is the area under drops of the rate that fade as λ^steps.
Either fit leans on where a run is cut; their mean over cuts and weights is asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from dono.curves.expected import Expected, expected
from dono.curves.laws.law import Floats
from dono.curves.learned import Learned, learned
from dono.errors import Mistake

CUTS = (0.1, 0.2, 0.35)
"""Shares of a run that are left out at its beginning: no law knows warm-up (the mean over all is asked)."""
POWERS = (0, 1)
"""A point counts in proportion to this power of its step."""
MOST_POINTS = 70
"""Points of a run that are fitted, evenly spaced."""
SCALE = 2e-3
"""Residuals in log loss beyond this count linearly (Huber), about the noise of a smoothed loss (assumed)."""
STARTS = ((2.6, 0.4), (1.6, 0.4))
"""L0 and β that the multi-power search starts from; the rest starts at what Luo et al. found."""
FADES = (0.99, 0.995, 0.998, 0.999, 0.9995)
EXPONENTS = np.linspace(0.2, 0.9, 29)
LEAST_SPREAD = 0.002
"""Relative standard deviation below which no forecast goes (borrowed: published errors are 0.1 to 0.5 %)."""
LEAST_POINTS = 8


@dataclass(frozen=True)
class ScheduledRun:
    """A run, or the plan of one: step, rate and loss (empty in a plan) of its reports, in rising order of step."""

    steps: Floats
    rates: Floats
    losses: Floats


@dataclass(frozen=True)
class Path:
    """What the laws see of a schedule: `area` S1, and by how much the `rate` was dropped, at each report: [reports]."""

    steps: Floats
    rates: Floats
    area: Floats
    drops: Floats


Places = NDArray[np.intp]
"""Positions of reports."""
Curve = Callable[[Path], Floats]
"""A fitted law: the loss at every report of a schedule."""


def path_of(run: ScheduledRun) -> Path:
    """Area and drops; between reports the rate is a straight line, before the first it is as in the first."""
    rates = run.rates
    between = np.concatenate([rates[:1], (rates[1:] + rates[:-1]) / 2])
    area = np.cumsum(between * np.diff(run.steps, prepend=0.0))
    return Path(run.steps, rates, area, np.concatenate([[0.0], rates[:-1] - rates[1:]]))


def fit_multi_power(runs: Sequence[ScheduledRun], kept: Sequence[Places], weights: Sequence[Floats]) -> Curve:
    """Least squares in log loss over L0, A, α, B, C, γ, β, all above 0. `kept`: which reports of each run count."""
    paths = [path_of(r) for r in runs]
    parts = [_multi_power_parts(p, k) for p, k in zip(paths, kept, strict=True)]
    truth = np.concatenate([np.log(r.losses[k]) for r, k in zip(runs, kept, strict=True)])
    weight = np.concatenate(list(weights)) / SCALE

    def residual(logs: Floats) -> Floats:
        said = np.concatenate([_multi_power(np.exp(np.clip(logs, -20, 20)), *part) for part in parts])
        return np.asarray((np.log(np.maximum(said, 1e-3)) - truth) * weight)

    level = math.exp(float(truth.min())) / 3.0
    found = [
        least_squares(residual, np.log([floor * level, 0.6, 0.45, 300.0, 2.0, 0.5, beta]), loss="huber", max_nfev=150)
        for floor, beta in STARTS
    ]
    best = min(found, key=lambda f: float(f.cost))
    values = np.exp(np.clip(best.x, -20, 20))
    return lambda path: _multi_power(values, *_multi_power_parts(path, np.arange(len(path.steps))))


def _multi_power_parts(path: Path, at: Places) -> tuple[Floats, Floats, Floats, Floats]:
    """S1 at the reports, area since each drop [reports, drops], rates after the drops, the drops (0 before they came).

    Neighbouring drops are kept apart: a schedule that decays all the way has one at each report.
    """
    k = np.flatnonzero(np.abs(path.drops) > 0)
    since = np.maximum(path.area[at][:, None] - path.area[np.maximum(k - 1, 0)][None], 0.0)
    drops = np.where(at[:, None] >= k[None], path.drops[k][None], 0.0)
    return path.area[at], since, np.maximum(path.rates[k], 1e-12), drops


def _multi_power(values: Floats, area: Floats, since: Floats, rates: Floats, drops: Floats) -> Floats:
    floor, a, alpha, b, c, gamma, beta = values
    gained = 1 - (1 + c * rates[None] ** -gamma * since) ** -beta
    return np.asarray(floor + a * np.maximum(area, 1e-12) ** -alpha - b * (gained * drops).sum(axis=1))


def fit_annealing(runs: Sequence[ScheduledRun], kept: Sequence[Places], weights: Sequence[Floats]) -> Curve:
    """L0, A and C in closed form for every exponent and fading; the cell with the least absolute error is taken."""
    paths = [path_of(r) for r in runs]
    weight = np.concatenate([w / r.losses[k] for r, k, w in zip(runs, kept, weights, strict=True)])
    truth = np.concatenate([r.losses[k] for r, k in zip(runs, kept, strict=True)])
    best: tuple[float, float, float, Floats] | None = None
    for fade in FADES:
        faded = np.concatenate([_faded(p, fade)[k] for p, k in zip(paths, kept, strict=True)])
        area = np.concatenate([p.area[k] for p, k in zip(paths, kept, strict=True)])
        for alpha in EXPONENTS:
            design = np.stack([np.ones(len(area)), area**-alpha, -faded], axis=1)
            parts = np.linalg.lstsq(design * weight[:, None], truth * weight, rcond=None)[0]
            cost = float(np.abs((design @ parts - truth) * weight).sum())
            if best is None or cost < best[0]:
                best = (cost, fade, float(alpha), parts)
    assert best is not None
    _, fade, alpha, parts = best
    return lambda path: np.asarray(parts[0] + parts[1] * path.area**-alpha - parts[2] * _faded(path, fade))


def _faded(path: Path, fade: float) -> Floats:
    """S2: the area under drops of the rate, each fading as fade^steps: [reports]."""
    kept, area, total = 0.0, 0.0, []
    for step, drop in zip(np.diff(path.steps, prepend=0.0), path.drops, strict=True):
        left = fade**step
        area += kept * (1 - left) / -math.log(fade)
        kept = kept * left + drop
        total.append(area)
    return np.array(total)


SCHEDULE_LAWS: dict[str, Callable[[Sequence[ScheduledRun], Sequence[Places], Sequence[Floats]], Curve]] = {
    "multi-power": fit_multi_power,
    "annealing": fit_annealing,
}


def schedule_curves(runs: Sequence[ScheduledRun]) -> list[Curve]:
    """Every law fitted to the runs at every cut and weight. Raises `Mistake` for runs that teach nothing."""
    taught = sorted(
        (r for r in runs if len(r.steps) >= LEAST_POINTS), key=lambda r: (r.losses.tolist(), r.steps.tolist())
    )
    if not taught:
        what = f"no run with {LEAST_POINTS} reports of its loss"
        raise Mistake(what, where="forecast along a schedule", remedy="Let a shorter run report more often")
    for r in taught:
        if not (np.isfinite(r.losses).all() and (r.losses > 0).all() and (r.rates > 0).any() and (r.rates >= 0).all()):
            raise Mistake(
                "a loss or rate that is missing or negative", where="forecast along a schedule", remedy="Drop it"
            )
    found = []
    for cut in CUTS:
        kept = [_kept(r, cut) for r in taught]
        for power in POWERS:
            weights = [(r.steps[k] / r.steps[-1]) ** power for r, k in zip(taught, kept, strict=True)]
            found += [fit(taught, kept, weights) for fit in SCHEDULE_LAWS.values()]
    return found


def forecast_schedule(
    curves: Sequence[Curve], plan: ScheduledRun, at: float, *, known: Learned | None = None
) -> Expected:
    """Loss of the planned run at a step: the mean over `schedule_curves`, with their disagreement as its spread."""
    logs = []
    for curve in curves:
        said = float(np.interp(at, plan.steps, curve(path_of(plan))))
        if math.isfinite(said) and said > 0:
            logs.append(math.log(said))
    if not logs:
        raise Mistake("no law has an answer", where="forecast along a schedule", remedy="Give more runs")
    factor = (known or learned()).factors["schedule"][0][1]
    sd = factor * math.hypot(float(np.std(logs)), LEAST_SPREAD)
    return expected(float(np.mean(logs)), sd, tuple(SCHEDULE_LAWS))


def _kept(run: ScheduledRun, cut: float) -> Places:
    """Positions of the reports that are fitted: at most `MOST_POINTS`, evenly spaced, after the cut."""
    late = np.flatnonzero(run.steps >= cut * run.steps[-1])
    return np.asarray(late[np.unique(np.linspace(0, len(late) - 1, MOST_POINTS).astype(int))])
