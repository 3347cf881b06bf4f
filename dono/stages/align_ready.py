"""A round of sampled answers before its first step: models, judges, settings, and what it will spend."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dono.artifacts import read_artifact, write_atomically
from dono.costs import SPREAD, Meter, training_gigabytes
from dono.errors import Mistake
from dono.models import (
    Critic,
    Reader,
    Scorer,
    add_lora,
    load_model,
    load_scorer,
    reader_of,
    reference_beside,
    shape_of,
)
from dono.stages.align_data import Prompts
from dono.stages.align_judges import judge_named, judge_of
from dono.stages.align_online import Asked, Bench, Online
from dono.stages.align_start import Round
from dono.stages.display import clock
from dono.stages.questions import prompt_tokens
from dono.stages.runs import TASK_WARMUP
from dono.stages.train_plan import LONGEST_CONTEXT, PREFERENCE_SHARE
from dono.tokens import Rows, document, load_tokenizer, packed, padded
from dono.training import LoopSpec
from dono.training.dry_run import tokens_that_fit
from dono.training.guards import Guards
from dono.training.learners import RolloutRows
from dono.training.memory import available_memory
from dono.training.precision import Precision, bfloat16_pays, products_in
from dono.training.rates import finetuning_peak
from dono.training.rollouts import METHODS, ValuedRows
from dono.training.world import device

SETTLED = "settled.json"
SAMPLED_EPOCHS = 1.0
"""How often each prompt is answered (assumed)."""


@dataclass(frozen=True)
class Ready:
    """A round before its first step: `policy` is what is trained, `seconds` what one step takes, measured."""

    round_: Round
    folder: Path
    policy: Reader | Critic
    bench: Bench
    loop: LoopSpec
    longest: int
    seconds: float
    before: float
    """Seconds that learning the reward model took."""

    @property
    def reader(self) -> Reader:
        """The policy's reader."""
        return self.policy.reader if isinstance(self.policy, Critic) else self.policy

    def meter(self, seconds: float) -> Meter:
        """What is spent once the policy has been trained for so long."""
        align = self.round_.align
        return Meter(
            align.machine.price_per_hour or 0.0, currency=align.currency, cap_money=align.caps.money,
            cap_hours=align.caps.hours, seconds=self.before + seconds,
        )  # fmt: skip


def get_ready(round_: Round, folder: Path, prompts: Prompts, reward: Path | None) -> Ready:
    """Models, judges and settings; says what the round will spend. `reward` is the folder of a reward model.

    Without any judge (a dry run) an untrained reward model stands in: it takes as long.
    """
    align = round_.align
    if align.tokens is not None or align.compile == "on":
        key = "tokens" if align.tokens is not None else "compile"
        remedy = "Give `steps` or `epochs`, and leave `compile` out"
        raise Mistake(f"{round_.method} samples its own texts", where=key, remedy=remedy)
    source = round_.start.source
    tokenizer, model = load_tokenizer(source), load_model(source).to(device())
    watched = prompts.held_out[: align.policy.looked_at]
    room, context = align.policy.max_new_tokens, align.context or min(shape_of(model).context, LONGEST_CONTEXT)
    ids, watched_ids = (prompt_tokens(tokenizer, asked, room, context) for asked in (prompts.learned, watched))
    longest = max(map(len, (*ids, *watched_ids))) + room
    reader = reader_of(model if align.lora is None else add_lora(model, rank=align.lora.rank, seed=align.seed))
    reference = reference_beside(reader, lambda: load_model(source).to(device()))
    method = METHODS[round_.method]
    policy = Critic(reader) if method.critic else reader
    loop = _loop(round_, shape_of(model).width, len(ids))
    packs = reader.packs and reference.packs
    part_tokens, precision = _settled(folder, lambda: _fitting(round_, policy, loop, longest, packs=packs))
    loop = replace(loop, precision=precision)
    scorer = None if align.reward is not None else _scorer(reward, source)
    judge = judge_of(scorer, precision, part_tokens) if scorer else judge_named(align, align.reward or "", "reward")
    gold = None if align.gold is None else judge_named(align, align.gold, "gold")
    bench = Bench(
        tokenizer, reference, judge, gold, prompts.learned, ids, watched, watched_ids, align.policy, method,
        part_tokens, precision, packs, align.seed,
    )  # fmt: skip
    made = None if reward is None else read_artifact(reward)
    before = 0.0 if made is None else float(str(made.result["seconds"]))
    ready = Ready(round_, folder, policy, bench, loop, longest, _step_seconds(policy, bench), before)
    _say(ready)
    return ready


def _scorer(reward: Path | None, source: str) -> Scorer:
    return Scorer(reader_of(load_model(source).to(device()))) if reward is None else load_scorer(str(reward))


def _loop(round_: Round, width: int, prompts: int) -> LoopSpec:
    align = round_.align
    sampled = math.ceil((align.epochs or SAMPLED_EPOCHS) * prompts / align.policy.prompts)
    steps = align.steps or sampled * align.policy.uses
    warmup = max(1, round(TASK_WARMUP * steps))
    peak = align.rate or PREFERENCE_SHARE * finetuning_peak(width=width, lora=align.lora is not None)
    return LoopSpec(
        start=0, stop=steps, peak=peak, warmup=warmup, decay_from=min(warmup, steps), seed=align.seed,
        recompute=align.recompute, save_seconds=60 * align.save_minutes,
    )  # fmt: skip


def _settled(folder: Path, find: Callable[[], tuple[int, Precision]]) -> tuple[int, Precision]:
    """What was found at the first start of this round: found anew, a run that goes on might be another one."""
    kept = folder / SETTLED
    if not kept.is_file():
        part_tokens, precision = find()
        if not folder.is_dir():  # a dry run
            return part_tokens, precision
        write_atomically(kept, json.dumps({"part_tokens": part_tokens, "precision": precision}))
    told = json.loads(kept.read_text(encoding="utf8"))
    return told["part_tokens"], told["precision"]


def _fitting(
    round_: Round, policy: Reader | Critic, loop: LoopSpec, longest: int, *, packs: bool
) -> tuple[int, Precision]:
    """Tokens of one pass that fit into memory, and the precision."""
    align = round_.align
    learn = METHODS[round_.method].learner(align.policy.divergence_weight, align.policy.value_weight)

    def part_of(tokens: int) -> RolloutRows | ValuedRows:
        return _filled(tokens, longest, align.policy.max_new_tokens, critic=isinstance(policy, Critic), pack=packs)

    most = align.part_tokens or align.policy.prompts * align.policy.answers * longest
    fits = tokens_that_fit(policy, learn, part_of, loop, least=longest, most=max(longest, most),
                           available=available_memory(device()))  # fmt: skip
    if align.precision != "auto":
        return fits, align.precision
    return fits, "bfloat16" if bfloat16_pays(policy, learn, part_of(min(fits, 4 * longest))) else "float32"


def _filled(tokens: int, longest: int, answer: int, *, critic: bool, pack: bool) -> RolloutRows | ValuedRows:
    """A part of so many tokens that takes the most memory: as long prompts and answers as there can be."""
    length = max(2, min(tokens, longest))
    one = document(np.zeros(length + 1, dtype=np.int64), max(1, length + 1 - answer))
    documents = [one] * max(1, tokens // length)
    rows: Rows = packed(documents) if pack else padded(documents)
    nothing = np.zeros((len(documents), min(answer, length)), dtype=np.float32)
    part = RolloutRows(rows, nothing, nothing[:, 0], nothing)
    return ValuedRows(part, nothing, nothing) if critic else part


def _step_seconds(policy: Reader | Critic, bench: Bench) -> float:
    """What one step takes: answers are sampled and judged, and learned from with gradients that are thrown away."""
    with tempfile.TemporaryDirectory() as scrap:
        online = Online(bench, Path(scrap), Guards(math.inf), lambda line: None)
        began = time.perf_counter()
        parts = online(policy, [Asked(bench.order(0))])
    sampled = time.perf_counter()
    for part in parts:
        with products_in(device(), bench.precision):
            total, _, _ = bench.learn(policy, part)
        total.backward()
    policy.zero_grad(set_to_none=True)
    return (sampled - began) / bench.policy.uses + time.perf_counter() - sampled


def _say(ready: Ready) -> None:
    """What the round will spend, as lines for a person."""
    bench, loop, policy, align = ready.bench, ready.loop, ready.bench.policy, ready.round_.align
    seconds = loop.stop * ready.seconds
    shape = shape_of(ready.reader.model)
    memory = training_gigabytes(shape.counted, batch_tokens=bench.part_tokens, lora=align.lora is not None)
    copied = 4 * shape.stored_parameters / 1e9
    reference = "none for the reference (LoRA switched off)" if align.lora else f"{copied:.2g} GB for the reference"
    lo, hi = (seconds * (1 + sign * SPREAD) for sign in (-1, 1))
    lines = [
        f"prompts: {len(bench.prompts):,} to learn on, {len(bench.watched):,} to look at every {policy.look_steps}",
        f"steps: {loop.stop:,} of {policy.prompts} prompts with {policy.answers} answers each, up to "
        f"{policy.max_new_tokens} tokens; {policy.uses} step(s) learn from the same answers",
        f"{loop.optimizer} at {loop.peak:.2g}; {bench.precision}, at most {bench.part_tokens:,} tokens in one pass",
        f"memory: about {memory:.2g} GB for learning, {reference}, {available_memory(device()) / 1e9:,.1f} GB free",
        f"time: {clock(lo)} to {clock(hi)}, measured by one step",
    ]
    if align.machine.price_per_hour:
        money = [x / 3600 * align.machine.price_per_hour for x in (lo, hi)]
        lines.append(f"money: {align.currency} {money[0]:,.2f} to {money[1]:,.2f}")
    for line in lines:
        ready.round_.display.say(line)
