"""Objectives: pure functions from logits and labels to a loss. The loop knows none of them by name."""

from dono.objectives.likelihood import IGNORED, OBJECTIVES, Loss, Objective, masked_answers, next_token

__all__ = ["IGNORED", "OBJECTIVES", "Loss", "Objective", "masked_answers", "next_token"]
