"""Decisions: routes and arms, comparison with uncertainty, portfolio, which pilot next, the verdict."""

from __future__ import annotations

from dono.decisions.comparison import compare
from dono.decisions.evidence import ArmEvidence, Lever, UseCaseQuestion
from dono.decisions.information import next_pilots
from dono.decisions.metrics import LOSS_UNDER, METRICS, Metric
from dono.decisions.outset import outset
from dono.decisions.portfolio import Portfolio, choose_portfolio
from dono.decisions.verdict import (
    ArmVerdict,
    Assumption,
    CostPart,
    Crossover,
    CurvePoint,
    Flip,
    Label,
    LanguageChoice,
    LanguageScore,
    Number,
    Outset,
    PilotPoint,
    PortfolioItem,
    Sample,
    UseCaseVerdict,
    Verdict,
    Wait,
)

__all__ = [
    "LOSS_UNDER",
    "METRICS",
    "ArmEvidence",
    "ArmVerdict",
    "Assumption",
    "CostPart",
    "Crossover",
    "CurvePoint",
    "Flip",
    "Label",
    "LanguageChoice",
    "LanguageScore",
    "Lever",
    "Metric",
    "Number",
    "Outset",
    "PilotPoint",
    "Portfolio",
    "PortfolioItem",
    "Sample",
    "UseCaseQuestion",
    "UseCaseVerdict",
    "Verdict",
    "Wait",
    "choose_portfolio",
    "compare",
    "next_pilots",
    "outset",
]
