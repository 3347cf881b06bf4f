"""A head start fades: what a pretrained start is worth beside a random one, the more of the same text both have read.

Hernandez et al. 2021 (arXiv 2102.01293, eq. 1): a pretrained start is worth D_T = k · D^α more data, with 0 < α < 1. As a
share of the data D that were read it falls as D^-(1 - α), so a lead over a model from a random start never grows, and
what is behind, because much of the base has to be unlearned first, comes near but does not pass. A curve of its own that
falls more steeply says that it is catching up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dono.curves.points import Floats
from dono.decisions.evidence import ArmEvidence
from dono.decisions.metrics import Metric

FROM_BASE, FROM_NOTHING = "continue", "scratch"
"""Routes whose arms read the same text, from a pretrained and from a random start."""
TEXT = "bits_per_byte"
Along = Callable[[Sequence[float]], Floats]
"""Badness along drawn curves [samples, scales]."""


@dataclass(frozen=True)
class HeadStart:
    """Beyond its largest pilot at the scale `last` a drawn curve lies `gap` [samples] (in logs) above the one of
    `scratch`, or higher; what it is behind (a gap above 0) shrinks as scale^-fades [samples], a lead stays at most.
    """

    last: float
    gap: Floats
    fades: Floats
    scratch: Along

    def held(self, drawn: Floats, scales: Sequence[float]) -> Floats:
        """The drawn curves [samples, scales], none of them below what the start allows."""
        beyond = np.log(np.maximum(np.asarray(scales) / self.last, 1.0))[None]
        faded = np.where(self.gap[:, None] > 0, np.exp(-self.fades[:, None] * beyond), 1.0)
        least = self.scratch(scales) * np.exp(self.gap[:, None] * faded)
        return np.where(beyond > 0, np.maximum(drawn, least), drawn)


def head_start(
    evidence: ArmEvidence, metric: Metric, own: Along, scratch: Along | None, random: np.random.Generator
) -> HeadStart | None:
    """What holds this arm; None where it starts at random, is no model of text, or none from a random start stands by.

    `own` and `scratch` are the drawn curves of the arm and of the one from a random start. 1 - α may be anything
    between 0 and 1 (assumed; 0.82 and 0.9 in the paper, from text to code).
    """
    if scratch is None or evidence.route != FROM_BASE or metric.name != TEXT:
        return None
    last = max(p.scale for p in evidence.points)
    gap = np.log(own([last])[:, 0] / scratch([last])[:, 0])
    fades = random.permutation((np.arange(len(gap)) + 0.5) / len(gap))
    return HeadStart(last, gap, fades, scratch)
