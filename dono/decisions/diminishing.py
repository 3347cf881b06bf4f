"""Returns diminish: what a text has taught a base so far bounds what more of the same text can teach it.

Along every published law of language models log loss is convex in the data: a power law with a floor (Hoffmann et al.
2022, arXiv 2203.15556, eq. 2), one whose start is worth more data (Hernandez et al. 2021, arXiv 2102.01293, eq. 1). So
what is read later teaches less, token for token, than what was read before. Of a curve that falls this says little; one
that lies flat stays about where it is. Curves of fine-tuning are flat at first and bend later, and laws that learned
from those would promise as much of a base that has read such text long since.

Of 161 pilots of bases on ten texts of the truth runs two ended lower than this allows, both of one arm on a text that
the base had read, by 1.4 %: what a restarted rate of learning spoils first is mended later.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dono.curves import Point, pool
from dono.curves.points import Floats
from dono.decisions.evidence import ArmEvidence
from dono.decisions.head_start import Along, starts_ahead
from dono.decisions.measured import normal, points_of
from dono.decisions.metrics import Metric

KEPT, AS_IT_IS = "continue/kept", "prompt/zero-shot"
"""The arm whose start is what the base scores as it is, and the arm that measures this."""


@dataclass(frozen=True)
class Diminishing:
    """How low a drawn curve may lie beyond its largest pilot, at the scale `last`.

    `level` [samples] is its last pilot, or its start where that is lower: what was spoilt at first may be mended.
    `gain` [samples] is what it gained, in logs, from the scale `first` to its last pilot.
    """

    first: float
    last: float
    level: Floats
    gain: Floats

    def held(self, drawn: Floats, scales: Sequence[float]) -> Floats:
        """The drawn curves [samples, scales], none of them lower than as if every token taught as much as so far."""
        more = np.maximum(np.asarray(scales)[None] - self.last, 0.0) / (self.last - self.first)
        least = self.level[:, None] * np.exp(-self.gain[:, None] * more)
        return np.where(more > 0, np.maximum(drawn, least), drawn)


def diminishing(
    evidence: ArmEvidence, metric: Metric, own: Along, beside: Sequence[ArmEvidence], random: np.random.Generator
) -> Diminishing | None:
    """What holds this arm; None where it does not read text from a pretrained start, or no start of it was measured.

    It starts at what the base scores as it is where its vocabulary is the base's, at its smallest pilot where not;
    where training spoilt it first, what it has gained counts from its worst pilot on. `own` are its drawn curves,
    `beside` the other arms of the use case. All of them answer the same items: only the seeds' noise lies between two.
    """
    if not starts_ahead(evidence, metric):
        return None
    pilots = points_of(evidence, metric)
    points = [*_start(evidence, metric, beside), *pilots]
    logs = {x: [math.log(p.y) for p in points if p.x == x] for x in sorted({p.x for p in points})}
    start, last = min(logs), max(logs)
    if start == last:
        return None
    means = {x: float(np.mean(found)) for x, found in logs.items()}
    highest = max((x for x in logs if x < last), key=lambda x: (means[x], x))
    first = start if means[highest] <= means[last] else highest
    gain = means[first] - means[last]
    error = pool(pilots).noise * math.sqrt(1 / len(logs[first]) + 1 / len(logs[last]))
    level = own([last])[:, 0] * math.exp(min(means[start] - means[last], 0.0))
    return Diminishing(first, last, level, np.maximum(gain + error * normal(random, len(level)), 0.0))


def _start(evidence: ArmEvidence, metric: Metric, beside: Sequence[ArmEvidence]) -> list[Point]:
    """What the arm's base scores before it reads anything, where the arm begins with that and it was measured."""
    name, _, base = evidence.arm.partition("@")
    if name != KEPT:
        return []
    as_it_is = [e for e in beside if e.measured and e.arm.partition("@")[::2] == (AS_IT_IS, base)]
    return [Point(0.0, p.y, p.stderr, p.seed) for e in as_it_is for p in points_of(e, metric)]
