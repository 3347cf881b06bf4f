"""The comparison of all arms of one use case: who is best, how surely, at what price, and what would change that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dono.decisions.bar import cost_to_bar, reaches
from dono.decisions.by_language import language_choices
from dono.decisions.crossovers import crossovers
from dono.decisions.evidence import ArmEvidence, UseCaseQuestion, in_one_order
from dono.decisions.flips import flips
from dono.decisions.goals import take
from dono.decisions.outlook import Outlook
from dono.decisions.outlooks import outlooks
from dono.decisions.ranking import Ranking, rank
from dono.decisions.sensitivity import sensitivity
from dono.decisions.sentences import beyond, forgone, nothing, said, unsupported
from dono.decisions.turns import turns
from dono.decisions.verdict import ArmVerdict, Number, UseCaseVerdict

UNMEASURED = "no pilot was run"


def compare(
    question: UseCaseQuestion, evidence: Sequence[ArmEvidence], *, seed: int, seen: Sequence[Outlook] | None = None
) -> UseCaseVerdict:
    """The verdict for one use case. The same evidence gives the same verdict in any order.

    `seen`: its `outlooks`, where they are at hand.

    The arm taken is the one that serves the question's goal best (see `goals`), of those that break no constraint; it
    is the `winner` where that is clear and its pilots support it (see `sentences.unsupported`), else `winner` is None.
    Raises `Mistake` for points that no curve can be fitted to.
    """
    ordered = in_one_order(evidence)
    seen = outlooks(question, ordered, seed) if seen is None else seen
    known = [o for o in seen if not o.evidence.broken]
    barred = [o for o in seen if o.evidence.broken]
    lost = [_failed(question, e) for e in ordered if not e.measured]
    if not known:
        rows = [*_barred(question, barred, barred), *lost]
        return _verdict(question, None, None, 0.0, nothing(question, barred, lost), rows)
    ranking = rank(np.column_stack([o.losses for o in known]), question.judged_by.margin)
    order = sorted(range(len(known)), key=lambda i: (ranking.regret[i], known[i].evidence.money, i))
    taken = take(question, known, ranking)
    rival = next((i for i in order if i != taken.place), None)
    mine = known[taken.place]
    clear = taken.clear and unsupported(mine) is None
    arms = [_arm(question, known[i], ranking, i) for i in order] + _barred(question, barred, known) + lost
    verdict = _verdict(
        question, mine.evidence.arm if clear else None, None if rival is None else known[rival].evidence.arm,
        taken.confidence, said(question, known, ranking, taken, rival) + forgone(barred, mine), arms,
    )  # fmt: skip
    crossings, refused = crossovers(known, ranking)
    return verdict.model_copy(
        update={
            "taken": mine.evidence.arm,
            "crossovers": tuple(crossings),
            "flips": tuple(flips(question, known, ranking, taken.place)),
            "turns": tuple(turns(question, known, ranking, taken.place)),
            "unsupported": (*(beyond(o) for o in known if o.support < 1), *refused),
            "sensitivity": tuple(sensitivity(question, known, ranking)),
            "by_language": tuple(language_choices(question, known, taken.place, seed=seed)),
        }
    )


def _verdict(
    question: UseCaseQuestion, winner: str | None, runner_up: str | None, confidence: float, sentence: str,
    arms: Sequence[ArmVerdict],
) -> UseCaseVerdict:  # fmt: skip
    return UseCaseVerdict(
        use_case=question.name, kind=question.kind, metric=question.metric,
        higher_is_better=question.judged_by.higher_is_better, bar=question.bar, winner=winner, runner_up=runner_up,
        confidence=confidence, sentence=sentence, arms=arms, crossovers=(), flips=(), goal=question.goal,
        least=question.least,
    )  # fmt: skip


def _arm(question: UseCaseQuestion, known: Outlook, ranking: Ranking, place: int) -> ArmVerdict:
    bar, found = question.bar, known.forecast
    return _row(
        known.evidence,
        quality=known.quality,
        p_best=ranking.p_best[place],
        expected_regret=ranking.regret[place],
        regret_without=ranking.without[place],
        reaches_bar=None if bar is None else reaches(known, bar),
        cost_to_bar=None if bar is None else cost_to_bar(known, bar),
        curve=known.curve,
        laws={} if found is None else {law.name: law.weight for law in found.laws},
        backtest_error=None if found is None else found.backtest_error,
        failed=None,
        asleep=known.sleeps,
    )


def _barred(question: UseCaseQuestion, barred: Sequence[Outlook], beside: Sequence[Outlook]) -> list[ArmVerdict]:
    """Rows of the arms that break a constraint: no chance of being chosen, their distance from the best of `beside`."""
    if not barred:
        return []
    best = np.min([o.losses for o in beside], axis=0)
    behind, none = [float(np.mean(np.maximum(o.losses - best, 0.0))) for o in barred], (0.0,) * len(barred)
    nobody = Ranking(p_best=none, regret=tuple(behind), good=none, without=none)
    order = sorted(range(len(barred)), key=lambda i: (behind[i], i))
    return [_arm(question, barred[i], nobody, i) for i in order]


def _failed(question: UseCaseQuestion, evidence: ArmEvidence) -> ArmVerdict:
    unit = question.judged_by.unit
    return _row(
        evidence,
        quality=Number(value=0.0, unit=unit, label="assumed", source="not measured"),
        p_best=0.0,
        expected_regret=0.0,
        reaches_bar=None,
        cost_to_bar=None,
        curve=(),
        laws={},
        backtest_error=None,
        failed=evidence.failed or UNMEASURED,
    )


def _row(evidence: ArmEvidence, **found: object) -> ArmVerdict:
    known: dict[str, object] = {
        name: getattr(evidence, name)
        for name in (
            "arm",
            "route",
            "title",
            "full_cost",
            "full_hours",
            "pilot_cost",
            "serving_per_month",
            "latency",
        )
    }
    known |= {
        "pilots": sorted(evidence.points, key=lambda p: (p.scale, p.seed, p.value)),
        "languages": sorted(evidence.languages, key=lambda s: (s.language, s.scale)),
        "samples": evidence.samples,
        "notes": evidence.notes,
        "broken": evidence.broken,
        "parts": evidence.parts,
        "lifts": evidence.lifts,
    }
    return ArmVerdict.model_validate(known | found)
