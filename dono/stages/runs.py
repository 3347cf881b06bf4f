"""Runs: a corpus stage (trunk, then decay), a task stage, and what they measure. A pilot is a run with scale < 1."""

from __future__ import annotations

import dataclasses
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
from dono.errors import Mistake
from dono.models import add_lora, load_model, load_tokenizer, merge_lora, replace_vocabulary, save_model
from dono.objectives import masked_answers, next_token
from dono.stages.answers import answer_case, render_pairs
from dono.stages.contenders import Contender, start_model
from dono.stages.prepare import Case
from dono.stages.workplace import Workplace
from dono.tokens import Batches, encode_examples, task_batches
from dono.training import Batch, LoopSpec, Outcome, Progress, train

DECAY_SHARE = 0.2
"""The last fifth of a corpus stage decays (Hägele et al. 2024: 10–20 % is enough)."""
WARMUP_STEPS = 10
"""The same in pilots and full runs, so that a trunk is shared (assumed; small models need little)."""
LEAST_STEPS = 8
"""A corpus stage shorter than this measures its warm-up only."""
TASK_WARMUP = 0.1

Watch = Callable[[str], None]
"""Told after every step what the run at hand is doing, in a few words."""


@dataclass(frozen=True)
class Spent:
    """What a run and all that it was made from cost on this machine."""

    tokens: float
    flops: float
    seconds: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.tokens + other.tokens, self.flops + other.flops, self.seconds + other.seconds)


def corpus_steps(place: Workplace, contender: Contender, scale: float) -> int:
    """Optimizer steps of the corpus stage at this scale."""
    per_step = place.project.training.batch * contender.context
    return max(LEAST_STEPS, round(scale * contender.corpus_tokens / per_step))


def trunk_stop(steps: int) -> int:
    """The step at which the decay of a corpus stage of so many steps begins."""
    return steps - max(1, round(steps * DECAY_SHARE))


def _start_model(place: Workplace, contender: Contender, seed: int) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    tokenizer = load_tokenizer(contender.tokenizer_folder)
    model = start_model(place, contender.base, tokenizer, seed)
    if contender.base is not None and contender.arm.vocabulary == "replaced":
        replace_vocabulary(model, load_tokenizer(contender.base.source), tokenizer)
    return model, tokenizer


def _loop(place: Workplace, start: int, stop: int, decay_from: int, seed: int) -> LoopSpec:
    peak = place.project.training.rate
    return LoopSpec(start=start, stop=stop, peak=peak, warmup=WARMUP_STEPS, decay_from=decay_from, seed=seed)


def _corpus_batches(place: Workplace, contender: Contender, seed: int) -> Callable[[int], Batch]:
    assert contender.tokens is not None
    stream = Batches(contender.tokens, length=contender.context, batch=place.project.training.batch, seed=seed)

    def batch_at(step: int) -> Batch:
        rows = stream.batch_at(step)
        return Batch(rows[:, :-1].copy(), rows[:, 1:].copy())

    return batch_at


def _corpus_spec(place: Workplace, contender: Contender, loop: LoopSpec) -> dict[str, Json]:
    assert contender.tokens_reference is not None
    numbers = {k: v for k, v in dataclasses.asdict(loop).items() if k != "save_seconds"}
    return {
        "start": contender.base.reference.id if contender.base else "random",
        "vocabulary": contender.arm.vocabulary,
        "shape": vars(contender.shape),
        "tokens": contender.tokens_reference.id,
        "batch": place.project.training.batch,
        "loop": numbers,
    }


def _watched(watch: Watch | None, title: str) -> Callable[[Progress], None] | None:
    if watch is None:
        return None

    def show(p: Progress) -> None:
        watch(f"{title} step {p.step}/{p.stop} loss {p.loss:.3f} {p.tokens_per_second:,.0f} tok/s")

    return show


def _result(outcome: Outcome, flops: float, before: Spent) -> dict[str, Json]:
    total = before + Spent(outcome.tokens, flops, outcome.seconds)
    return {
        "tokens": total.tokens, "flops": total.flops, "seconds": round(total.seconds, 3),
        "own_seconds": round(outcome.seconds, 3), "tokens_per_second": round(outcome.tokens_per_second, 1),
        "first_loss": outcome.losses[0], "last_loss": outcome.losses[-1], "steps": len(outcome.losses),
    }  # fmt: skip


def spent_in(artifact: Artifact | None) -> Spent:
    """What an artifact's record says it cost, with all it was made from."""
    if artifact is None:
        return Spent(0.0, 0.0, 0.0)
    r = artifact.result
    return Spent(float(str(r["tokens"])), float(str(r["flops"])), float(str(r["seconds"])))


def trunk(
    place: Workplace, contender: Contender, stop: int, seed: int, stops: tuple[int, ...], watch: Watch | None = None
) -> Artifact:
    """The undecayed run up to step `stop`, going on from the trunk that ends at the stop before it in `stops`."""
    earlier = max((s for s in stops if s < stop), default=0)
    parent = trunk(place, contender, earlier, seed, stops, watch) if earlier else None
    loop = _loop(place, earlier, stop, stop, seed)

    def make(folder: Path) -> dict[str, Json]:
        model, _ = _start_model(place, contender, seed)
        show = _watched(watch, f"{contender.name} corpus")
        after = None if parent is None else parent.path / "state.pt"
        batches = _corpus_batches(place, contender, seed)
        outcome = train(model, batches, next_token, loop, folder, after=after, watch=show)
        return _result(outcome, contender.corpus_flops(outcome.tokens), spent_in(parent))

    references = [r for r in (contender.tokens_reference, contender.base and contender.base.reference) if r]
    references += [parent.reference] if parent else []
    spec = _corpus_spec(place, contender, loop)
    return place.store.make("trunk", spec, make, made_from=references, name=contender.name, keep_partial=True)


def corpus_run(
    place: Workplace,
    contender: Contender,
    scale: float,
    seed: int,
    scales: tuple[float, ...],
    watch: Watch | None = None,
) -> Artifact:
    """The corpus stage at this scale: the trunk up to the decay, then the decay; a model directory.

    `scales` are all rungs of this arm: their trunks are shared. A full run has the same shape with other numbers.
    """
    steps = corpus_steps(place, contender, scale)
    stops = tuple(sorted({trunk_stop(corpus_steps(place, contender, s)) for s in scales}))
    stem = trunk(place, contender, trunk_stop(steps), seed, stops, watch)
    loop = _loop(place, trunk_stop(steps), steps, trunk_stop(steps), seed)

    def make(folder: Path) -> dict[str, Json]:
        model, tokenizer = _start_model(place, contender, seed)
        batches, show = _corpus_batches(place, contender, seed), _watched(watch, f"{contender.name} decay")
        outcome = train(model, batches, next_token, loop, folder, after=stem.path / "state.pt", watch=show)
        save_model(model, tokenizer, folder)
        (folder / "state.pt").unlink()
        return _result(outcome, contender.corpus_flops(outcome.tokens), spent_in(stem))

    spec = _corpus_spec(place, contender, loop) | {"trunk": stem.id}
    return place.store.make(
        "corpus-run", spec, make, made_from=[stem.reference], name=f"{contender.name} × {scale:g}", keep_partial=True
    )


def subset(examples: int, scale: float) -> int:
    """How many examples a run at this scale learns from."""
    return max(1, min(examples, round(examples * scale)))


def task_run(
    place: Workplace,
    contender: Contender,
    case: Case,
    scale: float,
    seed: int,
    *,
    start: Artifact | None,
    full: bool = False,
    watch: Watch | None = None,
) -> Artifact:
    """The task stage at this scale after the corpus stage `start` (None: the base itself), and the measurements.

    The artifact holds measurements.jsonl and samples.json, and the model where `full`. A run that cannot be carried
    out is sealed with the reason: a failed pilot is data.
    """
    training = place.project.training
    kind = case.use_case.kind
    stage = "none" if kind == "language" else contender.arm.task_stage
    count = subset(len(case.train), scale) if stage != "none" else 0
    source = start.reference if start is not None else contender.base.reference if contender.base else Reference("", "")
    spec: dict[str, Json] = {
        "arm": contender.name, "use_case": case.use_case.name, "prompt": case.use_case.prompt, "kind": kind,
        "start": source.id, "examples_from": case.artifact.id, "examples": count, "task_stage": stage,
        "shots": contender.arm.shots, "test_limit": case.use_case.test_limit, "epochs": training.task_epochs,
        "rate": training.lora_rate if stage == "lora" else training.task_rate, "rank": training.lora_rank,
        "batch_tokens": training.task_batch_tokens, "context": contender.context, "seed": seed, "scale": scale,
        "full": full,
    }  # fmt: skip

    def make(folder: Path) -> dict[str, Json]:
        began = time.monotonic()
        try:
            return _carry_out(place, contender, case, scale, seed, start, count, full, folder, watch)
        except Mistake as mistake:
            if "disk" in mistake.what:
                raise
            write_measurements(folder / "measurements.jsonl", [])
            own = time.monotonic() - began
            cost = spent_in(start) + Spent(0.0, 0.0, own)
            return {**vars(cost), "failed": str(mistake), "own_seconds": own}

    name = f"{contender.name} · {case.use_case.name} × {scale:g}"
    return place.store.make(
        "run", spec, make, made_from=[source, case.artifact.reference], name=name, keep_partial=True
    )


def _carry_out(
    place: Workplace,
    contender: Contender,
    case: Case,
    scale: float,
    seed: int,
    start: Artifact | None,
    count: int,
    full: bool,
    folder: Path,
    watch: Watch | None,
) -> dict[str, Json]:
    began = time.monotonic()
    source = str(start.path) if start is not None else contender.base.source if contender.base else ""
    model, tokenizer = load_model(source), load_tokenizer(contender.tokenizer_folder)
    outcome = _train_task(place, contender, case, count, seed, model, tokenizer, folder, watch) if count else None
    if outcome is not None and contender.arm.task_stage == "lora":
        model = merge_lora(outcome[1])  # the model under the adapter was changed in place; this folds the adapter in
    if watch is not None:
        watch(f"{contender.name} · {case.use_case.name}: scoring")
    scores, samples = answer_case(case, model, tokenizer, contender.context, contender.arm.shots, seed)
    tokens = outcome[0].tokens if outcome is not None else 0
    own = time.monotonic() - began
    trained_seconds = outcome[0].seconds if outcome is not None else 0.0
    cost = spent_in(start) + Spent(tokens, contender.task_flops(tokens), trained_seconds)
    rows = [
        Measurement(
            run=folder.name, use_case=case.use_case.name, arm=contender.name, metric=s.metric, split="test",
            language=s.language, value=s.value, stderr=s.stderr, n=s.n, scale=scale, tokens=cost.tokens, examples=count,
            flops=cost.flops, seconds=cost.seconds, money=place.money(cost.seconds), seed=seed, full=full,
        )
        for s in scores
    ]  # fmt: skip
    if full:
        save_model(model, tokenizer, folder)
    (folder / "state.pt").unlink(missing_ok=True)
    write_atomically(folder / "samples.json", json.dumps(samples, ensure_ascii=False, indent=1))
    write_measurements(folder / "measurements.jsonl", rows)
    return {**vars(cost), "own_seconds": round(own, 3), "failed": None}


def _train_task(
    place: Workplace,
    contender: Contender,
    case: Case,
    count: int,
    seed: int,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    watch: Watch | None,
) -> tuple[Outcome, PreTrainedModel]:
    """Train on the first `count` examples of the seed's order: a smaller pilot's are part of a larger one's."""
    training = place.project.training
    chosen = shuffled(len(case.train), seed)[:count]
    pairs = render_pairs(case, tokenizer, [case.train[i] for i in chosen])
    encoded, _ = encode_examples(tokenizer, pairs, max_length=contender.context, where=case.use_case.name)
    batches = task_batches(
        encoded, tokenizer, batch_tokens=training.task_batch_tokens, seed=seed, epochs=training.task_epochs
    )
    lora = contender.arm.task_stage == "lora"
    learner = add_lora(model, rank=training.lora_rank, seed=seed) if lora else model
    steps = len(batches)
    warmup = max(1, round(TASK_WARMUP * steps))
    peak = training.lora_rate if lora else training.task_rate
    loop = LoopSpec(start=0, stop=steps, peak=peak, warmup=warmup, decay_from=min(warmup, steps), seed=seed)

    def batch_at(step: int) -> Batch:
        b = batches.batch_at(step)
        return Batch(b.ids[:, :-1].copy(), b.labels[:, 1:].copy(), b.attention_mask[:, :-1].copy())

    show = _watched(watch, f"{contender.name} · {case.use_case.name} × {count} examples")
    return train(learner, batch_at, masked_answers, loop, folder, watch=show), learner


def shuffled(n: int, seed: int) -> list[int]:
    """The order in which examples are taken: random by seed, the same for every arm and scale."""
    return [int(i) for i in np.random.default_rng([seed, n]).permutation(n)]


def measurements_of(artifact: Artifact) -> list[Measurement]:
    """The typed rows of a run."""
    return read_measurements(artifact.path / "measurements.jsonl")
