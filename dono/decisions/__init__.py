"""Decisions: routes and arms, comparison with uncertainty, portfolio, which pilot next, the verdict."""

from __future__ import annotations

from dono.decisions.calibration import width_of
from dono.decisions.changes import changed
from dono.decisions.comparison import compare
from dono.decisions.elimination import Round, next_round
from dono.decisions.evidence import ArmEvidence, UseCaseQuestion
from dono.decisions.information import next_pilots
from dono.decisions.metrics import LOSS_UNDER, METRICS, Metric
from dono.decisions.portfolio import Portfolio, choose_portfolio
from dono.decisions.verdict import (
    ArmVerdict,
    Assumption,
    Crossover,
    CurvePoint,
    Elimination,
    Label,
    LanguageScore,
    NextPilot,
    Number,
    PilotPoint,
    PortfolioItem,
    Sample,
    UseCaseVerdict,
    Verdict,
)
from dono.decisions.worth import worth_of_more

__all__ = [
    "LOSS_UNDER",
    "METRICS",
    "ArmEvidence",
    "ArmVerdict",
    "Assumption",
    "Crossover",
    "CurvePoint",
    "Elimination",
    "Label",
    "LanguageScore",
    "Metric",
    "NextPilot",
    "Number",
    "PilotPoint",
    "Portfolio",
    "PortfolioItem",
    "Round",
    "Sample",
    "UseCaseQuestion",
    "UseCaseVerdict",
    "Verdict",
    "changed",
    "choose_portfolio",
    "compare",
    "next_pilots",
    "next_round",
    "width_of",
    "worth_of_more",
]
