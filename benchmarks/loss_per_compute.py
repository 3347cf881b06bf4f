"""Validation bits per byte at equal time: Dono's recipe beside AdamW with a cosine, as nanoGPT trains.

python -m benchmarks.loss_per_compute

The same 4.3 M-parameter Llama, the same English text (../shared/corpora), the same windows of 4 × 256 tokens, float32,
one process after the other, both with our settings of the allocator, so that recipes are compared and not heaps. The
size is between nanoGPT's own for a processor (4 layers of width 128, 768 tokens a step) and what a pilot trains: there
are hundreds of steps in the time. The baseline is transformers' model in a plain loop (no dropout, clip 1, betas 0.9,
0.95, cosine to a tenth of the peak after a warm-up), at the best of three rates. Ours runs through
`dono.training.train`; a schedule that decays has to know its end, so ours is run to several ends, and the time at which
it reaches the baseline's final loss is read between them. Validation is outside the clock. About ten minutes.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.result import keep_result
from dono.evals import bits_per_byte
from dono.models import reader_of
from dono.objectives import next_token
from dono.stages.corpus_stage import WARMUP_STEPS, trunk_stop
from dono.tokens import Batches, Shards, load_tokenizer, train_tokenizer, write_shards
from dono.training import LoopSpec, Progress, keep_memory, likelihood, scratch_peaks, train

TEXT = Path("../shared/corpora/text/en")
SOURCES = ("classic_books.txt", "pratham_storyweaver.txt", "common_voice.txt")
VOCABULARY = 4096
WIDTH, LAYERS, HEADS, HIDDEN = 256, 4, 4, 704
BATCH, LENGTH = 4, 256
BASELINE_RATES = (1e-3, 2e-3, 4e-3)
ENDS = (0.25, 0.4, 0.55)
"""Ours is run to these shares of the baseline's time."""
LEFT_OUT = 200
"""Every so many-th paragraph is validation."""


@dataclass(frozen=True)
class Run:
    """One run: seconds that training took, steps, bits per byte on the validation text."""

    name: str
    seconds: float
    steps: int
    bits: float


def prepare(folder: Path) -> None:
    """Tokenizer, training shards and validation text."""
    texts = [t for name in SOURCES for t in paragraphs((TEXT / name).read_text(encoding="utf8"))]
    held = texts[::LEFT_OUT]
    kept = [t for number, t in enumerate(texts) if number % LEFT_OUT]
    (folder / "held.json").write_text(json.dumps(held[:400], ensure_ascii=False), encoding="utf8")
    train_tokenizer(iter(kept), VOCABULARY, folder / "tokenizer")
    write_shards(((t, "en") for t in kept), load_tokenizer(folder / "tokenizer"), folder / "tokens")


def paragraphs(text: str, least: int = 400) -> list[str]:
    """Lines of a file, joined until a document has `least` characters."""
    found: list[str] = [""]
    for line in text.splitlines():
        if len(found[-1]) >= least:
            found.append("")
        found[-1] = f"{found[-1]}\n{line}".strip()
    return [t for t in found if t]


def new_model(vocabulary: int) -> LlamaForCausalLM:
    """The random model that all runs start from."""
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary, hidden_size=WIDTH, intermediate_size=HIDDEN, num_hidden_layers=LAYERS,
            num_attention_heads=HEADS, num_key_value_heads=HEADS, max_position_embeddings=1024,
            tie_word_embeddings=True, bos_token_id=None, eos_token_id=None,
        )
    )  # fmt: skip


def baseline(folder: Path, rate: float, seconds: float) -> Run:
    """A plain loop over transformers' model: as many steps as fit, by the speed of the first ones."""
    keep_memory()
    tokenizer, shards = load_tokenizer(folder / "tokenizer"), Shards.open(folder / "tokens")
    batches = Batches(shards, length=LENGTH, batch=BATCH, seed=0)
    model = new_model(len(tokenizer))
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95), fused=True)

    def one(step: int, factor: float) -> None:
        for group in optimizer.param_groups:
            group["lr"] = rate * factor
        windows = torch.from_numpy(batches.batch_at(step))
        logits = model(input_ids=windows[:, :-1], use_cache=False).logits
        loss = cross_entropy(logits.flatten(0, 1).float(), windows[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    steps = planned(lambda: one(0, 0.0), seconds)
    warmup, spent = max(1, steps // 50), 0.0
    model.train()
    for step in range(steps):
        cosine = 0.1 + 0.45 * (1 + math.cos(math.pi * max(0, step - warmup) / max(1, steps - warmup)))
        began = time.perf_counter()
        one(step, min(1.0, (step + 1) / warmup) * cosine)
        spent += time.perf_counter() - began
    return Run(f"AdamW, cosine, rate {rate:g}", spent, steps, validated(model, folder))


def planned(step: Callable[[], None], seconds: float) -> int:
    """How many steps fit into so many seconds, by the median of six after two."""
    times = []
    for _ in range(8):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return max(8, round(seconds / float(np.median(times[2:]))))


def ours(folder: Path, seconds: float) -> Run:
    """Dono's loop with its recipe for scratch runs: Muon at the rates of the rules, decay over the last fifth."""
    keep_memory()
    tokenizer, shards = load_tokenizer(folder / "tokenizer"), Shards.open(folder / "tokens")
    batches = Batches(shards, length=LENGTH, batch=BATCH, seed=0)
    learn = likelihood(next_token)

    def run(steps: int) -> tuple[LlamaForCausalLM, float, list[float]]:
        model = new_model(len(tokenizer))
        clock: list[float] = []
        tokens = steps * batches.tokens_per_step
        peaks = scratch_peaks(width=WIDTH, batch_tokens=batches.tokens_per_step, tokens=tokens, optimizer="muon")
        spec = LoopSpec(
            start=0, stop=steps, peak=peaks.adamw, matrix_peak=peaks.matrices, optimizer="muon",
            warmup=min(WARMUP_STEPS, steps), decay_from=trunk_stop(steps), save_seconds=1e9,
        )  # fmt: skip

        def watch(progress: Progress) -> None:
            clock.append(progress.seconds)

        with tempfile.TemporaryDirectory() as scrap:
            outcome = train(reader_of(model), batches.parts_at, learn, spec, Path(scrap), watch=watch)
        return model, outcome.seconds, list(np.diff([0.0, *clock]))

    _, _, times = run(16)
    steps = max(8, round(seconds / float(np.median(times[2:]))))
    model, spent, _ = run(steps)
    return Run(f"ours, to {seconds:.0f} s", spent, steps, validated(model, folder))


def validated(model: LlamaForCausalLM, folder: Path) -> float:
    """Bits per byte on the validation text."""
    texts = json.loads((folder / "held.json").read_text(encoding="utf8"))
    with torch.no_grad():
        bits, sizes = bits_per_byte(model, load_tokenizer(folder / "tokenizer"), texts, context=LENGTH)
    return float(bits.sum() / sizes.sum())


def alone(folder: Path, side: str, *numbers: float) -> Run:
    """One run in a process of its own, so that no side inherits the other's allocator."""
    command = [sys.executable, "-m", "benchmarks.loss_per_compute", "--one", side, str(folder), *map(str, numbers)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    run = Run(**json.loads(done.stdout.splitlines()[-1]))
    print(f"{run.name:28} {run.seconds:7.1f} s {run.steps:6d} steps {run.bits:7.4f} bits per byte", flush=True)
    return run


def reached(runs: list[Run], bits: float) -> float:
    """Seconds at which our runs come down to `bits`, along the straight line of bits over log time."""
    ordered = sorted(runs, key=lambda r: r.seconds)
    times, levels = np.log([r.seconds for r in ordered]), np.asarray([r.bits for r in ordered])
    near = int(np.clip(np.searchsorted(-levels, -bits), 1, len(levels) - 1))
    slope = (times[near] - times[near - 1]) / (levels[near] - levels[near - 1])
    return float(np.exp(times[near - 1] + slope * (bits - levels[near - 1])))


@click.command()
@click.option("--seconds", default=90.0, show_default=True, help="The baseline's training time.")
def main(seconds: float) -> None:
    """Run both sides and print the RESULT line."""
    if not TEXT.is_dir():
        raise SystemExit("the corpora of ../shared are not here: nothing to measure on")
    with tempfile.TemporaryDirectory() as scrap:
        folder = Path(scrap)
        prepare(folder)
        base = [alone(folder, "baseline", r, seconds) for r in BASELINE_RATES]
        mine = [alone(folder, "ours", share * seconds) for share in ENDS]
    best = min(base, key=lambda r: r.bits)
    at = reached(mine, best.bits)
    keep_result(
        "loss_per_compute",
        {
            "time_ratio": round(at / best.seconds, 3), "baseline": vars(best), "baselines": [vars(r) for r in base],
            "ours": [vars(r) for r in mine], "cores": torch.get_num_threads(),
        },
    )  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        kind, at, *rest = sys.argv[2:]
        found = baseline(Path(at), *map(float, rest)) if kind == "baseline" else ours(Path(at), *map(float, rest))
        print(json.dumps(vars(found)))
    else:
        main()
