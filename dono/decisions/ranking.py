"""Which arm is best, how surely, and what a wrong choice costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dono.decisions.evidence import prices
from dono.decisions.outlook import Floats, Outlook

CLEAR = 0.8
"""A verdict is clear when its arm is the best, or within the metric's margin of the best, in this share of the draws
(assumed: four chances in five is what one calls clear)."""
NEGLIGIBLE = 0.5
"""A verdict is also clear when its expected regret is at most this share of the margin: it cannot matter (assumed)."""
NOTABLY_CHEAPER = 0.8
"""Of arms that are as good, the cheaper one is taken when it costs at most this share of the better one (assumed)."""


@dataclass(frozen=True)
class Ranking:
    """Per arm [arms], in the order of the outlooks given.

    `p_best`: share of the draws in which it is best (sums to 1). `regret`: expected distance from the best, in the
    metric's unit, at least 0. `good`: share of the draws in which it is within the margin of the best. `without`:
    expected distance between the best of the others and the best of all, what is lost by leaving the arm out.
    """

    p_best: tuple[float, ...]
    regret: tuple[float, ...]
    good: tuple[float, ...]
    without: tuple[float, ...]

    @property
    def leader(self) -> int:
        """The arm with the least expected regret: the best choice if money did not count."""
        return int(np.argmin(self.regret))


def rank(losses: Floats, margin: float) -> Ranking:
    """Rank arms from joint draws [samples, arms] of their losses (lower is better).

    The draws of different arms are independent where scores are compared (see `measured.items_error` and `head_start`
    for text). All arms answer the same frozen test items, so a part of their test errors is common and would cancel in
    a difference; how large it is cannot be told from standard errors alone. Leaving it in makes differences look
    noisier than they are: P(best) is drawn towards even odds and regret is overstated. That errs on the side
    of "too close to call" (checked on synthetic worlds, tests/rooms/decisions).
    """
    assert losses.ndim == 2 and losses.shape[1] > 0
    behind = losses - losses.min(axis=1, keepdims=True)
    best = behind == 0
    second = np.partition(behind, 1, axis=1)[:, 1] if losses.shape[1] > 1 else np.zeros(len(losses))
    return Ranking(
        p_best=_floats((best / best.sum(axis=1, keepdims=True)).mean(axis=0)),
        regret=_floats(behind.mean(axis=0)),
        good=_floats((behind <= margin).mean(axis=0)),
        without=_floats((best * second[:, None]).mean(axis=0)),
    )


def rank_at(outlooks: Sequence[Outlook], scale: float) -> Ranking:
    """The ranking if every arm were run at `scale` times its full run."""
    losses = np.column_stack([o.along([scale])[:, 0] for o in outlooks])
    return rank(losses, outlooks[0].metric.margin)


def choice(outlooks: Sequence[Outlook], ranking: Ranking, price: Sequence[float] | None = None) -> int:
    """The arm to take: the leader, or the cheapest of those whose expected regret is within the margin of the leader's
    and that are notably cheaper. `price` of each arm where it is not the one of its evidence.
    """
    least = min(ranking.regret)
    tied = [i for i, r in enumerate(ranking.regret) if r <= least + outlooks[0].metric.margin]
    price = prices([o.evidence for o in outlooks]) if price is None else price
    return min(tied, key=lambda i: (weighed(price[i], leads=i == ranking.leader), ranking.regret[i], i))


def weighed(price: float, *, leads: bool) -> float:
    """A price as it is compared among arms that are as good: one that does not lead must be notably cheaper."""
    return price if leads else price / NOTABLY_CHEAPER


def is_clear(ranking: Ranking, arm: int, margin: float) -> bool:
    """Whether the verdict may name this arm, see `CLEAR` and `NEGLIGIBLE`."""
    return ranking.good[arm] >= CLEAR or ranking.regret[arm] <= NEGLIGIBLE * margin


def _floats(values: Floats) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
