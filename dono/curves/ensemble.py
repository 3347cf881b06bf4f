"""The average over laws: each trusted as far as it would have foretold this very curve, and how far off it was."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from dono.curves.drawn import Fitted, Spread
from dono.curves.fit import fit_law
from dono.curves.laws import LAWS
from dono.curves.learned import Learned
from dono.curves.points import Rungs, in_order
from dono.curves.slopes import POOLED, fit_slopes, pooled_errors

Kind = Literal["pilots", "run", "scratch"]
"""What the points of a curve are: separate runs, each of them finished, or the log of one run. `scratch`: separate
runs of a language model from a random start, judged by its loss on text."""

LEARNED_SHARE = 0.5
"""Weight of the learned law where it applies (chosen on finetune-flan for finetune-wmt19 and the other way round)."""
FLOOR_PER_DOUBLING = 0.005
"""The spread is never below this relative standard deviation per doubling, however well the back-tests went (chosen on
finetune-flan, finetune-wmt19, prefix-dev and open-lm; `Learned.factors` correct it without each of them)."""
BACKTEST_GROWTH = 0.8
"""How much of the back-tests' error per doubling is added per doubling of the forecast (chosen on the same sets)."""
FAMILIAR = 0.005
"""Back-test error per doubling that a law is forgiven; larger ones cost it weight (chosen on the same sets; 0.003 to
0.02 do nearly as well)."""
PRIOR_SHARE = 0.1
"""Share of the laws' weights that no back-test can take away (same source; two or three hidden rungs prove little)."""
SHARED = 0.5
"""Share of the laws' weights that is common to the arms of a task where many are pooled (of 0, 0.5 and 1, 1 orders
finetune-flan best and 0 finetune-wmt19, by a hundredth of the pairs each)."""
RISE = 2.0
"""Standard deviations by which the last rung must lie above the best one to count as rising (assumed)."""
ONE_POINT = 0.04
"""The same floor when only one size was measured (assumed; wide: it covers 97 % of the fine-tuning sets)."""
RISING = 0.08
"""The same floor when more data made it worse (assumed: no public set holds such curves)."""
MOST_BACKTESTS = 3


@dataclass(frozen=True)
class Seen:
    """What a forecast may look at: the arm's rungs, those of the other arms of its task, and what was learned."""

    rungs: Rungs
    peers: tuple[Rungs, ...]
    kind: Kind
    learned: Learned

    def first(self, count: int) -> Seen:
        """As it was when the arm's largest rungs had not been run, nor the peers' beyond them."""
        rungs = self.rungs.first(count)
        limit = float(rungs.x[-1]) * (1 + 1e-9)
        counts = [int(np.sum(p.x <= limit)) for p in self.peers]
        peers = tuple(p.first(n) for p, n in zip(self.peers, counts, strict=True) if n)
        return Seen(rungs, peers, self.kind, self.learned)


def rises(rungs: Rungs) -> bool:
    """Whether the last rung is clearly worse than the best one before it."""
    if len(rungs) < 2:
        return False
    best = int(np.argmin(rungs.log_y[:-1]))
    sd = math.hypot(float(rungs.sd[-1]), float(rungs.sd[best]))
    return bool(rungs.log_y[-1] - rungs.log_y[best] > RISE * sd)


def weighted(seen: Seen, rising: bool) -> tuple[list[tuple[Fitted, float]], dict[str, float]]:
    """Every law that applies, fitted, with its weight; and the laws' errors with the last rung hidden, by name."""
    fits, errors = _fixed(seen, rising)
    slopes = None if rising or seen.kind != "pilots" else fit_slopes(seen.rungs, seen.peers, seen.learned.slopes)
    if slopes is None:
        return fits, errors
    share = LEARNED_SHARE * slopes.share
    return [*((f, w * (1 - share)) for f, w in fits), (slopes, share)], errors


def width(seen: Seen, rising: bool) -> tuple[Spread, float | None]:
    """Width from back-tests of the whole average, and the error with the last rung hidden.

    Where many arms are pooled, what their back-tests say counts too; so they were in the sets that its factor was
    learned from. Fewer pilots keep the width that their own back-tests give.
    """
    rungs = seen.rungs
    per_doubling: list[float] = []
    first: float | None = None
    for visible in _hidden(rungs):
        before = seen.first(visible)
        fits, _ = weighted(before, rises(before.rungs))
        guess = sum(w * f.log_mean(float(rungs.x[-1])) for f, w in fits)
        error = abs(guess - float(rungs.log_y[-1]))
        first = error if first is None else first
        per_doubling.append(error / math.log2(rungs.x[-1] / rungs.x[visible - 1]))
    tested = BACKTEST_GROWTH * math.sqrt(float(np.mean(np.square(per_doubling)))) if per_doubling else 0.0
    floor = RISING if rising else ONE_POINT if len(rungs) == 1 else FLOOR_PER_DOUBLING
    if seen.kind == "run":
        return Spread(tested, floor, rungs.noise, seen.learned.factors["run"]), first
    if rising or len(seen.peers) < POOLED:
        return Spread(tested, floor, rungs.noise), first
    arms = tuple(sorted((rungs, *seen.peers), key=in_order))
    pooled = pooled_errors(arms, seen.learned.slopes)
    return Spread(tested, floor, rungs.noise, seen.learned.factors["pooled"], pooled), first


def _prior(name: str, rungs: Rungs, kind: Kind) -> float:
    """A law's weight before any data; two reports of a run say no more than two pilots."""
    law = LAWS[name]
    if kind == "scratch":
        return law.prior + law.scratch_prior
    few = len(rungs) < LAWS["damped"].least
    return law.prior if kind == "pilots" or few else law.run_prior


def _allowed(rungs: Rungs, kind: Kind, rising: bool) -> list[str]:
    if rising:
        return ["local line", "stays"]
    return [n for n, law in LAWS.items() if law.least <= len(rungs) and _prior(n, rungs, kind) > 0]


def _hidden(rungs: Rungs) -> list[int]:
    """How many rungs each back-test leaves visible: at least three (of three rungs, two) and half; three tests at most.

    With two rungs visible a law would be judged by its prior, and the law with a floor not at all.
    """
    least = max(2, min(3, len(rungs) - 1), len(rungs) // 2)
    counts = list(range(len(rungs) - 1, least - 1, -1))
    if len(counts) <= MOST_BACKTESTS:
        return counts
    return [counts[i] for i in np.linspace(0, len(counts) - 1, MOST_BACKTESTS).round().astype(int)]


def _fixed(seen: Seen, rising: bool) -> tuple[list[tuple[Fitted, float]], dict[str, float]]:
    """The laws of the table with their weights (they sum to 1), and their errors with the last rung hidden.

    Where many arms are pooled, a weight is the mean of what the arm's own back-tests and what those of all arms earned
    the law: one arm's few hidden rungs are mostly noise, which moves arms against each other.
    """
    earned, errors = _earned(seen.rungs, seen.kind, rising)
    if not rising and len(seen.peers) >= POOLED:
        others = [_earned(p, seen.kind, rises(p))[0] for p in seen.peers]
        alike = [w for w in (earned, *others) if w.keys() == earned.keys()]
        earned = {n: (1 - SHARED) * w + SHARED * float(np.mean([o[n] for o in alike])) for n, w in earned.items()}
    return [(fit_law(LAWS[n], seen.rungs, rising=rising), w) for n, w in earned.items()], errors


@lru_cache(maxsize=4096)
def _earned(rungs: Rungs, kind: Kind, rising: bool) -> tuple[dict[str, float], dict[str, float]]:
    """What one arm's back-tests earn the laws (weights that sum to 1), and their errors with the last rung hidden."""
    names = _allowed(rungs, kind, rising)
    prior = np.array([_prior(n, rungs, kind) for n in names])
    prior = prior / prior.sum() if prior.sum() else np.full(len(names), 1 / len(names))
    errors: dict[str, list[float]] = {n: [] for n in names}
    last: dict[str, float] = {}
    if not rising:
        for visible in _hidden(rungs):
            allowance = _allowance(rungs, visible)
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
    return {n: float(w) for n, w in zip(names, weight, strict=True)}, last


def _allowance(rungs: Rungs, visible: int) -> float:
    """The error that is forgiven a law at the last rung when only the first `visible` were seen."""
    return math.hypot(FAMILIAR * math.log2(rungs.x[-1] / rungs.x[visible - 1]), float(rungs.sd[-1]))


def _miss(name: str, rungs: Rungs, visible: int) -> float:
    """Log of forecast over truth at the last rung, from the first `visible` rungs."""
    fitted = fit_law(LAWS[name], rungs.first(visible))
    return fitted.log_mean(float(rungs.x[-1])) - float(rungs.log_y[-1])
