"""Languages of a use case that get an arm of their own, where the budget has room beside the portfolio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dono.decisions.allocation import Chosen, Option
from dono.decisions.metrics import METRICS
from dono.decisions.routes import short_name
from dono.decisions.verdict import UseCaseVerdict
from dono.decisions.wording import share

Languages = dict[str, dict[str, str]]
"""Use case -> language -> arm."""


def with_languages(
    chosen: Chosen, verdicts: Sequence[UseCaseVerdict], options: Mapping[str, Sequence[Option]], *,
    money: float | None, hours: float | None,
) -> tuple[Chosen, Languages]:  # fmt: skip
    """The portfolio with the arms that measurably win a language, the largest gain first, as far as the caps allow.

    An arm is trained once for all languages that it wins, on the whole use case as it was piloted. Where the budget put
    another arm in the place of the one that a verdict took, languages were not compared with that one: none is added.
    """
    taken = {o.use_case: o.arm for o in chosen.options}
    wins = [(v, c) for v in verdicts if taken.get(v.use_case) == v.taken for c in v.by_language]
    found: Languages = {}
    for verdict, win in sorted(wins, key=lambda w: (-w[1].gain.value / METRICS[w[0].metric].scale, w[0].use_case)):
        own = found.get(verdict.use_case, {})
        option = next(o for o in options[verdict.use_case] if o.arm == win.arm)
        grown = chosen if win.arm in own.values() else chosen.take(option)
        if grown.fits(money, hours):
            chosen, found[verdict.use_case] = grown, {**own, win.language: win.arm}
    return chosen, {name: dict(sorted(of.items())) for name, of in found.items()}


def said_of_languages(verdict: UseCaseVerdict, languages: Mapping[str, str]) -> str:
    """Which languages of the use case have an arm of their own, and how sure that is."""
    metric, by_tag = METRICS[verdict.metric], {c.language: c for c in verdict.by_language}
    parts = [
        f"{short_name(arm)} for {tag} (better by {metric.show(by_tag[tag].gain.value)}, {share(by_tag[tag].sure)} sure)"
        for tag, arm in languages.items()
    ]
    return f"Within {verdict.use_case}, a language of its own way: {'; '.join(parts)}."
