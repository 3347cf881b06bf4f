"""Decisions: routes and arms, comparison with uncertainty, portfolio, which pilot next, the verdict."""

from __future__ import annotations

from dono.decisions.metrics import METRICS, Metric
from dono.decisions.verdict import (
    ArmVerdict,
    Assumption,
    Crossover,
    CurvePoint,
    Label,
    LanguageScore,
    Number,
    PilotPoint,
    PortfolioItem,
    Sample,
    UseCaseVerdict,
    Verdict,
)

__all__ = [
    "METRICS", "ArmVerdict", "Assumption", "Crossover", "CurvePoint", "Label", "LanguageScore", "Metric", "Number",
    "PilotPoint", "PortfolioItem", "Sample", "UseCaseVerdict", "Verdict",
]  # fmt: skip
