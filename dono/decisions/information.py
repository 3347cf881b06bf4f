"""Which pilot to run next: the one that is expected to save most regret per second, which is per rupee."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from scipy.special import ndtr

from dono.costs.ranges import HALF
from dono.decisions.metrics import METRICS, Metric
from dono.decisions.verdict import ArmVerdict, UseCaseVerdict

Rung = tuple[str, float, int]
"""arm, scale, seed."""

IN_THE_RACE = 0.05
"""Arms with a smaller P(best) are not run again (assumed)."""
LEAST_CHANCE = 0.01
"""Rungs with a smaller chance to change who is ahead are not run (the draws tell no smaller probability)."""
MOST_SEEDS = 2
SEED_LEARNS = 0.25
"""Share of what can be learned of an arm that a second seed takes away (assumed: half of the noise of one run goes, and
that noise is about half of the variance)."""
LEARNABLE = 0.05
"""At least this share of an arm's variance is taken to be open to further pilots (assumed)."""


@dataclass(frozen=True)
class Offer:
    """A rung that may be run next. `regret` is the expected regret that it avoids, in the metric's unit, `chance` the
    probability that another arm is ahead once it was run.
    """

    rung: Rung
    regret: float
    chance: float


def next_pilots(
    verdicts: Sequence[UseCaseVerdict],
    *,
    seconds_of: Callable[[str, float], float | None],
    left: float,
    done: Collection[Rung] = (),
) -> list[Rung]:
    """Rungs (arm, scale, seed) to run next, the most useful first; together they take at most `left` seconds.

    Only use cases whose verdict is open ask for more, only of arms in the race. Worth: the knowledge gradient (Frazier,
    Powell and Dayanik 2009, INFORMS J. Computing 21:4), summed over the use cases that the rung serves, per second:
    an hour of the project's machines has one price, so that this is the order of worth per rupee, too.
    `seconds_of(arm, scale)` is None for an arm that cannot be run again. What was measured, or is in `done` (runs that
    failed are), is not offered: repeated calls end.
    """
    worth: dict[Rung, float] = {}
    for verdict in verdicts:
        for offer in offers(verdict, done):
            worth[offer.rung] = worth.get(offer.rung, 0.0) + offer.regret / METRICS[verdict.metric].scale
    seconds = {rung: seconds_of(rung[0], rung[1]) for rung in worth}
    paid = {rung: max(s, 1e-9) for rung, s in seconds.items() if s is not None}
    chosen: list[Rung] = []
    for rung in sorted(paid, key=lambda r: (-worth[r] / paid[r], r)):
        if paid[rung] <= left:
            chosen.append(rung)
            left -= paid[rung]
    return chosen


def offers(verdict: UseCaseVerdict, done: Collection[Rung] = ()) -> list[Offer]:
    """What each arm in the race offers; nothing where the verdict is clear.

    An arm that was dropped (see `elimination`) is out of the race. A rung that has next to no chance to change who is
    ahead is not offered.
    """
    if verdict.winner is not None:
        return []
    metric = METRICS[verdict.metric]
    dropped = {e.arm for e in verdict.eliminated}
    racing = [a for a in verdict.arms if a.choosable and a.p_best >= IN_THE_RACE and a.arm not in dropped]
    found = []
    for arm in racing:
        own = _goodness(arm, verdict)
        best = max((_goodness(a, verdict) for a in verdict.arms if a.choosable and a is not arm), default=own)
        lead = own - best
        sd = _sd(arm, metric, upward=(lead < 0) == verdict.higher_is_better)
        for step in _steps(arm, done, second_seed=not arm.asleep):
            moves = sd * math.sqrt(step.learns)
            chance = float(ndtr(-abs(lead) / moves)) if moves > 0 else 0.0
            if chance >= LEAST_CHANCE:
                found.append(Offer(step.rung, knowledge_gradient(lead, moves), chance))
    return found


def main_seed(arm: ArmVerdict) -> int:
    """The seed of most of an arm's pilots: a larger one goes on with their trunk."""
    seeds = [p.seed for p in arm.pilots]
    return min(set(seeds), key=lambda seed: (-seeds.count(seed), seed))


@dataclass(frozen=True)
class _Step:
    rung: Rung
    learns: float


def _steps(arm: ArmVerdict, done: Collection[Rung], *, second_seed: bool) -> list[_Step]:
    """The arm's possible next rungs, and the share of its variance that each takes away.

    A second seed of an arm that has not begun to learn would say nothing: it goes on to the next size.

    A forecast's spread grows in proportion to the doublings between its last rung and the full run (`curves`), so a
    rung of twice the scale leaves ((d - 1) / d)² of the variance of d doublings.
    """
    ran = {(p.scale, p.seed) for p in arm.pilots} | {(scale, seed) for name, scale, seed in done if name == arm.arm}
    top = max(p.scale for p in arm.pilots)
    seeds = {seed for scale, seed in ran if scale == top}
    found = []
    if second_seed and len(seeds) < MOST_SEEDS:
        new = next(s for s in range(MOST_SEEDS) if s not in seeds)
        found.append(_Step((arm.arm, top, new), SEED_LEARNS))
    scale = min(1.0, 2 * top)
    if top < 1 and all(s < scale for s, _ in ran):
        doublings = math.log2(1 / top)
        found.append(_Step((arm.arm, scale, main_seed(arm)), 1 - (max(0.0, doublings - 1) / doublings) ** 2))
    return found


def knowledge_gradient(lead: float, sd: float) -> float:
    """Expected gain in the value of the best choice from an observation that moves one arm's mean by `sd`.

    sd · f(-|lead| / sd) with f(z) = z Φ(z) + φ(z); `lead` is the arm's mean minus the best of the others.
    """
    if sd <= 0:
        return 0.0
    z = -abs(lead) / sd
    return float(sd * (z * ndtr(z) + math.exp(-z * z / 2) / math.sqrt(2 * math.pi)))


def _goodness(arm: ArmVerdict, verdict: UseCaseVerdict) -> float:
    return arm.quality.value if verdict.higher_is_better else -arm.quality.value


def _sd(arm: ArmVerdict, metric: Metric, *, upward: bool) -> float:
    """What more pilots can learn of an arm, as a standard deviation in the metric's unit: the mean of both sides of its
    interval, or that where the best of the others lies, if it is wider. One that has hardly begun to learn can become
    much better and not much worse.

    The error of its test items, in proportion to what is left to win, is taken off, since every pilot answers the same
    ones.
    """
    value, lo, hi = arm.quality.value, arm.quality.lo, arm.quality.hi
    assert lo is not None and hi is not None
    whole = max((hi - lo) / 2, hi - value if upward else value - lo) / HALF
    top = max(arm.pilots, key=lambda p: (p.scale, p.seed))
    left = metric.to_badness(arm.quality.value) / max(metric.to_badness(top.value), 1e-9)
    return math.sqrt(max(whole**2 - (left * top.stderr) ** 2, LEARNABLE * whole**2))
