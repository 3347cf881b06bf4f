"""Which assumptions about money would flip the choice, and at what value."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby, pairwise

import numpy as np

from dono.decisions.evidence import MACHINES, SERVING, ArmEvidence, Lever, UseCaseQuestion
from dono.decisions.goals import take
from dono.decisions.outlook import Outlook
from dono.decisions.ranking import Ranking
from dono.decisions.verdict import Flip, Number
from dono.decisions.wording import together, value

WITHIN = 4.0
"""Assumptions are tried up to this many times more, and less (assumed: wider is another plan)."""
SHOWN = 3
STEPS, HALVINGS = 28, 24


def sensitivity(question: UseCaseQuestion, outlooks: Sequence[Outlook], ranking: Ranking) -> list[Flip]:
    """The assumptions that flip the choice nearest to their value now, at most `SHOWN`. Those with the same effect on
    all costs (traffic and the months of serving) count as one.
    """
    known = [o.evidence for o in outlooks]
    if len(outlooks) < 2 or not any(e.money for e in known):
        return []

    def chosen(lever: Lever, times: float) -> int:
        return take(question, outlooks, ranking, [price(e, lever, times, question) for e in known]).place

    found: list[tuple[float, str, list[Lever]]] = []
    for _, group in groupby(sorted(question.levers, key=_effect), key=_effect):
        levers = list(group)
        flip = _nearest(partial(chosen, levers[0]))
        if flip is not None:
            found.append((flip[0], outlooks[flip[1]].short, levers))
    nearest = sorted(found, key=lambda f: (abs(math.log(f[0])), f[2][0].name))[:SHOWN]
    return [_flip(*f) for f in nearest]


def price(arm: ArmEvidence, lever: Lever, times: float, question: UseCaseQuestion) -> float:
    """What an arm costs under the question's goal when the lever is so many times what it is now."""
    factor = 1.0 if lever.arms is not None and arm.arm not in lever.arms else 1 / times if lever.inverse else times

    def scaled(name: str, amount: float) -> float:
        return amount * factor if name in lever.parts else amount

    once = scaled(MACHINES, arm.full_cost.value) + sum(scaled(p.name, p.amount.value) for p in arm.beside)
    if question.goal == "bar" or arm.serving_per_month is None:
        return once
    return once + scaled(SERVING, arm.serving_per_month.value) * arm.serving_months


def _effect(lever: Lever) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
    return tuple(sorted(lever.parts)), lever.inverse, tuple(sorted(lever.arms or ()))


def _nearest(chosen: Callable[[float], int]) -> tuple[float, int] | None:
    """The factor nearest to 1 at which the choice is another one, and that choice."""
    now = chosen(1.0)
    grid = np.geomspace(1.0, WITHIN, STEPS + 1)
    for before, after in pairwise(grid.tolist()):
        for sign in (1, -1):
            near, far = before**sign, after**sign
            if chosen(far) != now:
                for _ in range(HALVINGS):
                    middle = math.sqrt(near * far)
                    near, far = (near, middle) if chosen(middle) != now else (middle, far)
                return far, chosen(far)
    return None


def _flip(times: float, other: str, levers: Sequence[Lever]) -> Flip:
    first = levers[0]
    at = _moved(first, times)
    way = "above" if times > 1 else "below"
    said = together([f"{lever.name} {way} {value(_moved(lever, times))} (now {value(lever.now)})" for lever in levers])
    said = said.replace(" and ", " or ") if len(levers) > 1 else said
    sentence = f"{said[0].upper()}{said[1:]}: the choice would be {other}"
    return Flip(assumption=first.name, now=first.now, at=at, times=times, other=other, sentence=sentence)


def _moved(lever: Lever, times: float) -> Number:
    return lever.now.model_copy(update={"value": lever.now.value * times, "lo": None, "hi": None})
