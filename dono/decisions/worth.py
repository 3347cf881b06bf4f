"""What one more pilot would be worth, for people: its cost, the regret that it avoids, its chance to matter."""

from __future__ import annotations

from collections.abc import Callable, Collection

from dono.decisions.information import Rung, offers
from dono.decisions.verdict import NextPilot, Number, UseCaseVerdict

PLANNED = "its planned work at the measured speed of this machine"


def worth_of_more(
    verdict: UseCaseVerdict, *, seconds_of: Callable[[str, float], float | None], per_hour: float, currency: str,
    done: Collection[Rung] = (),
) -> UseCaseVerdict:  # fmt: skip
    """The verdict with `more` filled in: every possible next rung, the one worth most for its cost first.

    `per_hour` is what an hour costs in `currency`; where it is 0 the cost is the hours themselves. The whole rung
    counts, also where it serves other use cases beside this one.
    """
    rows = []
    for offer in offers(verdict, done):
        arm, scale, seed = offer.rung
        seconds = seconds_of(arm, scale)
        if seconds is None:
            continue
        hours = max(seconds, 1e-9) / 3600
        value, unit = (hours * per_hour, currency) if per_hour > 0 else (hours, "hours")
        cost = Number(value=value, unit=unit, label="extrapolated", source=PLANNED)
        rows.append(
            NextPilot(
                arm=arm, scale=scale, seed=seed, cost=cost, regret_avoided=offer.regret,
                per_cost=offer.regret / value, chance=offer.chance,
            )
        )  # fmt: skip
    rows.sort(key=lambda row: (-row.per_cost, row.arm, row.scale, row.seed))
    return verdict.model_copy(update={"more": tuple(rows)})
