"""A pilot as `benchmarks.cluster` has it trained, here or on a cluster."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from dono.models import random_llama, reader_of
from dono.objectives import next_token
from dono.project import Architecture
from dono.runners import Job, Note
from dono.tokens import document, load_tokenizer, packed
from dono.training import LoopSpec, likelihood, train

STEPS = 30
SHAPE = Architecture(width=128, layers=4, heads=4, vocabulary=4000, context=128)


def piloting(tokenizer: Path) -> Job[int, float]:
    """A small model trained for a number of steps: the loss it ends at."""

    def pilot(seed: int, note: Note) -> float:
        model = random_llama(SHAPE, load_tokenizer(tokenizer), seed=seed)
        draw = np.random.default_rng(seed)
        rows = packed([document(row) for row in draw.integers(5, 3000, (8, SHAPE.context + 1), dtype=np.int64)])
        loop = LoopSpec(start=0, stop=STEPS, peak=1e-3, warmup=3, decay_from=STEPS, seed=seed, save_seconds=1e9)
        with tempfile.TemporaryDirectory() as scrap:
            done = train(reader_of(model), lambda step: [rows], likelihood(next_token), loop, Path(scrap))
        return done.losses[-1]

    return pilot
