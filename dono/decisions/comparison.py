"""The comparison of all arms of one use case: who is best, how surely, at what price, and what would change that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dono.decisions.bar import cost_to_bar, reaches
from dono.decisions.crossovers import crossovers
from dono.decisions.evidence import ArmEvidence, UseCaseQuestion, in_one_order
from dono.decisions.flips import flips
from dono.decisions.linked import link_of
from dono.decisions.outlook import Outlook, outlook
from dono.decisions.ranking import Ranking, choice, is_clear, rank
from dono.decisions.settling import level_of
from dono.decisions.verdict import ArmVerdict, Number, UseCaseVerdict
from dono.decisions.wording import named, price, quality, share

UNMEASURED = "no pilot was run"
NOTABLY = 10.0
"""How many times the winner's price a language model costs before it is worth a sentence (assumed)."""


def compare(question: UseCaseQuestion, evidence: Sequence[ArmEvidence], *, seed: int) -> UseCaseVerdict:
    """The verdict for one use case. The same evidence gives the same verdict in any order.

    The arm taken is the one with the least expected regret, or a notably cheaper one that is within the metric's
    margin of it; it is the `winner` where that is clear (see `ranking`), else `winner` is None.
    Raises `Mistake` for points that no curve can be fitted to.
    """
    ordered = in_one_order(evidence)
    link = link_of(ordered, question.judged_by)
    level = level_of(ordered, question.judged_by)
    known = [outlook(question, e, seed, link, level, ordered) for e in ordered if e.measured]
    lost = [_failed(question, e) for e in ordered if not e.measured]
    if not known:
        return _verdict(question, None, None, 0.0, _nothing(question, lost), lost)
    metric = question.judged_by
    ranking = rank(np.column_stack([o.losses for o in known]), metric.margin)
    taken = choice(known, ranking)
    order = sorted(range(len(known)), key=lambda i: (ranking.regret[i], known[i].evidence.money, i))
    clear = is_clear(ranking, taken, metric.margin)
    rival = next((i for i in order if i != taken), None)
    if clear:
        sentence = _clear(question, known, ranking, taken) + _without_a_language_model(question, known, taken)
        winner = known[taken].evidence.arm
    else:
        assert rival is not None, "a single arm is always within the margin of the best"
        winner, sentence = None, _open(known, ranking, taken, rival)
    arms = [_arm(question, known[i], ranking, i) for i in order] + lost
    verdict = _verdict(
        question, winner, None if rival is None else known[rival].evidence.arm, ranking.good[taken],
        sentence + _about_bar(question, known, taken), arms,
    )  # fmt: skip
    return verdict.model_copy(
        update={"crossovers": tuple(crossovers(known, ranking)), "flips": tuple(flips(question, known, ranking))}
    )


def _verdict(
    question: UseCaseQuestion, winner: str | None, runner_up: str | None, confidence: float, sentence: str,
    arms: Sequence[ArmVerdict],
) -> UseCaseVerdict:  # fmt: skip
    return UseCaseVerdict(
        use_case=question.name, kind=question.kind, metric=question.metric,
        higher_is_better=question.judged_by.higher_is_better, bar=question.bar, winner=winner, runner_up=runner_up,
        confidence=confidence, sentence=sentence, arms=arms, crossovers=(), flips=(),
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
    )


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
        for name in ("arm", "route", "title", "full_cost", "full_hours", "pilot_cost", "serving_per_month")
    }
    known |= {
        "pilots": sorted(evidence.points, key=lambda p: (p.scale, p.seed, p.value)),
        "languages": sorted(evidence.languages, key=lambda s: (s.language, s.scale)),
        "samples": evidence.samples,
        "notes": evidence.notes,
    }
    return ArmVerdict.model_validate(known | found)


def _nothing(question: UseCaseQuestion, lost: Sequence[ArmVerdict]) -> str:
    if not lost:
        return f"No arm fits {question.name}: nothing was measured."
    return "Nothing could be measured. " + "; ".join(f"{a.arm}: {a.failed}" for a in lost) + "."


def _clear(question: UseCaseQuestion, known: Sequence[Outlook], ranking: Ranking, taken: int) -> str:
    metric, mine, leader = question.judged_by, known[taken], known[ranking.leader]
    start = f"{named(mine.evidence)}: {quality(mine.quality, metric)} expected for {price(mine.evidence)}"
    if len(known) == 1:
        return f"{start}, the only way that was measured."
    if leader is not mine:
        return (
            f"{start}. It is as good as {leader.short} ({metric.show(leader.quality.value)}, "
            f"{price(leader.evidence)}) within {metric.show(metric.margin)}, and cheaper."
        )
    if ranking.p_best[taken] >= ranking.good[taken] - 0.05:
        return f"{start}, the best of {len(known)} ways with probability {share(ranking.p_best[taken])}."
    return (
        f"{start}. With probability {share(ranking.good[taken])} no other of {len(known)} ways is better "
        f"by more than {metric.show(metric.margin)}."
    )


def _without_a_language_model(question: UseCaseQuestion, known: Sequence[Outlook], taken: int) -> str:
    """Where a winner needs none: what the best language model reaches, and how many times the price it is."""
    mine, metric = known[taken], question.judged_by
    others = [o for o in known if o.evidence.route != mine.evidence.route]
    if mine.evidence.route != "predictive" or not others or mine.evidence.money <= 0:
        return ""
    best = others[0]
    for other in others:
        best = other if metric.better(other.quality.value, best.quality.value) else best
    times = best.evidence.money / mine.evidence.money
    if times < NOTABLY:
        return ""
    at = metric.show(best.quality.value)
    return f" The best language model, {best.short} at {at}, costs {times:,.0f} times as much."


def _open(known: Sequence[Outlook], ranking: Ranking, taken: int, rival: int) -> str:
    metric = known[taken].metric
    pair = " and ".join(
        f"{known[i].short} at {quality(known[i].quality, metric)}, best with probability "
        f"{share(ranking.p_best[i])}, {price(known[i].evidence)},"
        for i in (taken, rival)
    ).removesuffix(",")
    return (
        f"Too close to call between {pair}. Taking {known[taken].short} gives away "
        f"{metric.show(ranking.regret[taken])} on average."
    )


def _about_bar(question: UseCaseQuestion, known: Sequence[Outlook], taken: int) -> str:
    if question.bar is None:
        return ""
    bar, chance = question.judged_by.show(question.bar), reaches(known[taken], question.bar)
    if all(reaches(o, question.bar) < 0.5 for o in known):
        return f" None of them is likely to reach the bar of {bar} ({known[taken].short}: {share(chance)})."
    return f" {known[taken].short} reaches the bar of {bar} with probability {share(chance)}."
