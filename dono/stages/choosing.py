"""What the pilots say so far, and which are run next: rounds where there are many bases, else one by its worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from dono.decisions import (
    METRICS,
    ArmEvidence,
    Elimination,
    Number,
    UseCaseQuestion,
    UseCaseVerdict,
    compare,
    next_pilots,
    next_round,
    width_of,
    worth_of_more,
)
from dono.decisions.information import Rung
from dono.decisions.routes import short_name
from dono.decisions.wording import money, multiple, share, time
from dono.errors import Mistake
from dono.evals.lift import bits_between
from dono.stages.baseline import lifts_between, unlearned_of
from dono.stages.contenders import Contender
from dono.stages.evidence import evidence
from dono.stages.further import Further
from dono.stages.habits import records_of
from dono.stages.outcomes import calibration
from dono.stages.overheads import levers
from dono.stages.pilots import Pilots
from dono.stages.prepare import Case, Prepared
from dono.stages.schedule import many
from dono.stages.tables import parts_of
from dono.stages.workplace import Workplace

Everything = dict[str, list[ArmEvidence]]
"""The evidence of every use case, by its name."""
Between = Mapping[str, tuple[float | None, float | None]]
"""The best that any way of answering can have, and what one has who learned nothing, by the use case's name."""
UNKNOWN = (None, None)


@dataclass(frozen=True)
class Head:
    """What is needed to judge pilots, whichever were run by now."""

    place: Workplace
    prepared: Prepared
    who: Sequence[Contender]
    further: Further

    @cached_property
    def between(self) -> Between:
        """Of habits, the least bits that place and time allow, and those of one who knows neither; of labels, what a
        constant answer scores; of lifts, the most that the rows allow, and that of one who knows nothing of them.
        """
        return {c.use_case.name: self._between(c) for c in self.prepared.cases}

    def _between(self, case: Case) -> tuple[float | None, float | None]:
        if case.use_case.kind == "habits":
            return bits_between(*records_of(case.artifact))
        if case.use_case.judged_by == "lift":
            held_out = parts_of(self.place, case.use_case).test.labels
            return lifts_between([held_out, [e.answer for e in case.test]])
        return None, unlearned_of(case)

    def evidence(self, pilots: Pilots) -> Everything:
        """What the pilots showed."""
        return {c.use_case.name: evidence(self.place, pilots, self.who, c) for c in self.prepared.cases}

    def compared(self, everything: Everything) -> list[UseCaseVerdict]:
        """The verdict of every use case, with what was dropped on the way."""
        asked, seed = questions(self.place, everything, self.between), self.place.project.training.seed
        dropped = self.further.kept.dropped
        return [
            compare(asked[name], rows, seed=seed).model_copy(update={"eliminated": dropped.get(name, ())})
            for name, rows in everything.items()
        ]

    def priced(self, verdicts: Sequence[UseCaseVerdict], pilots: Pilots) -> list[UseCaseVerdict]:
        """The verdicts with what one more pilot would be worth."""
        place = self.place
        return [
            worth_of_more(
                v, seconds_of=lambda arm, scale: self.seconds(pilots, arm, scale), done=_done(pilots),
                per_hour=place.price_per_hour, currency=place.project.currency,
            )
            for v in verdicts
        ]  # fmt: skip

    def seconds(self, pilots: Pilots, arm: str, scale: float) -> float | None:
        """Seconds of one more rung; None for an arm that cannot be run at this scale."""
        too_large = scale > self.place.project.budget.pilot_scale
        return None if too_large else pilots.seconds_of(arm, scale)

    def choose(self, pilots: Pilots) -> list[Rung]:
        """The rungs to run next, written down before they begin; none when enough is known or nothing is left.

        While others run, one that is worth most without knowing how they end; the next round waits for all of one.
        """
        if pilots.running and many(self.who):
            return []
        verdicts = self.compared(self.evidence(pilots))
        place, done = self.place, _done(pilots)
        promised = pilots.seconds + sum(pilots.running.values())
        left = min(self.further.left, place.pilot_seconds + pilots.granted - promised)

        def seconds_of(arm: str, scale: float) -> float | None:
            return self.seconds(pilots, arm, scale)

        rungs: Sequence[Rung] = ()
        dropped: Mapping[str, Sequence[Elimination]] = {}
        if many(self.who):
            number = self.further.kept.rounds + 1
            found = next_round(verdicts, number=number, seconds_of=seconds_of, left=left, done=done)
            rungs, dropped = found.rungs, found.dropped
        rungs = rungs or next_pilots(verdicts, seconds_of=seconds_of, left=left, done=done)[:1]
        if rungs:
            paid = [(*rung, seconds_of(rung[0], rung[1]) or 0.0) for rung in rungs]
            self.further.choose(paid, dropped)
        return list(rungs)


def questions(
    place: Workplace, everything: Everything, between: Between = MappingProxyType({})
) -> dict[str, UseCaseQuestion]:
    """What is asked of the head, per use case; intervals are as wide as earlier full runs taught."""
    width, traffic = width_of(calibration(place)).factor, place.project.serving
    return {
        u.name: UseCaseQuestion(
            name=u.name, kind=u.kind, metric=u.judged_by, bar=u.bar, width=width, goal=place.project.goal_of(u),
            traffic=traffic.requests_per_day if traffic else None, levers=levers(place, everything[u.name]),
            least=between.get(u.name, UNKNOWN)[0], unlearned=between.get(u.name, UNKNOWN)[1],
        )
        for u in place.project.use_cases
        if u.name in everything
    }  # fmt: skip


def _done(pilots: Pilots) -> set[Rung]:
    return {(arm, scale, seed) for arm, _, scale, seed in pilots.runs} | pilots.running.keys()


def price_of(cost: Number) -> str:
    """What a pilot costs, in words."""
    return time(cost.value) if cost.unit == "hours" else money(cost.value, cost.unit)


def best_of_more(case: UseCaseVerdict) -> str:
    """The pilot that is worth most for its cost, for a use case that has further ones."""
    best, metric = case.more[0], METRICS[case.metric]
    return (
        f"Worth most next: {short_name(best.arm)} at {multiple(best.scale)} (seed {best.seed}) for "
        f"{price_of(best.cost)}. It saves {metric.show(best.regret_avoided)} of regret on average, and changes who is "
        f"ahead with probability {share(best.chance)}."
    )


def refusal(verdicts: Sequence[UseCaseVerdict], asked: str, largest: float = 1.0) -> Mistake:
    """Why the money buys nothing. `verdicts` are priced, `largest` is the scale that no pilot may exceed."""
    unclear = [v for v in verdicts if v.winner is None]
    costs = [row.cost for v in unclear for row in v.more]
    if not unclear:
        sure = ", ".join(f"{v.use_case} ({share(v.confidence)})" for v in verdicts)
        what = f"no pilot left that could change it: the verdict is clear for {sure}"
        return Mistake(what, where=f"--more {asked}", remedy="Go on with `dono build`")
    if not costs:
        names = ", ".join(v.use_case for v in unclear)
        what = f"no pilot left that could change it: {names} stays too close to call"
        remedy = "More test items would tell the arms apart; or take the first arm, which risks least"
        if largest < 1:
            remedy = (
                f"Larger ones are ruled out by budget.pilot_scale: {largest:g}; add budget.pilot_scale=1 to allow them"
            )
        return Mistake(what, where=f"--more {asked}", remedy=remedy)
    least = price_of(min(costs, key=lambda cost: cost.value))
    what = "no pilot that could change the verdict costs so little"
    return Mistake(what, where=f"--more {asked}", remedy=f"The cheapest one takes about {least}")
