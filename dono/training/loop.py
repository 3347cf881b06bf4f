"""The one training loop: pilots and full runs go through it."""

from __future__ import annotations

import json
import math
import os
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from dono.artifacts import disk_mistake
from dono.errors import Capped, Mistake
from dono.objectives import Objective
from dono.training.schedule import rate_at

DISCARDED = 20
"""Steps left out of the measured speed: caches fill and the allocator settles (assumed, customary)."""


class Batch(NamedTuple):
    """int64 arrays [rows, length]: inputs, labels aligned with the outputs, and 1 where there is a token."""

    inputs: np.ndarray
    labels: np.ndarray
    attention: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class LoopSpec:
    """What one loop does: optimizer steps `start`..`stop`, the schedule's shape, the optimizer's numbers."""

    start: int
    stop: int
    peak: float
    warmup: int
    decay_from: int
    weight_decay: float = 0.1
    clip: float = 1.0
    beta1: float = 0.9
    beta2: float = 0.95
    seed: int = 0
    save_seconds: float = 60.0
    """A checkpoint at least this often; bookkeeping, not part of what is learned."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a person sees after a step. Loss in nats per trained position; tokens without padding."""

    step: int
    stop: int
    loss: float
    rate: float
    tokens: int
    tokens_per_second: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a finished loop knows. `seconds` adds up over resumes; `losses` has one entry per step."""

    tokens: int
    trained: int
    seconds: float
    tokens_per_second: float
    losses: list[float]


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


def optimizer_for(model: torch.nn.Module, spec: LoopSpec) -> torch.optim.AdamW:
    """AdamW; weight decay on matrices only (Loshchilov & Hutter 2019; GPT-3's practice)."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.dim() >= 2], "weight_decay": spec.weight_decay},
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [g for g in groups if g["params"]], lr=spec.peak, betas=(spec.beta1, spec.beta2), fused=True
    )


class _State:
    """Weights, optimizer and counters, saved atomically as `state.pt` and found again after a kill."""

    def __init__(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, spec: LoopSpec, folder: Path) -> None:
        self.model, self.optimizer, self.spec, self.file = model, optimizer, spec, folder / "state.pt"
        self.step, self.tokens, self.trained, self.seconds = spec.start, 0, 0, 0.0
        self.losses: list[float] = []
        self.speed_tokens, self.speed_seconds = 0, 0.0

    def identity(self) -> str:
        settings = {k: v for k, v in asdict(self.spec).items() if k != "save_seconds"}
        return json.dumps(settings, sort_keys=True)

    def learned(self) -> dict[str, Tensor]:
        return {name: p for name, p in self.model.named_parameters() if p.requires_grad}

    def load(self, file: Path, *, same_run: bool) -> None:
        saved = torch.load(file, map_location="cpu", weights_only=True)
        if same_run:
            assert saved["identity"] == self.identity(), f"{file} belongs to another run"
            for key in ("step", "tokens", "trained", "seconds", "losses", "speed_tokens", "speed_seconds"):
                setattr(self, key, saved[key])
        else:
            assert saved["step"] == self.spec.start, f"{file} is at step {saved['step']}, not {self.spec.start}"
        with torch.no_grad():
            for name, parameter in self.learned().items():
                parameter.copy_(saved["weights"][name])
        self.optimizer.load_state_dict(saved["optimizer"])

    def save(self) -> None:
        keys = ("step", "tokens", "trained", "seconds", "losses", "speed_tokens", "speed_seconds")
        saved: dict[str, object] = {key: getattr(self, key) for key in keys}
        saved["identity"] = self.identity()
        saved["weights"] = {name: p.detach() for name, p in self.learned().items()}
        saved["optimizer"] = self.optimizer.state_dict()
        partial = self.file.with_suffix(".partial")
        try:
            with partial.open("wb") as stream:
                torch.save(saved, stream)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(self.file)
        except (OSError, RuntimeError) as error:
            partial.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise disk_mistake(error, self.file) from error
            remedy = "Free some space and run the same command again; the previous checkpoint is kept"
            raise Mistake(
                f"the checkpoint could not be written ({error})", where=str(self.file), remedy=remedy
            ) from error


def train(
    model: PreTrainedModel,
    batch_at: Callable[[int], Batch],
    objective: Objective,
    spec: LoopSpec,
    folder: Path,
    *,
    after: Path | None = None,
    watch: Callable[[Progress], None] | None = None,
    capped: Callable[[float], str | None] | None = None,
) -> Outcome:
    """Train `model` in place from step `spec.start` to `spec.stop`; the last state is `folder/state.pt`.

    `batch_at(step)` gives the batch of a step, so resuming needs no replay. `after` is the state of the run that this
    one goes on from (its weights and optimizer). A `state.pt` in `folder` is this very run, interrupted: it goes on.
    `capped(seconds)` names the cap that is reached, or None; then the state is saved and `Capped` is raised.
    The loss is the mean over the trained positions of a step. Raises `Mistake` when the loss is not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    optimizer = optimizer_for(model, spec)
    state = _State(model, optimizer, spec, folder)
    if state.file.is_file():
        state.load(state.file, same_run=True)
    elif after is not None:
        state.load(after, same_run=False)
    model.train()
    saved_at = time.monotonic()
    with _Signals() as signals:
        while state.step < spec.stop:
            began = time.monotonic()
            rate = rate_at(state.step, peak=spec.peak, warmup=spec.warmup, decay_from=spec.decay_from, stop=spec.stop)
            tokens, trained, loss = _step(model, optimizer, batch_at(state.step), objective, rate, spec.clip)
            if not math.isfinite(loss):
                remedy = "Lower the learning rate, or look at the data of that step"
                raise Mistake(f"the loss is {loss} at step {state.step + 1}", where=str(folder), remedy=remedy)
            spent = time.monotonic() - began
            state.step, state.tokens, state.trained = state.step + 1, state.tokens + tokens, state.trained + trained
            state.seconds += spent
            state.losses.append(loss)
            if len(state.losses) > DISCARDED:
                state.speed_tokens, state.speed_seconds = state.speed_tokens + tokens, state.speed_seconds + spent
            if watch is not None:
                watch(_progress(state, rate))
            reached = capped(state.seconds) if capped is not None else None
            if reached is not None or signals.asked:
                state.save()
                if reached is not None:
                    raise Capped(reached, f"{state.seconds:.0f} s of this run")
                raise KeyboardInterrupt
            if time.monotonic() - saved_at > spec.save_seconds:
                state.save()
                saved_at = time.monotonic()
    state.save()
    return Outcome(
        tokens=state.tokens,
        trained=state.trained,
        seconds=state.seconds,
        tokens_per_second=_speed(state),
        losses=state.losses,
    )


def _speed(state: _State) -> float:
    """Tokens per second after the discarded steps; over all steps where a run is shorter than that."""
    if state.speed_seconds > 0:
        return state.speed_tokens / state.speed_seconds
    return state.tokens / state.seconds if state.seconds else 0.0


def _progress(state: _State, rate: float) -> Progress:
    return Progress(
        step=state.step,
        stop=state.spec.stop,
        loss=state.losses[-1],
        rate=rate,
        tokens=state.tokens,
        tokens_per_second=_speed(state),
        seconds=state.seconds,
    )


def _step(
    model: PreTrainedModel,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    objective: Objective,
    rate: float,
    clip: float,
) -> tuple[int, int, float]:
    """One optimizer step; returns tokens (without padding), trained positions and the mean loss in nats."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    inputs, labels = torch.from_numpy(batch.inputs), torch.from_numpy(batch.labels)
    attention = None if batch.attention is None else torch.from_numpy(batch.attention)
    logits = model(input_ids=inputs, attention_mask=attention, use_cache=False).logits
    total, positions = objective(logits, labels)
    mean = total / positions
    optimizer.zero_grad(set_to_none=True)
    mean.backward()
    torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], clip)
    optimizer.step()
    tokens = inputs.numel() if attention is None else int(attention.sum())
    return tokens, int(positions), float(mean.detach())
