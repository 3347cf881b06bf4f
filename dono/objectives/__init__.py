"""Objectives: pure functions from what a model said to a loss. The loop knows none of them by name."""

from dono.objectives.advantages import group_relative, leave_one_out, whitened
from dono.objectives.answers import Answers, BatchLoss, averaged, log_ratios, summed
from dono.objectives.likelihood import OBJECTIVES, Objective, masked_answers, next_token
from dono.objectives.policy import (
    POLICIES,
    Averaging,
    PolicyMetrics,
    PolicyObjective,
    Rollouts,
    clipped_surrogate,
    divergence,
    penalised,
    reinforce,
    rloo,
)
from dono.objectives.predictions import Logits, Predictions, Projected, cross_entropy, loglikelihoods
from dono.objectives.preferences import (
    PREFERENCES,
    Judged,
    JudgedMetrics,
    PairObjective,
    Pairs,
    dpo,
    kto,
    kto_divergence,
    orpo,
    simpo,
)
from dono.objectives.reward import PairMetrics, bradley_terry

__all__ = [
    "OBJECTIVES",
    "POLICIES",
    "PREFERENCES",
    "Answers",
    "Averaging",
    "BatchLoss",
    "Judged",
    "JudgedMetrics",
    "Logits",
    "Objective",
    "PairMetrics",
    "PairObjective",
    "Pairs",
    "PolicyMetrics",
    "PolicyObjective",
    "Predictions",
    "Projected",
    "Rollouts",
    "averaged",
    "bradley_terry",
    "clipped_surrogate",
    "cross_entropy",
    "divergence",
    "dpo",
    "group_relative",
    "kto",
    "kto_divergence",
    "leave_one_out",
    "log_ratios",
    "loglikelihoods",
    "masked_answers",
    "next_token",
    "orpo",
    "penalised",
    "reinforce",
    "rloo",
    "simpo",
    "summed",
    "whitened",
]
