"""The learning-rate schedule: warm-up, stable, decay (a trapezoid), so that one trunk gives several end points."""

from __future__ import annotations


def rate_at(step: int, *, peak: float, warmup: int, decay_from: int, stop: int) -> float:
    """The rate of optimizer step `step` (from 0).

    Linear from peak/warmup to the peak in `warmup` steps, flat until `decay_from`, then linear towards zero at `stop`
    (Hägele et al. 2024, section 3). With `decay_from == stop` there is no decay: a trunk.
    """
    assert 0 <= decay_from <= stop
    rate = peak * min(1.0, (step + 1) / max(1, warmup))
    if step >= decay_from:
        rate *= (stop - step) / (stop - decay_from + 1)
    return rate
