"""The corpus stage of a run: a trunk without decay that all rungs of an arm share, then the decay of each rung."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.artifacts import Artifact, Json
from dono.models import extend_vocabulary, reader_of, replace_vocabulary, save_model
from dono.objectives import next_token
from dono.stages.contenders import Contender, start_model
from dono.stages.mixing import Plan, plan_mixture, rings, stock
from dono.stages.oversight import Oversight
from dono.stages.pictures import leave_loss_curve
from dono.stages.workplace import Workplace
from dono.tokens import Batches, Rings, Rows, filled_up, load_tokenizer
from dono.training import (
    Logbook,
    LoopSpec,
    Scale,
    compiling_pays,
    forget_state,
    likelihood,
    scratch_peaks,
    train,
    trained_seconds,
)
from dono.training.world import processes

DECAY_SHARE = 0.2
"""The last fifth of a corpus stage decays (Hägele et al. 2024: 10–20 % is enough)."""
WARMUP_STEPS = 10
"""The same in pilots and full runs, so that a trunk is shared (assumed; small models need little)."""
LEAST_STEPS = 8
"""A corpus stage shorter than this measures its warm-up only."""

SURGERY = {"replaced": replace_vocabulary, "extended": extend_vocabulary}
"""What is done to a base whose vocabulary is not kept."""


@dataclass(frozen=True)
class Spent:
    """What a run and all that it was made from cost on this machine."""

    tokens: float
    flops: float
    seconds: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.tokens + other.tokens, self.flops + other.flops, self.seconds + other.seconds)


def spent_in(artifact: Artifact | None) -> Spent:
    """What an artifact's record says it cost, with all it was made from."""
    if artifact is None:
        return Spent(0.0, 0.0, 0.0)
    r = artifact.result
    return Spent(float(str(r["tokens"])), float(str(r["flops"])), float(str(r["seconds"])))


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
    if contender.base is not None and contender.arm.vocabulary in SURGERY:
        SURGERY[contender.arm.vocabulary](model, load_tokenizer(contender.base.source), tokenizer)
    return model, tokenizer


def _loop(place: Workplace, contender: Contender, start: int, stop: int, decay_from: int, seed: int) -> LoopSpec:
    training = place.project.training
    usual = "adamw" if contender.base else "muon"
    wanted = usual if training.optimizer == "auto" else training.optimizer
    step = training.batch * contender.context
    peaks = scratch_peaks(
        width=contender.shape.width, batch_tokens=step, tokens=contender.corpus_tokens, optimizer=wanted
    )
    seconds = contender.corpus_flops((stop - start) * step) / contender.flops_per_second
    return LoopSpec(
        start=start, stop=stop, optimizer=wanted, peak=training.rate or peaks.adamw,
        matrix_peak=(training.matrix_rate or peaks.matrices) if wanted == "muon" else 0.0,
        warmup=WARMUP_STEPS, decay_from=decay_from, seed=seed, compiled=compiling_pays(seconds),
        checkpoints=training.checkpoints,
    )  # fmt: skip


def _scale(place: Workplace, contender: Contender) -> Scale:
    assert contender.tokens is not None
    return Scale(
        flops_per_token=contender.corpus_flops(1), bytes_per_token=contender.tokens.n_bytes / contender.tokens.n_tokens,
        price_per_second=place.price_per_hour / 3600, currency=place.project.currency,
    )  # fmt: skip


def _parts(place: Workplace, contender: Contender, loop: LoopSpec, *, packs: bool) -> Callable[[int], list[Rows]]:
    """What each step reads. Without a mixture every step goes on where the one before ended, decay or not."""
    assert contender.tokens is not None
    batch, order, first = place.project.training.batch, None, 0
    mixture = plan_of(place, contender)
    if mixture is not None:
        order, first = _order(place, contender, loop, mixture)
    stream = Batches(contender.tokens, length=contender.context, batch=batch, seed=loop.seed, pack=packs, rings=order)
    many = processes()
    return lambda step: filled_up(stream.parts_at(step - first, -(-batch // many)), many)


def plan_of(place: Workplace, contender: Contender) -> Plan | None:
    """What the full run reads of each part of the corpus; None where everything is read equally often."""
    if place.project.mixture.plain:
        return None
    assert contender.tokens_reference is not None
    steps, per_step = corpus_steps(place, contender, 1.0), place.project.training.batch * contender.context
    stable = trunk_stop(steps)
    found = stock(place.store, contender.tokens_reference)
    return plan_mixture(found.tokens, place.project.mixture, stable * per_step, (steps - stable) * per_step)


def _order(place: Workplace, contender: Contender, loop: LoopSpec, mixture: Plan) -> tuple[Rings, int]:
    """The order in which a part of the stage reads, and the step that is its first.

    The decay goes on in each part of the corpus about where the trunk ended; the shares are those of the full run.
    """
    assert contender.tokens_reference is not None
    found, seed = stock(place.store, contender.tokens_reference), loop.seed
    if loop.decay_from == loop.stop or place.project.mixture.decay is None:
        taken = mixture.stable if place.project.mixture.decay else mixture.taken
        return rings(found, taken, 0.0, {}, seed), 0
    begun = loop.start / trunk_stop(corpus_steps(place, contender, 1.0))
    return rings(found, mixture.decay, begun, mixture.stable, seed), loop.start


def _spec(place: Workplace, contender: Contender, loop: LoopSpec) -> dict[str, Json]:
    assert contender.tokens_reference is not None
    mixture = plan_of(place, contender)
    return {
        **({} if mixture is None else {"mixture": mixture.as_json()}),
        "start": contender.base.reference.id if contender.base else "random",
        "vocabulary": contender.arm.vocabulary,
        "shape": vars(contender.shape),
        "tokens": contender.tokens_reference.id,
        "batch": place.project.training.batch,
        "loop": loop.identity(),
    }


def _learn(
    place: Workplace,
    contender: Contender,
    loop: LoopSpec,
    folder: Path,
    parent: Artifact | None,
    oversight: Oversight,
    part: str,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, dict[str, Json]]:
    """One part of a corpus stage, going on from `parent`: the model, its tokenizer, and what the record says of it."""
    began = time.monotonic() - trained_seconds(folder)
    model, tokenizer = _start_model(place, contender, loop.seed)
    before, reader = spent_in(parent), reader_of(model)
    with Logbook(folder, _scale(place, contender)) as book:
        outcome = train(
            reader,
            _parts(place, contender, loop, packs=reader.packs),
            likelihood(next_token),
            loop,
            folder,
            after=None if parent is None else parent.path,
            watch=oversight.watching(f"{contender.name} {part}", book),
            capped=oversight.after(before.seconds),
        )
    place.store.lead()
    leave_loss_curve(folder, f"{contender.name} {part}", book.scale.bytes_per_token)
    total = before + Spent(outcome.tokens, contender.corpus_flops(outcome.tokens), outcome.seconds)
    result: dict[str, Json] = {
        "tokens": total.tokens, "flops": total.flops, "seconds": round(total.seconds, 3),
        "own_seconds": round(time.monotonic() - began, 3), "tokens_per_second": round(outcome.tokens_per_second, 1),
        "first_loss": outcome.losses[0], "last_loss": outcome.losses[-1], "steps": len(outcome.losses),
    }  # fmt: skip
    return model, tokenizer, result


def trunk(
    place: Workplace, contender: Contender, stop: int, seed: int, stops: tuple[int, ...], oversight: Oversight
) -> Artifact:
    """The undecayed run up to step `stop`, going on from the trunk that ends at the stop before it in `stops`."""
    earlier = max((s for s in stops if s < stop), default=0)
    parent = trunk(place, contender, earlier, seed, stops, oversight) if earlier else None
    loop = _loop(place, contender, earlier, stop, stop, seed)

    def make(folder: Path) -> dict[str, Json]:
        return _learn(place, contender, loop, folder, parent, oversight, "corpus")[2]

    references = [r for r in (contender.tokens_reference, contender.base and contender.base.reference) if r]
    references += [parent.reference] if parent else []
    spec = _spec(place, contender, loop)
    return place.store.make("trunk", spec, make, made_from=references, name=contender.name, keep_partial=True)


def corpus_run(
    place: Workplace,
    contender: Contender,
    scale: float,
    seed: int,
    *,
    scales: tuple[float, ...] = (),
    oversight: Oversight,
) -> Artifact:
    """The corpus stage at this scale: the trunk up to the decay, then the decay; a model directory.

    `scales` are the rungs of this arm below this one: their trunk is gone on from. A full run has the same shape with
    other numbers.
    """
    steps = corpus_steps(place, contender, scale)
    stops = tuple(sorted({trunk_stop(corpus_steps(place, contender, s)) for s in (*scales, scale) if s <= scale}))
    stem = trunk(place, contender, trunk_stop(steps), seed, stops, oversight)
    loop = _loop(place, contender, trunk_stop(steps), steps, trunk_stop(steps), seed)

    def make(folder: Path) -> dict[str, Json]:
        model, tokenizer, result = _learn(place, contender, loop, folder, stem, oversight, "decay")
        save_model(model, tokenizer, folder)
        forget_state(folder)
        return result

    spec = _spec(place, contender, loop) | {"trunk": stem.id}
    return place.store.make(
        "corpus-run", spec, make, made_from=[stem.reference], name=f"{contender.name} × {scale:g}", keep_partial=True
    )
