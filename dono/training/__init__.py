"""The one loop: optimizer, schedule, precision, parallelism, checkpoints, resume, caps."""

from dono.training.allocator import keep_memory
from dono.training.checkpoint import forget_state, trained_seconds
from dono.training.compiled import can_compile, compiling_pays
from dono.training.learners import (
    JudgedRows,
    PairRows,
    RolloutRows,
    answers_in,
    judgements,
    likelihood,
    policy,
    preferences,
    rewards,
    with_divergence,
)
from dono.training.logbook import Logbook, Scale, sentence
from dono.training.loop import Early, LoopSpec, Outcome, Progress, train
from dono.training.rates import Peaks, continued_peaks, finetuning_peak, scratch_peaks
from dono.training.schedule import rate_at

__all__ = [
    "Early",
    "JudgedRows",
    "Logbook",
    "LoopSpec",
    "Outcome",
    "PairRows",
    "Peaks",
    "Progress",
    "RolloutRows",
    "Scale",
    "answers_in",
    "can_compile",
    "compiling_pays",
    "continued_peaks",
    "finetuning_peak",
    "forget_state",
    "judgements",
    "keep_memory",
    "likelihood",
    "policy",
    "preferences",
    "rate_at",
    "rewards",
    "scratch_peaks",
    "sentence",
    "train",
    "trained_seconds",
    "with_divergence",
]
