"""Training speed beside what a user would take instead: transformers' `Trainer`, bare loops, litgpt's model, TRL.

python -m benchmarks.train_speed

One 12.6 M-parameter Llama in float32, the same random data for all (`benchmarks/peers/workload.py`). Every side trains
in a process of its own, sides in turn, round after round; the first steps of each are not counted. Pretraining reads
8 × 512 tokens a step: the median step counts. Chat fine-tuning reads log-normal lengths, about 960 tokens a step, so a
side's speed in a round is all its tokens over all its seconds. A ratio is the median of the rounds' own ratios. Tokens
never include padding. Peers run as installed and with our settings of the allocator. The first round has all sides,
later ones those that may decide a ratio. About ten minutes on two cores that do nothing else.

Where there is a GPU, all train a Llama of 342 M parameters on it with products in bfloat16: 16 × 2,048 tokens a step,
chats of about 15,000 tokens a step; peers as installed and compiled.

Peers come with `pip install -e .[bench]`, litgpt apart, as it asks for older libraries than transformers 5 does:
`pip install --no-deps litgpt lightning lightning-utilities torchmetrics pytorch-lightning`. Where it is missing it is
skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, get_args

import click
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.peers.workload import (
    BATCH,
    EXAMPLES,
    GPU,
    HEADS,
    HIDDEN,
    LAYERS,
    LENGTH,
    LONGEST,
    MARK,
    MEAN_LENGTH,
    RANK,
    SPREAD,
    VOCABULARY,
    WIDTH,
)
from benchmarks.result import keep_result
from dono.costs import llama_shape, train_flops

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "litgpt")

Task = Literal["pretraining", "chat, full", "chat, LoRA"]
Way = Literal["ours", "as installed", "compiled", "our allocator", "our allocator, compiled"]


class Failed(Exception):
    """A side ended with an error: its last words."""


@dataclass
class Side:
    """One side of a comparison: `command` is a module of `benchmarks.peers` and its arguments."""

    task: Task
    name: str
    way: Way
    command: str
    warm: int
    steps: int
    decides: bool = True
    """Whether it may decide a ratio, and so runs in every round."""
    rounds: list[dict[str, Any]] = field(default_factory=list)
    skipped: str | None = None

    @property
    def flags(self) -> list[str]:
        """The arguments of the conditions that it runs under."""
        allocator = ["--keep-memory"] if self.way.startswith("our allocator") else []
        return [*allocator, *(["--lora"] if self.task == "chat, LoRA" else [])]

    def run(self, share: float) -> None:
        """Train once more in a new process; `share` of the counted steps."""
        steps = ["--warm", str(self.warm), "--steps", str(max(1, round(share * self.steps)))]
        try:
            self.rounds.append(measured([*self.command.split(), *self.flags, *steps]))
        except (ModuleNotFoundError, Failed) as missing:
            self.skipped = str(missing)

    @property
    def speeds(self) -> list[float]:
        """Tokens a second of each round: by its median step in pretraining, whose steps are alike, else by all."""
        if self.task == "pretraining":
            return [BATCH * LENGTH / float(np.median(found["seconds"])) for found in self.rounds]
        return [sum(found["tokens"]) / sum(found["seconds"]) for found in self.rounds]

    @property
    def speed(self) -> float:
        """Tokens a second, the median of the rounds."""
        return float(np.median(self.speeds))

    @property
    def memory(self) -> float:
        """Peak of the process in bytes, the median of the rounds."""
        return float(np.median([found["memory"] for found in self.rounds]))

    @property
    def apart(self) -> bool:
        """Whether documents never saw each other."""
        return all(found["apart"] for found in self.rounds)

    @property
    def loss(self) -> float:
        """Nats at the first step."""
        return float(self.rounds[0]["loss"])

    @property
    def flops(self) -> float:
        """FLOP/s, of pretraining only: attention is counted, the half that a causal mask needs."""
        shape = llama_shape(width=WIDTH, layers=LAYERS, hidden=HIDDEN, vocabulary=VOCABULARY, heads=HEADS)
        return train_flops(shape, tokens=self.speed, context=LENGTH / 2)

    def figures(self) -> dict[str, object]:
        """What is kept of it."""
        named: dict[str, object] = {"task": self.task, "side": self.name, "way": self.way}
        if self.skipped is not None:
            return {**named, "skipped": self.skipped}
        if self.task == "pretraining":
            named["gflops_per_second"] = round(self.flops / 1e9, 1)
        return {
            **named, "tokens_per_second": round(self.speed, 1), "memory_gigabytes": round(self.memory / 1e9, 3),
            "first_loss": round(self.loss, 4), "documents_apart": self.apart, "rounds": len(self.rounds),
            "steps": sum(len(found["seconds"]) for found in self.rounds),
        }  # fmt: skip


def sides_on_gpu() -> list[Side]:
    """Every side, in the order in which they run. Steps are chosen for five minutes in all, most of it starting up."""
    sides = [
        Side("pretraining", "ours, compiled", "ours", "ours pretraining --compiled", 5, 20),
        Side("pretraining", "ours, not compiled", "ours", "ours pretraining", 5, 20, decides=False),
        Side("pretraining", "transformers, Trainer", "as installed", "trainers trainer", 5, 20),
        Side("pretraining", "transformers, bare loop", "as installed", "bare transformers", 5, 20),
        Side("pretraining", "transformers, Trainer", "compiled", "trainers trainer --compiled", 5, 20),
        Side("pretraining", "transformers, bare loop", "compiled", "bare transformers --compiled", 5, 20),
    ]
    tasks: tuple[Task, ...] = ("chat, full", "chat, LoRA")
    for task in tasks:
        sides += [
            Side(task, "ours, compiled", "ours", "ours chat --compiled", 5, 20),
            Side(task, "ours, not compiled", "ours", "ours chat", 5, 20, decides=False),
            Side(task, "TRL, padding-free", "as installed", "trainers padding-free", 5, 20),
            Side(task, "TRL, padded (its default)", "as installed", "trainers padded", 5, 20),
        ]
    return sides


def sides_on_processor() -> list[Side]:
    """Every side, in the order in which they run. Steps are chosen for ten minutes in all."""
    sides = [
        Side("pretraining", "ours, compiled", "ours", "ours pretraining --compiled", 2, 4),
        Side("pretraining", "transformers, Trainer", "as installed", "trainers trainer", 1, 4),
        Side("pretraining", "transformers, bare loop", "as installed", "bare transformers", 1, 4),
        Side("pretraining", "litgpt, bare loop", "as installed", "bare litgpt", 1, 2, decides=False),
        Side("pretraining", "transformers, Trainer", "our allocator", "trainers trainer", 1, 4),
        Side("pretraining", "transformers, bare loop", "our allocator", "bare transformers", 1, 4),
        Side("pretraining", "litgpt, bare loop", "our allocator", "bare litgpt", 1, 2, decides=False),
        Side("pretraining", "transformers, bare loop", "our allocator, compiled", "bare transformers --compiled", 2, 4),
    ]
    tasks: tuple[Task, ...] = ("chat, full", "chat, LoRA")
    for task in tasks:
        sides += [
            Side(task, "ours, compiled", "ours", "ours chat --compiled", 2, 10),
            Side(task, "TRL, padding-free", "as installed", "trainers padding-free", 2, 8),
            Side(task, "TRL, padded (its default)", "as installed", "trainers padded", 1, 5, decides=False),
            Side(task, "ours, not compiled", "ours", "ours chat", 2, 10, decides=False),
            Side(task, "TRL, padding-free", "our allocator", "trainers padding-free", 2, 8),
        ]
    sides += [
        Side(tasks[0], "TRL, grouped by length", "as installed", "trainers grouped", 1, 5, decides=False),
        Side(tasks[0], "TRL, packed", "as installed", "trainers packed", 1, 1, decides=False),
    ]
    return sides


def measured(command: Sequence[str]) -> dict[str, Any]:
    """Run `python -m benchmarks.peers.<command>` and read what it measured.

    Raises `ModuleNotFoundError` where the peer is not installed, `Failed` with its last words where it fails.
    """
    module, *rest = command
    quiet = {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.peers.{module}", *rest],
        cwd=ROOT, env={**os.environ, **quiet}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        if last.startswith("ModuleNotFoundError: "):
            raise ModuleNotFoundError(last.removeprefix("ModuleNotFoundError: "))
        raise Failed(f"{' '.join(command)}: {last}")
    found: dict[str, Any] = json.loads(
        next(line for line in reversed(done.stdout.splitlines()) if line.startswith(MARK)).removeprefix(MARK)
    )
    return found


def fastest(sides: Sequence[Side], task: Task, way: Way) -> Side | None:
    """The fastest side that keeps documents apart; None where none ran."""
    ran = (s for s in sides if s.task == task and s.way == way and s.rounds and s.apart)
    return max(ran, key=lambda s: s.speed, default=None)


def speed_ratio(ours: Side, peer: Side) -> float:
    """Ours ÷ the peer's, the median over the rounds that both ran in: a machine drifts from minute to minute."""
    return float(np.median([mine / theirs for mine, theirs in zip(ours.speeds, peer.speeds, strict=False)]))


def ratios(sides: Sequence[Side], peak: float) -> dict[str, float]:
    """Ours ÷ best peer: speeds, and the memory of our fastest way beside the leanest peer's as installed."""
    ways: dict[str, tuple[Task, Way]] = {
        "pretrain_ratio": ("pretraining", "as installed"),
        "pretrain_ratio_compiled": ("pretraining", "compiled"),
        "pretrain_ratio_same_allocator": ("pretraining", "our allocator"),
        "pretrain_ratio_same_allocator_compiled": ("pretraining", "our allocator, compiled"),
        "chat_full_ratio": ("chat, full", "as installed"),
        "chat_full_ratio_same_allocator": ("chat, full", "our allocator"),
        "chat_lora_ratio": ("chat, LoRA", "as installed"),
        "chat_lora_ratio_same_allocator": ("chat, LoRA", "our allocator"),
    }
    memory: dict[str, Task] = {
        "memory_ratio": "pretraining", "chat_full_memory_ratio": "chat, full", "chat_lora_memory_ratio": "chat, LoRA",
    }  # fmt: skip
    found = {}
    for name, (task, way) in ways.items():
        ours, peer = fastest(sides, task, "ours"), fastest(sides, task, way)
        if ours and peer:
            found[name] = speed_ratio(ours, peer)
    for name, task in memory.items():
        ours = fastest(sides, task, "ours")
        peers = [s.memory for s in sides if s.task == task and s.way == "as installed" and s.rounds]
        if ours and peers:
            found[name] = ours.memory / min(peers)
    pretraining = fastest(sides, "pretraining", "ours")
    if pretraining:
        found["peak_share"] = pretraining.flops / peak
    return {name: round(value, 3) for name, value in found.items()}


def show(sides: Sequence[Side], peak: float) -> None:
    """The table for people."""
    console = Console(width=128)
    for task in dict.fromkeys(s.task for s in sides):
        table = Table(title=task, title_justify="left")
        table.add_column("side")
        table.add_column("way")
        for name in ("tokens/s", "ours ÷ it", "GFLOP/s", "of peak", "peak GB", "first loss", "apart"):
            table.add_column(name, justify="right")
        best = fastest(sides, task, "ours")
        for side in (s for s in sides if s.task == task):
            if side.skipped is not None:
                table.add_row(side.name, side.way, f"skipped: {side.skipped}")
                continue
            rate = (f"{side.flops / 1e9:.0f}", f"{side.flops / peak:.0%}") if task == "pretraining" else ("", "")
            times = f"{speed_ratio(best, side):.2f}" if best else ""
            table.add_row(
                side.name, side.way, f"{side.speed:,.0f}", times, *rate,
                f"{side.memory / 1e9:.2f}", f"{side.loss:.4f}", "yes" if side.apart else "no",
            )  # fmt: skip
        console.print(table)


def versions() -> dict[str, str]:
    """The versions of what was measured."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


@click.command()
@click.option("--rounds", default=2, show_default=True, help="How often each deciding side runs.")
@click.option("--task", "tasks", multiple=True, type=click.Choice(get_args(Task)), help="Only this task (repeatable).")
@click.option("--share", default=1.0, show_default=True, help="Of the counted steps; less only to see that it runs.")
def main(rounds: int, tasks: tuple[Task, ...], share: float) -> None:
    """Run all sides, print the tables and the RESULT line."""
    sides = [side for side in (sides_on_gpu if GPU else sides_on_processor)() if not tasks or side.task in tasks]
    ceilings = []
    for number in range(rounds):
        ceilings.append(measured(["gemm"]))
        for side in sides:
            if side.skipped is None and (number == 0 or side.decides):
                side.run(share)
                print(f"round {number + 1}: {side.task}: {side.name} ({side.way})", flush=True)
    products = {shape: float(np.median([rates[shape] for rates in ceilings])) for shape in ceilings[0]}
    peak = max(products.values())
    show(sides, peak)
    print(f"products, GFLOP/s: {', '.join(f'{k} {v / 1e9:.0f}' for k, v in products.items())}")
    keep_result(
        "train_speed_gpu" if GPU else "train_speed",
        {
            **ratios(sides, peak), "peak_gflops": round(peak / 1e9, 1),
            "products_gflops": {k: round(v / 1e9, 1) for k, v in products.items()},
            "sides": [side.figures() for side in sides], "versions": versions(),
            "cores": len(os.sched_getaffinity(0)), "rounds": rounds,
            **({"gpu": torch.cuda.get_device_name()} if GPU else {}),
            "workload": {
                "width": WIDTH, "layers": LAYERS, "heads": HEADS, "feed_forward": HIDDEN, "vocabulary": VOCABULARY,
                "pretraining_step": [BATCH, LENGTH], "chat_examples": EXAMPLES, "chat_mean_length": MEAN_LENGTH,
                "chat_longest": LONGEST, "chat_log_deviation": SPREAD, "lora_rank": RANK,
                "precision": "bfloat16" if GPU else "float32",
            },
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
