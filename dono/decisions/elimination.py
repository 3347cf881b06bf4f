"""Many arms in rounds: those whose forecasts leave them hardly a chance go, the others get a pilot twice as large."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from dono.decisions.information import Rung, main_seed
from dono.decisions.verdict import ArmVerdict, Elimination, UseCaseVerdict

ROUND_RISK = 0.05
"""The arms that go in one round have together at most this chance that the best is among them (assumed)."""
FEWEST = 2
"""No round leaves fewer arms than these: choosing between two is what the value of the next pilot is for."""


@dataclass(frozen=True)
class Round:
    """The rungs to run next, and what was dropped before, by use case."""

    rungs: tuple[Rung, ...] = ()
    dropped: Mapping[str, tuple[Elimination, ...]] = field(default_factory=dict)


def next_round(
    verdicts: Sequence[UseCaseVerdict],
    *,
    number: int,
    seconds_of: Callable[[str, float], float | None],
    left: float,
    done: Collection[Rung] = (),
) -> Round:
    """Drop what has hardly a chance, and double the largest pilot of every other arm.

    `eliminated` of the verdicts says who went before. Only use cases whose verdict is open take part. An arm that serves several gets its rung while it is in one of their
    races. Nothing where the round does not fit in `left` seconds, or two arms are left: from there on single pilots by
    their worth do better, and nothing needs to be dropped for them.
    """
    dropped = {v.use_case: tuple(drop(v, number)) for v in verdicts if v.winner is None}
    wanted: set[Rung] = set()
    for verdict in verdicts:
        if verdict.winner is None:
            gone = {e.arm for e in (*verdict.eliminated, *dropped[verdict.use_case])}
            racing = [a for a in _measured(verdict) if a.arm not in gone]
            if len(racing) > FEWEST:
                wanted |= {rung for a in racing if (rung := _doubled(a, done)) is not None}
    cost = {rung: seconds_of(rung[0], rung[1]) for rung in sorted(wanted)}
    runnable = {rung: s for rung, s in cost.items() if s is not None}
    if not runnable or sum(runnable.values()) > left:
        return Round()
    return Round(tuple(runnable), {name: rows for name, rows in dropped.items() if rows})


def drop(verdict: UseCaseVerdict, number: int) -> list[Elimination]:
    """The arms that go: the least promising first, as long as P(best) of all that go sums to at most `ROUND_RISK`.

    P(best) is of the forecast full run, never of the pilots' scores. What was measured whole stays: it costs nothing.
    """
    gone = {e.arm for e in verdict.eliminated}
    racing = [a for a in _measured(verdict) if a.arm not in gone]
    found: list[Elimination] = []
    risk = 0.0
    for arm in sorted(racing, key=lambda a: (a.p_best, -a.expected_regret, a.arm)):
        if arm.quality.label == "measured":
            continue
        risk += arm.p_best
        if risk > ROUND_RISK or len(racing) - len(found) <= FEWEST:
            break
        top = max(p.scale for p in arm.pilots)
        found.append(Elimination(arm=arm.arm, round=number, scale=top, p_best=arm.p_best, regret=arm.regret_without))
    return found


def _measured(verdict: UseCaseVerdict) -> list[ArmVerdict]:
    return [a for a in verdict.arms if a.failed is None]


def _doubled(arm: ArmVerdict, done: Collection[Rung]) -> Rung | None:
    """The arm's rung of twice its largest pilot; None where it was run whole, or that rung was tried."""
    top = max(p.scale for p in arm.pilots)
    rung = (arm.arm, min(1.0, 2 * top), main_seed(arm))
    return None if top >= 1 or rung in done else rung
