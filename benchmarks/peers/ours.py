"""Our side: transformers' Llama read by Dono and trained by its one loop, as `dono train` does."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.peers.models import llama
from benchmarks.peers.workload import (
    BETAS,
    CLIP,
    EXAMPLES,
    GPU,
    MEAN_LENGTH,
    RANK,
    RATE,
    WEIGHT_DECAY,
    Record,
    arguments,
    conversations,
    device,
    trained_from,
    windows,
)
from dono.models import add_lora, reader_of
from dono.objectives import masked_answers, next_token
from dono.tokens import Rows, TaskBatches, document, packed
from dono.training import LoopSpec, Progress, likelihood, train


def texts(steps: int) -> Callable[[int], list[Rows]]:
    """Windows end to end on one row, each seeing itself alone: what `dono.tokens.Batches` makes of long documents."""
    batches = windows(steps)
    return lambda step: [packed([document(window) for window in batches[step]])]


def chats(steps: int, *, fixed: bool) -> Callable[[int], list[Rows]]:
    """As many tokens a step as TRL's batch has on average; `fixed`: steps are filled up to one length."""
    documents = [document(ids, trained_from(ids)) for ids in conversations(steps * EXAMPLES)]
    return TaskBatches(documents, batch_tokens=EXAMPLES * MEAN_LENGTH, seed=0, pad=0, epochs=2, fixed=fixed).parts_at


def main() -> None:
    """Train and report."""
    asked = arguments("pretraining", "chat")
    steps, record = asked.warm + asked.steps, Record()
    pretraining = asked.kind == "pretraining"
    spec = LoopSpec(
        start=0, stop=steps, peak=RATE, warmup=1, decay_from=steps, weight_decay=WEIGHT_DECAY, clip=CLIP,
        beta1=BETAS[0], beta2=BETAS[1], compiled=asked.compiled, save_seconds=float("inf"),
        precision="bfloat16" if GPU else "float32",
    )  # fmt: skip

    def watch(progress: Progress) -> None:
        record.loss = record.loss or progress.loss
        record.tokens.append(progress.tokens - sum(record.tokens))
        record.ended()

    model = (add_lora(llama(), rank=RANK, seed=0) if asked.lora else llama()).to(device())
    parts_at = texts(steps) if pretraining else chats(steps, fixed=asked.compiled)
    learn = likelihood(next_token if pretraining else masked_answers)
    with tempfile.TemporaryDirectory() as folder:
        train(reader_of(model), parts_at, learn, spec, Path(folder), watch=watch)
    record.report(asked.warm)


if __name__ == "__main__":
    main()
