"""The one loop: optimizer, schedule, checkpoints, resume, caps."""

from dono.training.loop import Batch, LoopSpec, Outcome, Progress, train
from dono.training.schedule import rate_at

__all__ = ["Batch", "LoopSpec", "Outcome", "Progress", "rate_at", "train"]
