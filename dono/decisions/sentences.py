"""What a verdict says of a use case, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from dono.decisions.bar import reaches
from dono.decisions.evidence import SUPPORT, UseCaseQuestion
from dono.decisions.goals import Taken
from dono.decisions.metrics import Metric
from dono.decisions.outlook import Outlook
from dono.decisions.ranking import CLEAR, Ranking
from dono.decisions.verdict import ArmVerdict
from dono.decisions.wording import named, price, quality, share

NOTABLY = 10.0
"""How many times the winner's price a language model costs before it is worth a sentence (assumed)."""


def said(question: UseCaseQuestion, known: Sequence[Outlook], ranking: Ranking, taken: Taken, rival: int | None) -> str:
    """The answer in words, for the goal that was asked."""
    mine, place = known[taken.place], taken.place
    if question.goal != "quality" and question.bar is not None:
        return _for_the_bar(question, known, taken)
    about = _about_bar(question, known, place)
    why = unsupported(mine)
    if why is not None and (taken.clear or mine.support < 1):
        return f"Cannot say: {why[0].lower()}{why[1:]}. By its pilots so far, " + (
            _clear(question, known, ranking, place) + about
        )
    if taken.clear:
        return _clear(question, known, ranking, place) + _without_a_language_model(question, known, place) + about
    assert rival is not None, "a single arm is always within the margin of the best"
    return _open(known, ranking, place, rival) + about


def _for_the_bar(question: UseCaseQuestion, known: Sequence[Outlook], taken: Taken) -> str:
    assert question.bar is not None
    mine, bar = known[taken.place], question.judged_by.show(question.bar)
    enough = sum(reaches(o, question.bar) >= CLEAR for o in known)
    chance, cost = share(taken.confidence), price(mine.evidence)
    if not taken.clear:
        return (
            f"No way reaches the bar of {bar} with probability {share(CLEAR)}; the likeliest is "
            f"{named(mine.evidence)}: {chance}, {quality(mine.quality, question.judged_by)} expected for {cost}."
        )
    what = "to serve month by month" if question.goal == "monthly" else "to make"
    others = f"the cheapest {what} of {enough} ways that do" if enough > 1 else "the only way that does"
    return f"{named(mine.evidence)} reaches the bar of {bar} with probability {chance} for {cost}, {others}."


def forgone(barred: Sequence[Outlook], mine: Outlook) -> str:
    """What the constraints cost: the best of the arms that break them, where it is better than the one taken."""
    best = min(barred, key=lambda o: (o.expected, o.evidence.arm), default=None)
    if best is None or mine.expected - best.expected <= mine.metric.margin:
        return ""
    gain = mine.metric.show(mine.expected - best.expected)
    return f" {best.short} would be better by {gain}, but {best.evidence.broken[0]}."


def _clear(question: UseCaseQuestion, known: Sequence[Outlook], ranking: Ranking, taken: int) -> str:
    metric, mine, leader = question.judged_by, known[taken], known[ranking.leader]
    start = f"{named(mine.evidence)}: {_foretold(mine)} expected for {price(mine.evidence)}"
    if len(known) == 1:
        return f"{start}, the only way that was measured."
    if leader is not mine:
        return (
            f"{start}. It is as good as {leader.short} ({metric.show(leader.quality.value)}, "
            f"{price(leader.evidence)}) within {metric.show(metric.margin)}, and cheaper."
        )
    return f"{start}, the best of {len(known)} ways{_sure(ranking, taken, metric)}."


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
    at = _foretold(best) if best.sleeps else metric.show(best.quality.value)
    return f" The best language model, {best.short} at {at}, costs {times:,.0f} times as much."


def _open(known: Sequence[Outlook], ranking: Ranking, taken: int, rival: int) -> str:
    metric = known[taken].metric
    pair = " and ".join(
        f"{known[i].short} at {_foretold(known[i])}, best{_sure(ranking, i, metric)}, {price(known[i].evidence)},"
        for i in (taken, rival)
    ).removesuffix(",")
    return (
        f"Too close to call between {pair}. Taking {known[taken].short} gives away "
        f"{metric.show(ranking.regret[taken])} on average."
    )


def _foretold(outlook: Outlook) -> str:
    """What an arm's full run scores. Of one that has not begun to learn no single value is said: the middle of all that
    may come is likely to be far off.
    """
    number, metric = outlook.quality, outlook.metric
    if not outlook.sleeps or number.lo is None or number.hi is None:
        return quality(number, metric)
    return f"anything from {number.lo:.{metric.decimals}f} to {metric.show(number.hi)} (it has not begun to learn)"


def _sure(ranking: Ranking, arm: int, metric: Metric) -> str:
    """How sure it is that an arm is the best, or close enough: the verdict's `confidence`."""
    good, best = share(ranking.good[arm]), share(ranking.p_best[arm])
    near = "" if good == best else f" (or within {metric.show(metric.margin)} of the best)"
    return f"{near} with probability {good}"


def _about_bar(question: UseCaseQuestion, known: Sequence[Outlook], taken: int) -> str:
    if question.bar is None:
        return ""
    bar, chance = question.judged_by.show(question.bar), reaches(known[taken], question.bar)
    if all(reaches(o, question.bar) < 0.5 for o in known):
        return f" None of them is likely to reach the bar of {bar} ({known[taken].short}: {share(chance)})."
    return f" With {known[taken].short} the bar of {bar} is reached with probability {share(chance)}."


def nothing(question: UseCaseQuestion, barred: Sequence[Outlook], lost: Sequence[ArmVerdict]) -> str:
    """Why there is nothing to choose from."""
    if barred:
        return "No way keeps all constraints. " + "; ".join(f"{o.short}: {o.evidence.broken[0]}" for o in barred) + "."
    if not lost:
        return f"No arm fits {question.name}: nothing was measured."
    return "Nothing could be measured. " + "; ".join(f"{a.arm}: {a.failed}" for a in lost) + "."


def unsupported(outlook: Outlook) -> str | None:
    """Why an arm's pilots do not support naming it; None where they do."""
    if outlook.support < 1:
        return beyond(outlook)
    return f"The pilots of {outlook.short} have not begun to learn, and may never" if outlook.sleeps else None


def beyond(outlook: Outlook) -> str:
    """Why nothing can be said of an arm's full run."""
    top = max(outlook.trained)
    return (
        f"The full run of {outlook.short} is {1 / top:.0f} times its largest pilot, and beyond {SUPPORT:g} times "
        "nothing supports a forecast"
    )
