"""When a corpus will be large enough at the rate at which it grows, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dono.costs import llama_shape
from dono.errors import Mistake
from dono.stages.decide import latest_verdict
from dono.stages.workplace import Workplace
from dono.studio.amounts import compact

TOKENS_PER_PARAMETER = 20.0
"""Tokens that a model from scratch asks for (borrowed: Hoffmann et al. 2022, compute-optimal training)."""
REPEATS = 4.0
"""Reading so often is about as good as new text (borrowed: Muennighoff et al. 2023)."""
MONTHS = 12
"""The inflow is that of the last full months, so many at most (assumed: a year has all seasons)."""
LEAST_TREND = 0.005
"""A smaller change each month, as a share of the inflow, is none (assumed)."""
LEAST_MONTHS = 3
"""Fewer full months show no inflow (assumed)."""

Months = Sequence[tuple[str, float]]


def outlook(place: Workplace, tokens: float, months: Months) -> tuple[str, ...]:
    """How much text comes a month, how much is needed, and how long that takes."""
    wanted, why = _wanted(place)
    needed = wanted / REPEATS
    said = [f"{why} is {compact(wanted)} tokens; read {REPEATS:g} times each (about as good as new text: Muennighoff "
            f"et al. 2023), {compact(needed)} tokens of text are enough. There are {compact(tokens)}."]  # fmt: skip
    if len(months) < LEAST_MONTHS + 2:
        dated = "No source states a period" if not months else f"The periods cover {len(months)} months only"
        remedy = "name a column of dates as `period_column`"
        return (*said, f"{dated}, so how fast the corpus grows is not known: {remedy}.")
    inflow, trend = monthly_inflow(months)
    said.append(
        f"In the last {min(MONTHS, len(months) - 2)} full months {compact(inflow)} tokens came a month, {trend}."
    )
    if tokens >= needed:
        said.append("That is enough already.")
    elif inflow <= 0:
        said.append("Nothing came lately, so there will never be enough without other sources.")
    else:
        said.append(f"At that rate there is enough in {_time((needed - tokens) / inflow)}.")
    return tuple(said)


def monthly_inflow(months: Months) -> tuple[float, str]:
    """Mean tokens of the last full months, and whether they become more or fewer; the outer months may be cut."""
    found = np.array([tokens for _, tokens in months[1:-1][-MONTHS:]])
    mean = float(found.mean())
    slope, error = _slope(found)
    if abs(slope) < max(2 * error, LEAST_TREND * mean):
        return mean, "neither more nor fewer over time"
    return mean, f"{'growing' if slope > 0 else 'shrinking'} by {abs(slope) / mean:.0%} of that each month"


def _slope(values: np.ndarray) -> tuple[float, float]:
    """Of the straight line through equidistant values: slope and its standard error."""
    at = np.arange(len(values)) - (len(values) - 1) / 2
    slope = float((at * values).sum() / (at**2).sum())
    rest = values - values.mean() - slope * at
    return slope, float(np.sqrt((rest**2).sum() / max(1, len(values) - 2) / (at**2).sum()))


def _wanted(place: Workplace) -> tuple[float, str]:
    """Tokens that a run reads to reach the bar by the newest verdict, else what a model of the project's size wants."""
    best: tuple[float, str] | None = None
    try:
        verdict, artifact = latest_verdict(place)
        planned = artifact.result["corpus_tokens"]
        assert isinstance(planned, dict)
        for case in verdict.use_cases:
            for arm in case.arms:
                tokens, cost = float(planned.get(arm.arm, 0)), arm.cost_to_bar
                if cost is not None and tokens and arm.full_cost.value > 0:
                    found = tokens * cost.value / arm.full_cost.value
                    if best is None or found < best[0]:
                        best = found, f"By the newest verdict, what {arm.arm} reads to reach the bar of {case.use_case}"
    except Mistake:
        best = None
    if best is not None:
        return best
    s = place.project.scratch
    hidden = -(-s.width * 8 // 3 // 32) * 32  # as `random_llama` has it
    shape = llama_shape(width=s.width, layers=s.layers, hidden=hidden, vocabulary=s.vocabulary, heads=s.heads)
    why = f"No verdict tells yet how much reaches the bar. What a model of {compact(shape.parameters)} parameters from "
    return TOKENS_PER_PARAMETER * shape.parameters, why + "scratch asks for (20 a parameter: Hoffmann et al. 2022)"


def _time(months: float) -> str:
    if months < 1:
        return "less than a month"
    whole = round(months)
    return f"about {whole} month{'s' if whole > 1 else ''}" if months < 36 else f"about {months / 12:.0f} years"
