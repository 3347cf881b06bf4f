"""What would change the answer, in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dono.decisions.bar import reaches
from dono.decisions.evidence import UseCaseQuestion
from dono.decisions.outlook import Outlook
from dono.decisions.ranking import CLEAR, Ranking, choice, is_clear, rank_at
from dono.decisions.wording import money, multiple, price, share

OTHER_SCALES = (0.25, 0.5, 2.0, 4.0)
"""Smaller and larger full runs that are asked about."""
UPSIDE = 0.05
"""The next-best arm is mentioned when it is the best in at least this share of the draws."""


def flips(question: UseCaseQuestion, outlooks: Sequence[Outlook], ranking: Ranking, taken: int) -> list[str]:
    """Changes of size, luck, money or bar that would change the choice. Empty with a single arm and no bar.

    Where the bar is all that counts, so is what is said: how sure it is reached.
    """
    if question.goal != "quality" and question.bar is not None:
        return _bar(outlooks, question.bar, taken)
    found = [*_size(outlooks, taken), *_upside(outlooks, ranking, taken), *_money(outlooks, ranking, taken)]
    if not is_clear(ranking, taken, outlooks[taken].metric.margin):
        found += _test(outlooks[taken])
    if question.bar is not None:
        found += _bar(outlooks, question.bar, taken)
    return found


def _size(outlooks: Sequence[Outlook], taken: int) -> list[str]:
    """The nearest smaller and larger run at which another arm would be taken, of those that the pilots support."""
    found, support = [], min(o.support for o in outlooks)
    for scales, word in ((OTHER_SCALES[1::-1], "smaller"), (OTHER_SCALES[2:], "larger")):
        for scale in (s for s in scales if s <= support):
            ranking = rank_at(outlooks, scale)
            other = choice(outlooks, ranking)
            if other != taken:
                chance = share(ranking.good[other])
                found.append(
                    f"A {word} budget: at {multiple(scale)} the choice would be {outlooks[other].short} "
                    f"(the best or as good there with probability {chance})"
                )
                break
    return found


def _upside(outlooks: Sequence[Outlook], ranking: Ranking, taken: int) -> list[str]:
    """The arm that is most likely to be better than the one taken."""
    others = [i for i in range(len(outlooks)) if i != taken]
    if not others:
        return []
    ahead = {i: float(np.mean(outlooks[i].losses < outlooks[taken].losses)) for i in others}
    rival = max(others, key=lambda i: (ahead[i], ranking.p_best[i], -i))
    if ahead[rival] < UPSIDE:
        return []
    mine = outlooks[taken]
    expected = "" if mine.sleeps else f" ({mine.metric.show(mine.quality.value)} expected)"
    chance = share(ahead[rival])
    return [f"Luck: {outlooks[rival].short} turns out better than {mine.short}{expected} with probability {chance}"]


def _money(outlooks: Sequence[Outlook], ranking: Ranking, taken: int) -> list[str]:
    """What a better but dearer arm asks for each margin's worth of quality, and the hour at which that is dear."""
    leader = ranking.leader
    mine, best = outlooks[taken].evidence, outlooks[leader].evidence
    gain = outlooks[taken].expected - outlooks[leader].expected
    if leader == taken or gain <= 0 or best.money <= mine.money:
        return []
    unit, metric, extra = best.full_cost.unit, outlooks[leader].metric, best.money - mine.money
    return [
        f"Money: {outlooks[leader].short} is better by {metric.show(gain)} for {money(extra, unit)} more; "
        f"it is the choice where {metric.show(metric.margin)} is worth more than "
        f"{money(extra * metric.margin / gain, unit)}"
    ]


def _test(outlook: Outlook) -> list[str]:
    """A larger test set, where the error of the test is most of the doubt: no pilot takes it away."""
    top = max(outlook.evidence.points, key=lambda p: (p.scale, p.seed))
    if top.stderr**2 < float(np.var(outlook.losses)) / 2:
        return []
    error = outlook.metric.show(top.stderr)
    return [
        f"More test items: most of the doubt is that of a test of {top.n:,} (± {error}); four times as many halve it"
    ]


def _bar(outlooks: Sequence[Outlook], bar: float, taken: int) -> list[str]:
    """A cheaper arm that is good enough; the bar up to which the arm taken is safe."""
    metric, mine = outlooks[taken].metric, outlooks[taken]
    safe = mine.value(float(np.quantile(mine.losses, CLEAR)))
    found = [f"The bar: with {mine.short} {metric.show(safe)} is reached with probability {share(CLEAR)}"]
    enough = [o for o in outlooks if reaches(o, bar) >= CLEAR and o.evidence.money < mine.evidence.money]
    if enough:
        cheap = min(enough, key=lambda o: (o.evidence.money, o.evidence.arm))
        found.append(
            f"If {metric.show(bar)} is all that is needed, it is reached with {cheap.short} "
            f"with probability {share(reaches(cheap, bar))} for {price(cheap.evidence)}"
        )
    return found
