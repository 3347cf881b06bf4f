"""Crossovers: the size of the run from which one arm is better than another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np

from dono.decisions.bar import STEPS
from dono.decisions.evidence import MOST_SCALE, SUPPORT
from dono.decisions.information import IN_THE_RACE
from dono.decisions.outlook import Floats, Outlook, interval
from dono.decisions.ranking import Ranking
from dono.decisions.verdict import Crossover, Number
from dono.decisions.wording import count, money, multiple, share

LEADING = 4
"""Crossovers are looked for among this many arms with the least regret (assumed: a board reads no more)."""
OFTEN = 0.5
"""A crossover is reported when at least this share of the draws have it (assumed)."""


def crossovers(outlooks: Sequence[Outlook], ranking: Ranking) -> tuple[list[Crossover], list[str]]:
    """Crossovers among the leading arms, the one at the smallest scale first; and those that are refused, in words.

    Looked for from the smallest scale that both arms were measured at to `MOST_SCALE` times the full run. One beyond
    `SUPPORT` times the largest pilot of either arm is refused.
    """
    order = sorted(range(len(outlooks)), key=lambda i: (ranking.regret[i], i))[:LEADING]
    leading = [outlooks[i] for i in order]
    racing = {outlooks[i].evidence.arm for i in order if ranking.p_best[i] >= IN_THE_RACE}
    starts = {o.evidence.arm: min(o.trained) for o in leading if o.forecast is not None}
    if not starts:
        return [], []
    scales = np.geomspace(min(starts.values()), MOST_SCALE, STEPS)
    drawn = {o.evidence.arm: o.along(scales.tolist()) for o in leading}
    found: list[Crossover] = []
    refused: list[str] = []
    for a, b in permutations(leading, 2):
        names = a.evidence.arm, b.evidence.arm
        if starts.keys() & set(names) and racing & set(names):
            seen = scales >= max(starts.get(n, 0.0) for n in names) * (1 - 1e-9)
            crossing = crossover(a, b, scales[seen], (drawn[names[0]][:, seen], drawn[names[1]][:, seen]))
            if crossing is not None and crossing.scale.value > min(a.support, b.support):
                refused.append(_refusal(a, b))
            elif crossing is not None:
                found.append(crossing)
    return sorted(found, key=lambda c: (c.scale.value, c.arm_a, c.arm_b)), refused


def _refusal(a: Outlook, b: Outlook) -> str:
    least = min((o for o in (a, b)), key=lambda o: o.support)
    return (
        f"Where {b.short} overtakes {a.short} cannot be said: it would be beyond {SUPPORT:g} times the largest pilot "
        f"of {least.short} ({multiple(max(least.trained))})"
    )


def crossover(a: Outlook, b: Outlook, scales: Floats, losses: tuple[Floats, Floats]) -> Crossover | None:
    """The scale from which b stays better than a, or None where fewer than `OFTEN` of the draws have one.

    `losses` of a and of b: [samples, scales]. A draw in which b is better from the start, or never, counts as the
    lowest or an infinite scale; `hi` is None where that is infinite.
    """
    from_scale, crosses = _last_overtaking(*losses, scales)
    lo, middle, hi = interval(from_scale)
    if crosses < OFTEN or not np.isfinite(middle) or middle <= scales[0]:
        return None
    tops = [max(o.trained) for o in (a, b) if o.forecast is not None]
    number = Number(
        value=middle,
        lo=lo,
        hi=hi if np.isfinite(hi) else None,
        unit="of the full run",
        label="measured" if middle <= min(tops) else "extrapolated",
        source=f"{share(crosses)} of the drawn curves cross",
    )
    return Crossover(arm_a=a.evidence.arm, arm_b=b.evidence.arm, scale=number, sentence=_sentence(a, b, number))


def _last_overtaking(a: Floats, b: Floats, scales: Floats) -> tuple[Floats, float]:
    """Per draw the scale from which b's loss stays below a's [samples], and the share of draws that turn within.

    `a` and `b` are losses [samples, scales].
    """
    behind = b >= a
    steps = np.arange(len(scales))
    last_behind = np.where(behind, steps, -1).max(axis=1)
    never = last_behind == len(scales) - 1
    from_scale = np.where(never, np.inf, scales[np.minimum(last_behind + 1, len(scales) - 1)])
    return from_scale, float(np.mean(behind[:, 0] & ~never))


def _sentence(a: Outlook, b: Outlook, scale: Number) -> str:
    size, unit = _full_size(b if b.forecast is not None else a)
    assert scale.lo is not None
    high = f"more than {count(MOST_SCALE * size)}" if scale.hi is None else count(scale.hi * size)
    return (
        f"{b.short} overtakes {a.short} beyond {count(scale.value * size)} {unit} "
        f"({multiple(scale.value)}{_priced(b, scale.value)}), 80 % interval {count(scale.lo * size)} to {high}"
    )


def _priced(outlook: Outlook, scale: float) -> str:
    """What the machines cost there: money grows with scale as every quantity of a run does."""
    cost = outlook.evidence.full_cost
    return f", {money(cost.value * scale, cost.unit)}" if cost.value and outlook.forecast is not None else ""


def _full_size(outlook: Outlook) -> tuple[float, str]:
    """Tokens of the full run, or its examples where no tokens are counted, or 1."""
    top = max(outlook.evidence.points, key=lambda p: (p.scale, p.tokens, p.examples))
    if top.tokens > 0:
        return top.tokens / top.scale, "tokens"
    return (top.examples / top.scale, "examples") if top.examples > 0 else (1.0, "of the full run")
