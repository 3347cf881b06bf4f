"""A use case in several languages: those in which another arm than the chosen one is measurably better."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dono.curves.drawn import LEAST_BADNESS
from dono.decisions.evidence import UseCaseQuestion
from dono.decisions.outlook import Floats, Outlook, interval, seed_of
from dono.decisions.ranking import CLEAR
from dono.decisions.verdict import LanguageChoice, LanguageScore, Number

ASSUMED = "each language keeps its place beside the whole score as in the largest pilot"


def language_choices(
    question: UseCaseQuestion, outlooks: Sequence[Outlook], taken: int, *, seed: int
) -> list[LanguageChoice]:
    """Languages in which another arm than `taken` is better by more than the metric's margin, with the best such arm.

    A full run's score in a language is the forecast of the whole score times the language's share in the badness of the
    largest pilot, with that pilot's standard error (assumed: the share stays). Measurably: with probability `CLEAR`
    for all pairs tried together (Bonferroni). Only where quality is what is wanted.
    """
    mine = outlooks[taken]
    if question.goal != "quality" or len({s.language for s in mine.evidence.languages}) < 2:
        return []
    drawn = [{s.language: _drawn(question, o, s, seed) for s in o.evidence.languages} for o in outlooks]
    pairs = [(tag, i) for tag in sorted(drawn[taken]) for i in range(len(outlooks)) if i != taken and tag in drawn[i]]
    margin, found = mine.metric.margin, []
    for tag in sorted(drawn[taken]):
        gains = {i: drawn[taken][tag] - drawn[i][tag] for t, i in pairs if t == tag}
        sure = {i: float(np.mean(gain > margin)) for i, gain in gains.items()}
        best = max(sure, key=lambda i: (sure[i], float(np.mean(gains[i])), -i), default=None)
        if best is not None and 1 - sure[best] <= (1 - CLEAR) / len(pairs):
            lo, middle, hi = interval(gains[best])
            gain = Number(value=middle, lo=lo, hi=hi, unit=mine.metric.unit, label="extrapolated", source=ASSUMED)
            found.append(LanguageChoice(language=tag, arm=outlooks[best].evidence.arm, gain=gain, sure=sure[best]))
    return found


def _drawn(question: UseCaseQuestion, outlook: Outlook, score: LanguageScore, seed: int) -> Floats:
    """Draws of the loss in a language at the full run."""
    metric, points = outlook.metric, outlook.evidence.points
    top = max(p.scale for p in points)
    whole = max(float(np.mean([metric.to_badness(p.value) for p in points if p.scale == top])), LEAST_BADNESS)
    least = 0.5 / score.n if metric.worst is not None else 0.0
    badness = max(metric.to_badness(score.value), least, LEAST_BADNESS)
    error = max(score.stderr / metric.scale, least) / badness
    random = np.random.default_rng(seed_of(seed, question.name, outlook.evidence.arm, score.language))
    losses = outlook.losses * badness / whole * np.exp(error * random.standard_normal(len(outlook.losses)))
    return np.asarray(np.minimum(losses, np.inf if metric.worst is None else metric.worst * metric.scale))
