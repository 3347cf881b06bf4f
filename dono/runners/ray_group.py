"""A group of processes that Ray Train starts, wherever there is room, and starts again."""

from __future__ import annotations

from collections.abc import Callable

from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer

from dono.runners.outcomes import RESTARTS, Outcomes
from dono.runners.tasks import A


def fit(outcomes: Outcomes, work: Callable[[A], None], argument: A, processes: int, gpus: bool) -> None:
    """Run the group. This is a task of the cluster itself: who asked may sit outside of it.

    Where a process dies all begin again, with fewer where there is no room for as many.
    """

    def member() -> None:
        outcomes.member(work, argument)

    trainer = TorchTrainer(
        member,
        scaling_config=ScalingConfig(num_workers=(1, processes), use_gpu=gpus),
        run_config=RunConfig(
            name=outcomes.key, storage_path=str(outcomes.folder), failure_config=FailureConfig(max_failures=RESTARTS)
        ),
    )
    trainer.fit()
