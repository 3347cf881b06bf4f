"""What the person wants: which arm is taken for it, whether that is clear, and how sure one may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dono.decisions.bar import reaches
from dono.decisions.evidence import ArmEvidence, UseCaseQuestion, prices
from dono.decisions.outlook import Outlook
from dono.decisions.ranking import CLEAR, Ranking, choice, is_clear
from dono.project import Goal


@dataclass(frozen=True)
class Taken:
    """The place of the arm taken; `clear`: the verdict may name it; `confidence` that it does what is wanted."""

    place: int
    clear: bool
    confidence: float


def take(
    question: UseCaseQuestion, outlooks: Sequence[Outlook], ranking: Ranking, price: Sequence[float] | None = None
) -> Taken:
    """The arm for the question's goal. `price` of each arm under that goal where it is not the one of its evidence.

    quality: see `ranking.choice`. bar and monthly: of the arms that reach the bar with probability `CLEAR` or more the
    cheapest; where there is none, the one that is most likely to reach it, which is not clear.
    """
    if question.goal == "quality" or question.bar is None:
        place = choice(outlooks, ranking, price)
        return Taken(place, is_clear(ranking, place, outlooks[place].metric.margin), ranking.good[place])
    chances = [reaches(o, question.bar) for o in outlooks]
    enough = [i for i, chance in enumerate(chances) if chance >= CLEAR]
    price = costs([o.evidence for o in outlooks], question.goal) if price is None else price
    if enough:
        place = min(enough, key=lambda i: (price[i], ranking.regret[i], i))
    else:
        place = max(range(len(outlooks)), key=lambda i: (chances[i], -ranking.regret[i], -i))
    return Taken(place, bool(enough), chances[place])


def costs(evidence: Sequence[ArmEvidence], goal: Goal) -> list[float]:
    """What each arm costs under this goal: once (bar), else with its months of serving; hours where nothing costs."""
    if goal != "bar":
        return prices(evidence)
    once = [e.once for e in evidence]
    return once if any(once) else [e.full_hours.value for e in evidence]


def shortfall(goal: Goal, reaches_bar: float | None) -> float:
    """Where the bar is all that counts: what is missing of a likely enough reach, 0 where nothing is."""
    assert goal != "quality" and reaches_bar is not None
    return 0.0 if reaches_bar >= CLEAR else 1.0 - reaches_bar
