"""Runs: one specification for pilots and full runs, the task stage, and what a run measures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.artifacts import (
    Artifact,
    Json,
    Measurement,
    Reference,
    read_measurements,
    write_atomically,
    write_measurements,
)
from dono.decisions.routes import task_stage_of
from dono.errors import Mistake
from dono.models import add_lora, load_model, merge_lora, reader_of, save_adapter, save_model
from dono.objectives import masked_answers
from dono.stages.answers import Sample, answer_case, render_pairs
from dono.stages.contenders import Contender
from dono.stages.corpus_stage import Spent, corpus_run, spent_in
from dono.stages.harness_answers import answer_harness
from dono.stages.lift import answer_lift
from dono.stages.oversight import Oversight
from dono.stages.pictures import leave_loss_curve
from dono.stages.prepare import Case
from dono.stages.row_answers import answer_rows
from dono.stages.workplace import Workplace
from dono.tokens import check_rows, encode_examples, load_tokenizer, packed, task_batches
from dono.training import Logbook, LoopSpec, Outcome, Scale, forget_state, likelihood, train, trained_seconds
from dono.training.world import processes

ADAPTER = "adapter"
"""The folder of a kept model that holds its low-rank updates alone, where it has any: several share a base in use."""
TASK_WARMUP = 0.1
"""Share of a task stage's steps in which the rate rises (customary)."""


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One run of one arm on one use case. A pilot and a full run differ in these numbers alone.

    `scale` is the share of the full run's corpus tokens and examples; `scales` the rungs of the arm, whose trunk is
    shared; `keep` says that the model is kept, not only measured.
    """

    contender: Contender
    case: Case
    scale: float = 1.0
    seed: int = 0
    scales: tuple[float, ...] = ()
    keep: bool = False

    @property
    def name(self) -> str:
        """Arm, use case and scale, for people."""
        return f"{self.contender.name} · {self.case.use_case.name} × {self.scale:g}"

    @property
    def task_stage(self) -> str:
        """`none`, `lora` or `full`."""
        return task_stage_of(self.contender.arm, self.case.use_case.kind)

    @property
    def examples(self) -> int:
        """How many examples the task stage learns from."""
        return subset(len(self.case.train), self.scale) if self.task_stage != "none" else 0


def carry_out(place: Workplace, spec: RunSpec, oversight: Oversight) -> Artifact:
    """The whole run: corpus stage where the arm has one, task stage, measurements. What is sealed is not repeated."""
    start = None
    if spec.contender.arm.corpus_stage:
        start = corpus_run(place, spec.contender, spec.scale, spec.seed, scales=spec.scales, oversight=oversight)
    return task_run(place, spec, start, oversight)


def subset(examples: int, scale: float) -> int:
    """How many examples a run at this scale learns from."""
    return max(1, min(examples, round(examples * scale)))


def shuffled(n: int, seed: int) -> list[int]:
    """The order in which examples are taken: random by seed, the same for every arm and scale."""
    return [int(i) for i in np.random.default_rng([seed, n]).permutation(n)]


def measurements_of(artifact: Artifact) -> list[Measurement]:
    """The typed rows of a run."""
    return read_measurements(artifact.path / "measurements.jsonl")


def _identity(place: Workplace, spec: RunSpec, source: Reference) -> dict[str, Json]:
    training, case, contender = place.project.training, spec.case, spec.contender
    return {
        "arm": contender.name, "use_case": case.use_case.name, "prompt": case.use_case.prompt,
        "kind": case.use_case.kind, "start": source.id, "examples_from": case.artifact.id, "examples": spec.examples,
        "task_stage": spec.task_stage, "shots": contender.arm.shots, "test_limit": case.use_case.test_limit,
        "epochs": training.task_epochs, "rank": training.lora_rank, "batch_tokens": training.task_batch_tokens,
        "rate": training.lora_rate if spec.task_stage == "lora" else training.task_rate,
        "context": contender.context, "seed": spec.seed, "scale": spec.scale, "full": spec.keep,
    }  # fmt: skip


def task_run(place: Workplace, spec: RunSpec, start: Artifact | None, oversight: Oversight) -> Artifact:
    """The task stage after the corpus stage `start` (None: the base itself), and the measurements.

    The artifact holds measurements.jsonl and samples.json, and the model where it is kept. A pilot that cannot be
    carried out is sealed with the reason: a failed pilot is data. A full disk and a cap stop it unsealed.
    """
    base = spec.contender.base
    source = start.reference if start is not None else base.reference if base else Reference("", "")

    def make(folder: Path) -> dict[str, Json]:
        began = time.monotonic() - trained_seconds(folder)
        try:
            result = _learn_and_answer(place, spec, start, folder, oversight)
        except Mistake as mistake:
            if "disk" in mistake.what:
                raise
            write_measurements(folder / "measurements.jsonl", [])
            cost = spent_in(start) + Spent(0.0, 0.0, time.monotonic() - began)
            result = {**vars(cost), "failed": str(mistake)}
        return result | {"own_seconds": round(time.monotonic() - began, 3)}

    identity = _identity(place, spec, source)
    made_from = [source, spec.case.artifact.reference]
    return place.store.make("run", identity, make, made_from=made_from, name=spec.name, keep_partial=True)


def _learn_and_answer(
    place: Workplace, spec: RunSpec, start: Artifact | None, folder: Path, oversight: Oversight
) -> dict[str, Json]:
    contender = spec.contender
    source = str(start.path) if start is not None else contender.base.source if contender.base else ""
    model, tokenizer = load_model(source), load_tokenizer(contender.tokenizer_folder)
    tokens, trained_for = 0.0, 0.0
    learned: dict[str, Json] = {}
    if spec.examples:
        capped = oversight.after(spent_in(start).seconds)
        outcome, model = _train_task(place, spec, model, tokenizer, folder, oversight, capped)
        tokens, trained_for = outcome.tokens, outcome.seconds
        learned = {"steps": len(outcome.losses), "tokens_per_second": round(outcome.tokens_per_second, 1)}
    place.store.leave()
    if spec.examples and spec.task_stage == "lora":
        if spec.keep:
            save_adapter(model, folder / ADAPTER)
        model = merge_lora(model)
    oversight.show(f"{spec.name}: scoring")
    notes: list[str] = []
    if spec.case.use_case.kind == "habits":
        scores, samples, notes = answer_lift(spec.case, model, tokenizer, folder)
    elif spec.case.use_case.kind == "harness":
        scores, samples, notes = answer_harness(place, spec.case, model, tokenizer, contender.context, spec.seed)
    elif spec.case.use_case.kind == "predict":
        shots = contender.arm.shots
        scores, samples, notes = answer_rows(spec.case, model, tokenizer, contender.context, shots, spec.seed)
    else:
        scores, samples = answer_case(spec.case, model, tokenizer, contender.context, contender.arm.shots, spec.seed)
    cost = spent_in(start) + Spent(tokens, contender.task_flops(tokens), trained_for)
    rows = [
        Measurement(
            run=folder.name, use_case=spec.case.use_case.name, arm=contender.name, metric=s.metric, split="test",
            language=s.language, value=s.value, stderr=s.stderr, n=s.n, scale=spec.scale, tokens=cost.tokens,
            examples=spec.examples, flops=cost.flops, seconds=cost.seconds, money=place.money(cost.seconds),
            seed=spec.seed, full=spec.keep,
        )
        for s in scores
    ]  # fmt: skip
    if spec.keep:
        save_model(model, tokenizer, folder)
    forget_state(folder)
    _write_samples(folder, samples)
    write_measurements(folder / "measurements.jsonl", rows)
    return {**vars(cost), **learned, "notes": list[Json](notes), "failed": None}


def _write_samples(folder: Path, samples: list[Sample]) -> None:
    write_atomically(folder / "samples.json", json.dumps(samples, ensure_ascii=False, indent=1))


def _train_task(
    place: Workplace,
    spec: RunSpec,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    oversight: Oversight,
    capped: Callable[[float], str | None],
) -> tuple[Outcome, PreTrainedModel]:
    """Train on the first examples of the seed's order: a smaller pilot's are part of a larger one's.

    Low-rank updates are on the model that is returned, not added in.
    """
    training, case = place.project.training, spec.case
    chosen = shuffled(len(case.train), spec.seed)[: spec.examples]
    pairs = render_pairs(case, tokenizer, [case.train[i] for i in chosen])
    encoded, _ = encode_examples(tokenizer, pairs, max_length=spec.contender.context, where=case.use_case.name)
    check_rows(
        (packed([e.document]) for e in encoded), bos=tokenizer.bos_token_id, eos=tokenizer.eos_token_id,
        where=case.use_case.name, vocabulary=model.get_input_embeddings().weight.shape[0],
    )  # fmt: skip
    lora = spec.task_stage == "lora"
    learner = add_lora(model, rank=training.lora_rank, seed=spec.seed) if lora else model
    reader = reader_of(learner)
    batches = task_batches(
        encoded, tokenizer, batch_tokens=training.task_batch_tokens, seed=spec.seed, epochs=training.task_epochs,
        pack=reader.packs, processes=processes(),
    )  # fmt: skip
    steps = len(batches)
    warmup = max(1, round(TASK_WARMUP * steps))
    peak = training.lora_rate if lora else training.task_rate
    loop = LoopSpec(
        start=0, stop=steps, peak=peak, warmup=warmup, decay_from=min(warmup, steps), seed=spec.seed,
        checkpoints=training.checkpoints,
    )  # fmt: skip

    title = f"{spec.contender.name} · {case.use_case.name} × {spec.examples} examples"
    learn = likelihood(masked_answers)
    price, currency = place.price_per_hour / 3600, place.project.currency
    scale = Scale(flops_per_token=spec.contender.task_flops(1), price_per_second=price, currency=currency)
    with Logbook(folder, scale) as book:
        watch = oversight.watching(title, book)
        outcome = train(reader, batches.parts_at, learn, loop, folder, watch=watch, capped=capped)
    leave_loss_curve(folder, title)
    return outcome, learner
