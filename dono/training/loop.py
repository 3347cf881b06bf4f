"""The one training loop: pilots and full runs go through it, whatever they learn from."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from operator import add
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from dono.artifacts import Json
from dono.errors import Capped, Mistake
from dono.models import Reader
from dono.training import checkpoint
from dono.training.allocator import keep_memory
from dono.training.checkpoint import Counters
from dono.training.compiled import compile_layers, uncompile_layers, uncompiled
from dono.training.learners import Learner, Part, device_of
from dono.training.memory import make_again, most_memory
from dono.training.optimizers import OPTIMIZERS
from dono.training.precision import Precision, products_in
from dono.training.schedule import rate_at
from dono.training.shelves import Shelf
from dono.training.world import World, gathered, joined, sharded, spread_again

DISCARDED = 20
"""Steps left out of the measured speed: caches fill and the allocator settles (assumed, customary)."""

P = TypeVar("P", bound=Part)
Validate = Callable[[Any, int], Mapping[str, float] | None]
"""Given a reader and the number of steps done: what held-out rows are scored at, by metric; None where they are not."""


@dataclass(frozen=True, kw_only=True)
class LoopSpec:
    """What one loop does: optimizer steps `start`..`stop`, the schedule's shape, the optimizer's numbers.

    `peak` is the peak rate of AdamW, `matrix_peak` that of Muon for the hidden matrices. `precision` is what products
    are computed in; weights and optimizer are float32. `recompute`: activations are made again in the backward pass.
    """

    start: int
    stop: int
    peak: float
    warmup: int
    decay_from: int
    optimizer: str = "adamw"
    matrix_peak: float = 0.0
    weight_decay: float = 0.1
    clip: float = 1.0
    beta1: float = 0.9
    beta2: float = 0.95
    seed: int = 0
    precision: Precision = "float32"
    recompute: bool = False
    compiled: bool = False
    """Layers are compiled: the same numbers but for rounding, so a run may go on without it elsewhere."""
    save_seconds: float = 60.0
    """A checkpoint at least this often; bookkeeping, not part of what is learned."""
    checkpoints: str | None = None
    """The URL under which checkpoints are kept; None: beside the run."""

    def identity(self) -> dict[str, Json]:
        """What the run learns depends on: a checkpoint of other numbers belongs to another run."""
        return {k: v for k, v in asdict(self).items() if k not in ("compiled", "save_seconds", "checkpoints")}


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a person sees after a step. Loss in nats per counted thing; tokens without filling; memory in bytes."""

    start: int
    step: int
    stop: int
    loss: float
    rate: float
    gradient: float
    """Norm of the gradient before it was clipped."""
    tokens: int
    trained: int
    tokens_per_second: float
    seconds: float
    memory: int
    metrics: Any
    """The objective's own sums over this process's parts of the step, or None."""
    validation: Mapping[str, float] | None = None
    """What held-out rows were scored at after this step, by metric; None where they were not."""


class Early(Exception):
    """Going on makes it worse; the message says why. Raised by a `validate` that has put better weights back."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a finished loop knows. `seconds` adds up over resumes; `losses` has one entry per step.

    `early`: why it ended before its last step, or None.
    """

    tokens: int
    trained: int
    seconds: float
    tokens_per_second: float
    losses: list[float]
    early: str | None = None


class _Signals:
    """SIGTERM and SIGINT ask the loop to save and stop after the step in hand."""

    def __init__(self) -> None:
        self.asked = False
        self.before: dict[int, signal.Handlers | int | Callable[[int, FrameType | None], object] | None] = {}

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True

    def __enter__(self) -> _Signals:
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                self.before[number] = signal.signal(number, self._ask)
            except ValueError:  # not in the main thread: whoever runs us there stops us
                return self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)


class _Ahead(Generic[P]):
    """The parts of the next step are made while this one is learned from."""

    def __init__(self, parts_at: Callable[[int], Sequence[P]], stop: int) -> None:
        self.parts_at, self.stop = parts_at, stop
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self.waiting: tuple[int, Future[Sequence[P]]] | None = None

    def at(self, step: int) -> Sequence[P]:
        if self.waiting is None or self.waiting[0] != step:
            self.waiting = step, self.pool.submit(self.parts_at, step)
        parts = self.waiting[1].result()
        if step + 1 < self.stop:
            self.waiting = step + 1, self.pool.submit(self.parts_at, step + 1)
        return parts

    def close(self) -> None:
        self.pool.shutdown(wait=True, cancel_futures=True)


def train(
    reader: nn.Module,
    parts_at: Callable[[int], Sequence[P]],
    learn: Learner[P],
    spec: LoopSpec,
    folder: Path,
    *,
    prepare: Callable[[Any, Sequence[P]], Sequence[P]] | None = None,
    after: Path | None = None,
    watch: Callable[[Progress], None] | None = None,
    validate: Validate | None = None,
    capped: Callable[[float], str | None] | None = None,
) -> Outcome:
    """Train the model in `reader` in place from step `spec.start` to `spec.stop`; the last checkpoint is in `folder`.

    `parts_at(step)` gives the parts of a step, so resuming needs no replay; `learn` gives a part's loss as a sum and a
    count, and a step's loss is Σ sums / Σ counts. `prepare` sees all parts of a step first, for terms of the whole
    batch. `after` is the folder of the run that this one goes on from (its weights and optimizer). A checkpoint in
    `folder` is this very run, interrupted: it goes on. `validate(reader, step)` may score held-out rows after a step,
    in every process alike, by the reader as it is spread; its seconds count, and its `Early` ends the run.
    `capped(seconds)` names the cap that is reached, or None; then the state is saved and `Capped` is raised. Under
    `torchrun` each process learns from its share of a step's parts, whose number must be a multiple of the processes';
    in the end each process has the whole model, but after an exception its weights are in the checkpoint alone. Raises
    `Mistake` when loss or gradient is not finite, before it does harm.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keep_memory()
    with joined() as world, _Signals() as signals:
        if spec.checkpoints is not None and world.leads:
            Shelf.take(folder, spec.checkpoints)
        world.together()
        run = _Run(reader, learn, spec, folder, world, prepare)
        run.begin(after)
        batches, early = _Ahead(parts_at, spec.stop), None
        try:
            _go(run, batches, signals, watch, validate, capped)
        except Early as stopped:
            early = str(stopped)
        finally:
            batches.close()
            run.end()
        gathered(run.reader, reader)
    counters = run.counters
    return Outcome(
        tokens=counters.tokens, trained=counters.trained, seconds=counters.seconds, losses=counters.losses,
        tokens_per_second=_speed(counters), early=early,
    )  # fmt: skip


def _go(
    run: _Run[P],
    batches: _Ahead[P],
    signals: _Signals,
    watch: Callable[[Progress], None] | None,
    validate: Validate | None,
    capped: Callable[[float], str | None] | None,
) -> None:
    counters, spec, saved_at = run.counters, run.spec, time.monotonic()
    while counters.step < spec.stop:
        progress = run.step(batches.at)
        if validate is not None:
            progress = run.validated(progress, validate)
        if watch is not None and run.world.leads:
            watch(progress)
        reached = capped(counters.seconds) if capped is not None else None
        due = time.monotonic() - saved_at > spec.save_seconds
        stop, cap, due = run.world.agreed(signals.asked, reached is not None, due)
        if stop or cap or due:
            run.save()
            saved_at = time.monotonic()
        if cap:
            raise Capped(reached or "another process's cap", f"{counters.seconds:.0f} s of this run")
        if stop:
            raise KeyboardInterrupt
    run.save()


class _Run(Generic[P]):
    """One run in one process: model, optimizer, counters."""

    def __init__(
        self, reader: nn.Module, learn: Learner[P], spec: LoopSpec, folder: Path, world: World,
        prepare: Callable[[Any, Sequence[P]], Sequence[P]] | None,
    ) -> None:  # fmt: skip
        self.whole, self.learn, self.spec, self.folder, self.world = reader, learn, spec, folder, world
        self.prepare, self.device, self.counters = prepare, device_of(reader), Counters(spec.start)
        self.identity = json.dumps(spec.identity(), sort_keys=True)

    def begin(self, after: Path | None) -> None:
        """Make the model ready, and find the checkpoint to go on from."""
        self.reader = sharded(self.whole, self.world, half=self.spec.precision == "bfloat16")
        self.model = next(m.model for m in self.reader.modules() if isinstance(m, Reader))
        if self.spec.recompute:
            make_again(self.model)
        if self.spec.compiled:
            compile_layers(self.model)
        torch.manual_seed(self.spec.seed)
        self.optimizer = OPTIMIZERS[self.spec.optimizer](self.reader, self.spec)
        self.learned = [p for p in self.reader.parameters() if p.requires_grad]
        found = checkpoint.state_of(self.folder)
        if found is not None:
            assert checkpoint.identity_in(found) == self.identity, f"{found} belongs to another run"
            self.counters = checkpoint.counters_in(found)
        elif after is not None:
            found = checkpoint.state_of(after)
            assert found is not None, f"no checkpoint in {after}"
            step = checkpoint.counters_in(found).step
            assert step == self.spec.start, f"{found} is at step {step}, not {self.spec.start}"
        if found is not None:
            checkpoint.load(found, self.reader, self.optimizer, self.world)
        self.reader.train()

    def end(self) -> None:
        """Give the model back as it was but for its weights."""
        if self.spec.compiled:
            uncompile_layers(self.model)

    def save(self) -> None:
        """Write a checkpoint."""
        checkpoint.save(self.reader, self.optimizer, self.counters, self.identity, self.folder, self.world)

    def step(self, parts_at: Callable[[int], Sequence[P]]) -> Progress:
        """One optimizer step."""
        began, counters, spec = time.monotonic(), self.counters, self.spec
        rate = rate_at(counters.step, peak=1.0, warmup=spec.warmup, decay_from=spec.decay_from, stop=spec.stop)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["peak"]
        parts = parts_at(counters.step)
        parts = [parts[i] for i in self.world.share(len(parts))]
        sums, metrics = self._gradients(parts)
        loss, gradient = self._update(sums)
        spent = time.monotonic() - began
        counters.step, counters.tokens = counters.step + 1, counters.tokens + round(float(sums[2]))
        counters.trained, counters.seconds = counters.trained + round(float(sums[1])), counters.seconds + spent
        counters.losses.append(loss)
        if len(counters.losses) > DISCARDED:
            counters.speed_tokens += round(float(sums[2]))
            counters.speed_seconds += spent
        return Progress(
            start=spec.start, step=counters.step, stop=spec.stop, loss=loss, rate=rate * spec.peak, gradient=gradient,
            tokens=counters.tokens, trained=counters.trained, tokens_per_second=_speed(counters),
            seconds=counters.seconds, memory=most_memory(self.device), metrics=metrics,
        )  # fmt: skip

    def validated(self, progress: Progress, validate: Validate) -> Progress:
        """What `validate` finds after the step that gave `progress`, beside it."""
        began = time.monotonic()
        with uncompiled(self.model):
            found = validate(self.reader, progress.step)
        if found is None:
            return progress
        spread_again(self.reader)
        self.reader.train()
        self.counters.seconds += time.monotonic() - began
        return replace(progress, validation=found, seconds=self.counters.seconds)

    def _gradients(self, parts: Sequence[P]) -> tuple[Tensor, Any]:
        """Add up the gradients of all parts; the world's summed loss, count and tokens, float64 [3]; own metrics."""
        self.optimizer.zero_grad(set_to_none=True)
        products = products_in(self.device, self.spec.precision)
        sums, metrics = torch.zeros(3, dtype=torch.float64, device=self.device), None
        with products:
            if self.prepare is not None:
                parts = self.prepare(self.reader, parts)
        for part in parts:
            with products:
                total, count, found = self.learn(self.reader, part)
            total.backward()
            sums += torch.stack([total.detach().double(), count.double(), count.new_tensor(part.tokens).double()])
            if found is not None:
                metrics = found if metrics is None else type(found)(*map(add, metrics, found))
        return self.world.summed(sums), metrics

    def _update(self, sums: Tensor) -> tuple[float, float]:
        """Divide the summed gradient by the step's count, clip it, step; the loss, and the norm before the clip."""
        total, count, _ = sums.tolist()
        loss = total / max(count, 1.0)
        gradients = [p.grad for p in self.learned if p.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        whole = norm.full_tensor() if hasattr(norm, "full_tensor") else norm
        gradient = float(whole) / max(count, 1.0)
        if not (math.isfinite(loss) and math.isfinite(gradient)):
            what = f"the loss is {loss} and the gradient's norm {gradient} at step {self.counters.step + 1}"
            remedy = "Lower the learning rate, or look at the data of that step"
            raise Mistake(what, where=str(self.folder), remedy=remedy)
        factor = min(1.0, self.spec.clip / (gradient + 1e-6)) / max(count, 1.0)
        torch._foreach_mul_(gradients, factor)
        self.optimizer.step()
        return loss, gradient


def _speed(counters: Counters) -> float:
    """Tokens per second after the discarded steps; over all steps where a run is shorter than that."""
    if counters.speed_seconds > 0:
        return counters.speed_tokens / counters.speed_seconds
    return counters.tokens / counters.seconds if counters.seconds else 0.0
