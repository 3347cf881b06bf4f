"""What one run will do and spend, settled before its first step: everything that the run file left open."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from dono.costs import RunCost, Shape, full_run, measured_speed, this_machine, train_flops, training_gigabytes
from dono.errors import Mistake
from dono.runfile import ObjectiveName, RunFile
from dono.stages.corpus_stage import WARMUP_STEPS, trunk_stop
from dono.stages.display import clock
from dono.stages.runs import TASK_WARMUP
from dono.stages.train_data import KIND_OF, Answers, Encoded, Preferences, Texts
from dono.tokens import TaskBatches
from dono.training import LoopSpec, can_compile, compiling_pays
from dono.training.precision import product_rate
from dono.training.rates import Peaks, best_batch, continued_peaks, finetuning_peak, scratch_peaks

LONGEST_CONTEXT = 1024
"""A pretrained model that reads further is trained on so many tokens unless asked otherwise (assumed)."""
EPOCHS = {"texts": 1.0, "answers": 3.0, "preferences": 1.0, "thumbs": 1.0}
"""How often the data is read (customary; preferences overfit soonest)."""
PREFERENCE_SHARE = 0.1
"""Preferences are learned at this share of the rate of fine-tuning (borrowed: Tülu 3, arXiv 2411.15124, trained its 8 B
model at 5e-6, then on preferences at 5e-7)."""


@dataclass(frozen=True)
class Machine:
    """Where the run trains: `device` of this process, `processes` in all."""

    device: torch.device
    processes: int


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How large data and model are. `tokens` are those of one epoch, `mean_length` those of a mean document."""

    rows: int
    tokens: int
    mean_length: float
    counted: Shape
    parameters: int
    trained: int


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What the run is expected to take. `flops` over all processes, `peak` FLOP/s of one."""

    tokens: int
    flops: float
    peak: float
    run: RunCost


def size_of(encoded: Encoded) -> tuple[int, int, float]:
    """Rows, tokens of one epoch, and the mean length of what a model reads at once."""
    if isinstance(encoded, Texts):
        lengths = encoded.shards.lengths()
    elif isinstance(encoded, Answers):
        lengths = np.asarray([len(d.ids) for d in encoded.documents])
    else:
        lengths = np.asarray([p.tokens for p in encoded.pairs])
    halves = 2 if isinstance(encoded, Preferences) else 1
    return len(lengths), int(lengths.sum()), float(lengths.mean()) / halves


def cost_of(run: RunFile, sizes: Sizes, machine: Machine, tokens_per_second: float) -> Cost:
    """FLOPs, time and money of a settled run, by the speed of a process that was measured here."""
    assert run.steps is not None and run.batch_tokens is not None and run.context is not None
    assert run.precision != "auto"
    tokens = run.steps * run.batch_tokens
    context = min(sizes.mean_length, run.context)
    flops = train_flops(
        sizes.counted, tokens=tokens, context=context, lora=run.lora is not None, recompute=run.recompute
    )
    peak = product_rate(machine.device, run.precision)
    speed = measured_speed(tokens_per_second * flops / tokens, source="a pass before the run")
    here = this_machine(peak, price_per_hour=run.machine.price_per_hour or 0.0, currency=run.currency)
    return Cost(tokens=tokens, flops=flops, peak=peak, run=full_run(flops, speed, here, count=machine.processes))


def settled(run: RunFile, objective: ObjectiveName, encoded: Encoded, sizes: Sizes, machine: Machine) -> RunFile:
    """The run with everything named that it left open but what is measured: `part_tokens`, `precision`, `compile`.

    Rates and steps come from the rules of `dono.training.rates`.
    """
    assert run.context is not None
    planned = run.tokens or (run.epochs or EPOCHS[KIND_OF[objective]]) * sizes.tokens
    batch = run.batch_tokens or best_batch(planned)
    if isinstance(encoded, Texts):
        windows = max(1, round(batch / run.context / machine.processes)) * machine.processes
        batch = windows * run.context
    steps = run.steps or _steps(run, encoded, sizes, batch, planned, machine)
    optimizer = run.optimizer or ("muon" if run.model.random is not None else "adamw")
    peaks = _peaks(run, objective, optimizer, sizes.counted.width, batch, batch * steps)
    return run.model_copy(
        update={
            "objective": objective, "optimizer": optimizer, "rate": run.rate or peaks.adamw,
            "matrix_rate": (run.matrix_rate or peaks.matrices) if optimizer == "muon" else None,
            "batch_tokens": batch, "steps": steps, "epochs": None, "tokens": None,
        }
    )  # fmt: skip


def _steps(run: RunFile, encoded: Encoded, sizes: Sizes, batch: int, planned: float, machine: Machine) -> int:
    """How many steps read so many tokens; whole epochs of answers are as many steps as they are packed into."""
    if isinstance(encoded, Answers) and run.tokens is None:
        epochs = run.epochs or EPOCHS["answers"]
        return TaskBatches(encoded.documents, batch_tokens=batch, seed=run.seed, pad=0, epochs=epochs).steps
    if isinstance(encoded, Preferences):
        batch = round(pairs_a_step(batch, sizes, machine.processes) * sizes.tokens / sizes.rows)
    return max(1, math.ceil(planned / batch))


def _peaks(run: RunFile, objective: ObjectiveName, optimizer: str, width: int, batch: int, tokens: float) -> Peaks:
    """Peak rates by where the model comes from and what it learns; Muon's for fine-tuning are those of going on."""
    if run.model.random is not None:
        return scratch_peaks(width=width, batch_tokens=batch, tokens=tokens, optimizer=optimizer)
    kind = KIND_OF[objective]
    continued = continued_peaks(width=width, batch_tokens=batch, tokens=tokens)
    if kind == "texts" and run.lora is None:
        return continued
    adamw = finetuning_peak(width=width, lora=run.lora is not None)
    gentle = kind in ("preferences", "thumbs") and objective != "reward_model"
    return Peaks(adamw=adamw * (PREFERENCE_SHARE if gentle else 1.0), matrices=continued.matrices)


def compiled(run: RunFile, cost: Cost) -> Literal["on", "off"]:
    """Whether the settled run is compiled. Raises `Mistake` where that was asked for and cannot be done."""
    why_not = can_compile()
    if run.compile == "on" and why_not is not None:
        raise Mistake(why_not, where="compile", remedy="Install one, or leave `compile` out")
    if run.compile == "auto":
        return "on" if compiling_pays(cost.run.hours.mid * 3600) else "off"
    return run.compile


def part_limit(run: RunFile, processes: int) -> int:
    """Tokens of one pass if memory were no matter: a process's share of a step."""
    assert run.batch_tokens is not None
    return min(run.part_tokens or run.batch_tokens, -(-run.batch_tokens // processes))


def pairs_a_step(batch_tokens: int, sizes: Sizes, processes: int) -> int:
    """How many pairs make about `batch_tokens`; the same number for each process."""
    return max(1, round(batch_tokens / (sizes.tokens / sizes.rows) / processes)) * processes


def loop_of(run: RunFile) -> LoopSpec:
    """The loop of a settled run: text as a corpus stage learns it, answers and preferences as a task stage."""
    assert run.objective is not None and run.steps is not None and run.rate is not None
    assert run.optimizer is not None and run.precision != "auto"
    if KIND_OF[run.objective] == "texts":
        warmup, decay_from = min(WARMUP_STEPS, run.steps), trunk_stop(run.steps)
    else:
        warmup = max(1, round(TASK_WARMUP * run.steps))
        decay_from = min(warmup, run.steps)
    return LoopSpec(
        start=0, stop=run.steps, peak=run.rate, matrix_peak=run.matrix_rate or 0.0, optimizer=run.optimizer,
        warmup=warmup, decay_from=decay_from, seed=run.seed, precision=run.precision, compiled=run.compile == "on",
        recompute=run.recompute, save_seconds=60 * run.save_minutes,
    )  # fmt: skip


def spending(run: RunFile, sizes: Sizes, cost: Cost, free: int) -> list[str]:
    """What the run will spend, as lines for a person; `free` bytes of memory are there."""
    assert run.part_tokens is not None
    hours, money = cost.run.hours, cost.run.money
    memory = training_gigabytes(sizes.counted, batch_tokens=run.part_tokens, lora=run.lora is not None)
    copied = run.loss.most_divergence is not None and run.lora is None
    memory += 4 * sizes.parameters / 1e9 if copied else 0.0
    lines = [
        f"model: {sizes.parameters / 1e6:,.2f} M parameters, {sizes.trained / 1e6:,.2f} M of them trained",
        f"data: {sizes.rows:,} rows, {sizes.tokens:,} tokens an epoch",
        f"steps: {run.steps:,} of {run.batch_tokens:,} tokens, at most {run.part_tokens:,} in one pass; "
        f"{cost.tokens:,} tokens in all, {cost.tokens / sizes.tokens:.2f} epochs",
        f"{run.optimizer} at {run.rate:.2g}"
        + (f", matrices at {run.matrix_rate:.2g}" if run.optimizer == "muon" else "")
        + f"; {run.precision}, {'compiled' if run.compile == 'on' else 'not compiled'}",
        f"memory: about {memory:.2g} GB for weights{', reference' if copied else ''}, optimizer and one pass, "
        f"{free / 1e9:,.1f} GB free",
        f"computing: {cost.flops:.3g} FLOPs; products in {run.precision} reach {cost.peak / 1e9:,.0f} GFLOP/s here",
        f"time: {clock(hours.lo * 3600)} to {clock(hours.hi * 3600)}, {hours.label}",
    ]
    if run.machine.price_per_hour:
        lines.append(f"money: {run.currency} {money.lo:,.2f} to {money.hi:,.2f}")
    return lines
