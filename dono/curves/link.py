"""From the loss on right answers to the metric that counts: a score moves in a step, the loss under it moves smoothly.

The step of the ladder of Bhagia et al. 2024 (arXiv 2412.04403, section 3.2: task accuracy is a sigmoid of task loss),
with ends that need no fitting: a loss of nothing is a perfect score, and an endless loss is the worst one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dono.curves.points import Floats

LEAST_PAIRS = 4
"""Pilots that a link needs: two parameters and its own spread."""
LEAST_SPREAD = 0.15
"""Standard deviation of single runs around the link, in log odds of badness, before any was seen (assumed)."""
SPREAD_WORTH = 4.0
"""How many residuals the assumption above is worth."""
OUTERMOST = 1e-4
"""Badness this close to the ends, as a share, is taken as this far from them: log odds are infinite there."""


@dataclass(frozen=True)
class Pair:
    """One pilot: the loss on right answers in bits (> 0), the badness as a share of the worst (0 to 1), its error."""

    loss: float
    share: float
    stderr: float


@dataclass(frozen=True)
class Link:
    """log(share / (1 - share)) = slope · ln(loss / middle), as a posterior over cells.

    `slope`, `middle`, `weight`: [cells]; `spread`: standard deviation of a run around it, in log odds.
    """

    slope: Floats
    middle: Floats
    weight: Floats
    spread: float

    def mean(self, loss: float) -> float:
        """The expected share of badness at this loss: log odds averaged over the posterior."""
        return float(_share(self.weight @ self._log_odds(np.array([loss]))[:, 0]))

    def along(self, losses: Floats, random: np.random.Generator) -> Floats:
        """Shares of badness along drawn losses [samples, n]; a path keeps its cell and its distance from the link."""
        cells = random.choice(len(self.weight), size=len(losses), p=self.weight)
        log_odds = self.slope[cells, None] * np.log(losses / self.middle[cells, None])
        return np.asarray(_share(log_odds + self.spread * random.standard_normal(len(losses))[:, None]))

    def _log_odds(self, losses: Floats) -> Floats:
        return self.slope[:, None] * np.log(losses[None] / self.middle[:, None])


def fit_link(pairs: Sequence[Pair]) -> Link | None:
    """Fit to the pilots of all arms of one use case; None where there are fewer than `LEAST_PAIRS`.

    A grid is searched whole; the prior prefers slopes around 2 (assumed). A pilot near either end says little: its
    error in log odds is large.
    """
    if len(pairs) < LEAST_PAIRS:
        return None
    ordered = sorted(pairs, key=lambda p: (p.loss, p.share, p.stderr))
    loss = np.array([p.loss for p in ordered])
    share = np.clip([p.share for p in ordered], OUTERMOST, 1 - OUTERMOST)
    error = np.array([p.stderr for p in ordered]) / (share * (1 - share))
    observed = np.log(share / (1 - share))
    slopes = np.geomspace(0.3, 12.0, 48)
    middles = np.geomspace(loss.min() / 8, loss.max() * 8, 80)
    slope, middle = (grid.ravel() for grid in np.meshgrid(slopes, middles, indexing="ij"))
    residual = observed - slope[:, None] * np.log(loss / middle[:, None])
    spread = LEAST_SPREAD
    for _ in range(5):
        weight = _posterior(residual, np.hypot(error, spread), slope)
        excess = weight @ np.maximum(residual**2 - error**2, 0.0)
        certain = 1 / (1 + (error / LEAST_SPREAD) ** 2)
        squares = SPREAD_WORTH * LEAST_SPREAD**2 + float(certain @ excess)
        spread = float(np.sqrt(squares / (SPREAD_WORTH + certain.sum())))
    return Link(slope, middle, _posterior(residual, np.hypot(error, spread), slope), spread)


def _posterior(residual: Floats, error: Floats, slope: Floats) -> Floats:
    log_weight = -0.5 * np.sum((residual / error) ** 2, axis=1) - 0.5 * (np.log(slope / 2.0) / 0.8) ** 2
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


def _share(log_odds: Floats | float) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))
