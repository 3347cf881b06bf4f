"""How fast a model trains where the pilots run: a few steps, measured once and remembered."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerBase

from dono.artifacts import Json
from dono.costs import train_flops, training_gigabytes
from dono.models import Shape, load_model, random_llama, reader_of
from dono.objectives import next_token
from dono.runners import Job, Needs, Note, once
from dono.stages.workplace import Workplace
from dono.tokens import document, load_tokenizer, packed, padded
from dono.training import LoopSpec, likelihood, train

UNDISTURBED = 0.25
"""The quantile of a probe's step times that is believed: other work on the machine only ever slows a step down."""
PROBE_STEPS, PROBE_DISCARDED = 12, 3
"""A speed probe: optimizer steps in all, and those left out while caches fill (measured: steady from the third)."""


def measured_speed(place: Workplace, source: str | None, tokenizer_folder: str, shape: Shape) -> float:
    """Training FLOP/s on this machine of a model of this shape: a probe, run once and remembered."""
    batch = place.project.training.batch
    spec: dict[str, Json] = {"shape": vars(shape), "batch": batch}

    def make(folder: Path) -> dict[str, Json]:
        place.display.say(
            f"measuring speed: {shape.stored_parameters / 1e6:.1f} M parameters, {batch} × {shape.context} tokens"
        )
        needs = Needs(gigabytes=training_gigabytes(shape.counted, batch_tokens=batch * shape.context))
        return once(place.runner, probing, place, Probe(source, tokenizer_folder, shape), needs=needs)

    artifact = place.store.make("speed", spec, make, name=f"{shape.stored_parameters / 1e6:.1f}M")
    return float(str(artifact.result["flops_per_second"]))


@dataclass(frozen=True)
class Probe:
    """A model whose speed is measured: that in `source`, or a random one."""

    source: str | None
    tokenizer_folder: str
    shape: Shape


def probing(place: Workplace) -> Job[Probe, dict[str, Json]]:
    """The function that measures a speed, where pilots will run."""

    def measure(probe: Probe, note: Note) -> dict[str, Json]:
        tokenizer: PreTrainedTokenizerBase = load_tokenizer(probe.tokenizer_folder)
        shape, batch = probe.shape, place.project.training.batch
        model = load_model(probe.source) if probe.source else random_llama(place.project.scratch, tokenizer, seed=0)
        random = np.random.default_rng(0)
        ids = random.integers(0, min(shape.vocabulary, len(tokenizer)), (batch, shape.context + 1), dtype=np.int64)
        ids %= model.get_input_embeddings().weight.shape[0]
        reader = reader_of(model)
        rows = [(packed if reader.packs else padded)([document(row) for row in ids])]
        clock: list[float] = []
        loop = LoopSpec(start=0, stop=PROBE_STEPS, peak=1e-4, warmup=1, decay_from=PROBE_STEPS, save_seconds=1e9)
        with tempfile.TemporaryDirectory() as scrap:
            learn = likelihood(next_token)
            train(reader, lambda step: rows, learn, loop, Path(scrap), watch=lambda p: clock.append(time.monotonic()))
        seconds = float(np.quantile(np.diff(clock[PROBE_DISCARDED:]), UNDISTURBED))
        tokens = batch * shape.context
        flops = train_flops(shape.counted, tokens=tokens, context=shape.context)
        return {"flops_per_second": flops / seconds, "tokens_per_second": tokens / seconds}

    return measure
