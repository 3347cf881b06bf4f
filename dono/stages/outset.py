"""Train now, or wait: the plan's parts, and what the use cases that it serves are worth a month."""

from __future__ import annotations

from dono.decisions import Outset, Portfolio, outset
from dono.stages.workplace import Workplace


def train_now(place: Workplace, portfolio: Portfolio) -> Outset | None:
    """The answer for the whole plan; None where there is none. A use case whose worth nobody stated adds nothing."""
    if not portfolio.items:
        return None
    served = {i.use_case for i in portfolio.items}
    worth = [u.worth_per_month for u in place.project.use_cases if u.name in served and u.worth_per_month is not None]
    return outset(portfolio.parts, sum(worth) if worth else None, place.project.currency)
