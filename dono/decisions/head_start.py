"""A head start fades: what a pretrained start is worth beside a random one, the more of the same text both have read.

Hernandez et al. 2021 (arXiv 2102.01293, eq. 1): a pretrained start is worth D_T = k · D^α more data, 0 < α < 1: as a
share of the data that were read it falls as D^-(1 - α). A model that does as if it had read 1 + ρ times as much leads
by s · ln(1 + ρ) in log loss, where the one from a random start falls as D^-s: its lead never grows. What is behind,
because much of the base has to be unlearned first, comes near but does not pass.

Both learn from the same text, and their draws go together: held against independent ones, an arm would be taken for
worse the less is known of either, since the larger of two independent draws lies above both means.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from dono.curves.drawn import Order
from dono.curves.points import Floats
from dono.decisions.evidence import ArmEvidence
from dono.decisions.metrics import TEXT, Metric

FROM_BASE, FROM_NOTHING = "continue", "scratch"
"""Routes whose arms read the same text, from a pretrained and from a random start."""
LEAST = 1e-9
"""No slope and no distance is taken to be smaller: they stand below a stroke."""
ALIKE = 0.5
"""Correlation of the draws of an arm and of the one from a random start (assumed). Errors of 40 forecasts each, before
this bound, on ten texts of the truth runs correlate by 0.58 where the vocabulary is kept and by 0.18 where it is
replaced; the CRPS of all arms falls from independence to 1, but at 1 the choice between them is overconfident."""
Along = Callable[[Sequence[float]], Floats]
"""Badness along drawn curves [samples, scales]."""


@dataclass(frozen=True)
class HeadStart:
    """How far a drawn curve lies, at least, above the one of `scratch` beyond its largest pilot, at the scale `last`.

    `gap` [samples] is what it lies above (in logs) there; `fades` [samples] is 1 - α.
    """

    last: float
    gap: Floats
    fades: Floats
    scratch: Along

    def held(self, drawn: Floats, scales: Sequence[float]) -> Floats:
        """The drawn curves [samples, scales], none of them below what the start allows."""
        beyond = np.log(np.maximum(np.asarray(scales) / self.last, 1.0))[None]
        scratch = self.scratch(scales)
        fallen = np.maximum(np.log(self.scratch([self.last]) / scratch), 0.0)
        gap, left = self.gap[:, None], -self.fades[:, None] * beyond
        least = scratch * np.exp(np.where(gap > 0, gap * np.exp(left), -_lead(-gap, fallen, beyond, left)))
        return np.where(beyond > 0, np.maximum(drawn, least), drawn)


def _lead(lead: Floats, fallen: Floats, beyond: Floats, left: Floats) -> Floats:
    """What is left of a lead in log loss: s · ln(1 + ρ · e^left), where s · ln(1 + ρ) is the lead and s · beyond what
    the model from scratch has `fallen`. Where that falls no more, the lead stays.
    """
    slope = np.maximum(fallen / np.maximum(beyond, LEAST), LEAST)
    whole = np.maximum(lead, 0.0) / slope
    return slope * np.logaddexp(np.log(-np.expm1(np.minimum(left, -LEAST))), whole + left)


def starts_ahead(evidence: ArmEvidence, metric: Metric) -> bool:
    """Whether the arm reads text from a pretrained start, and is judged by it."""
    return evidence.route == FROM_BASE and metric.name == TEXT


def alike(drawn: Floats, scratch: Floats, random: np.random.Generator) -> Order:
    """Which of an arm's draws [samples] stands beside each of `scratch`'s: a Gaussian copula; no draw is changed."""
    ranks = (np.argsort(np.argsort(scratch)) + 0.5) / len(scratch)
    common = ALIKE * ndtri(ranks) + math.sqrt(1 - ALIKE**2) * random.standard_normal(len(scratch))
    order = np.empty(len(scratch), dtype=np.int64)
    order[np.argsort(common)] = np.argsort(drawn)
    return order


def head_start(
    evidence: ArmEvidence, metric: Metric, own: Along, scratch: Along | None, random: np.random.Generator
) -> HeadStart | None:
    """What holds this arm; None where it starts at random, is no model of text, or none from a random start stands by.

    `own` and `scratch` are the drawn curves of the arm and of the one from a random start. 1 - α may be anything
    between 0 and 1 (assumed; 0.82 and 0.9 in the paper, from text to code).
    """
    if scratch is None or not starts_ahead(evidence, metric):
        return None
    last = max(p.scale for p in evidence.points)
    gap = np.log(own([last])[:, 0] / scratch([last])[:, 0])
    fades = random.permutation((np.arange(len(gap)) + 0.5) / len(gap))
    return HeadStart(last, gap, fades, scratch)
