"""Decisions: routes and arms, comparison with uncertainty, portfolio, which pilot next, the verdict."""

from __future__ import annotations

from dono.decisions.calibration import width_of
from dono.decisions.changes import changed
from dono.decisions.comparison import compare
from dono.decisions.elimination import Round, next_round
from dono.decisions.evidence import ArmEvidence, Lever, UseCaseQuestion
from dono.decisions.grounds import GROUNDS, Grounds, judged_again, read_grounds, seen_by
from dono.decisions.information import next_pilots
from dono.decisions.metrics import LOSS_UNDER, METRICS, Metric
from dono.decisions.moves import Moves, moved, seen_again
from dono.decisions.outset import outset
from dono.decisions.portfolio import Portfolio, choose_portfolio
from dono.decisions.verdict import (
    ArmVerdict,
    Assumption,
    CostPart,
    Crossover,
    CurvePoint,
    Elimination,
    Flip,
    Label,
    LanguageChoice,
    LanguageScore,
    Lifts,
    NextPilot,
    Number,
    Outset,
    PilotPoint,
    PortfolioItem,
    Sample,
    UseCaseVerdict,
    Verdict,
    Wait,
)
from dono.decisions.worth import worth_of_more

__all__ = [
    "GROUNDS",
    "LOSS_UNDER",
    "METRICS",
    "ArmEvidence",
    "ArmVerdict",
    "Assumption",
    "CostPart",
    "Crossover",
    "CurvePoint",
    "Elimination",
    "Flip",
    "Grounds",
    "Label",
    "LanguageChoice",
    "LanguageScore",
    "Lever",
    "Lifts",
    "Metric",
    "Moves",
    "NextPilot",
    "Number",
    "Outset",
    "PilotPoint",
    "Portfolio",
    "PortfolioItem",
    "Round",
    "Sample",
    "UseCaseQuestion",
    "UseCaseVerdict",
    "Verdict",
    "Wait",
    "changed",
    "choose_portfolio",
    "compare",
    "judged_again",
    "moved",
    "next_pilots",
    "next_round",
    "outset",
    "read_grounds",
    "seen_again",
    "seen_by",
    "width_of",
    "worth_of_more",
]
