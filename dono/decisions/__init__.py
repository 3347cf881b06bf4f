"""Decisions: routes and arms, comparison with uncertainty, portfolio, which pilot next, the verdict."""

from __future__ import annotations

from dono.decisions.comparison import compare
from dono.decisions.evidence import ArmEvidence, UseCaseQuestion
from dono.decisions.information import next_pilots
from dono.decisions.metrics import LOSS_UNDER, METRICS, Metric
from dono.decisions.portfolio import Portfolio, choose_portfolio
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
    "LOSS_UNDER",
    "METRICS",
    "ArmEvidence",
    "ArmVerdict",
    "Assumption",
    "Crossover",
    "CurvePoint",
    "Label",
    "LanguageScore",
    "Metric",
    "Number",
    "PilotPoint",
    "Portfolio",
    "PortfolioItem",
    "Sample",
    "UseCaseQuestion",
    "UseCaseVerdict",
    "Verdict",
    "choose_portfolio",
    "compare",
    "next_pilots",
]
