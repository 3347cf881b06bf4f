"""Which learning rate is best at which width and length: small Llamas on English text, one plain loop, our optimizers.

A rule of transfer says that the best rate goes with width (or with the number of steps) to the power of −e. The table
gives the e that was found between the smallest and the largest, and what it costs to take the rate that is best at the
smallest there with e = 0, ½ and 1. 120 steps take about ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.result import keep_result
from dono.tokens import encode_plain, load_tokenizer, train_tokenizer
from dono.training.optimizers import OPTIMIZERS
from dono.training.schedule import rate_at

ROOT = Path(__file__).resolve().parents[1]
BOOKS = ROOT.parent / "shared" / "corpora" / "text" / "en" / "classic_books.txt"
VOCABULARY, LAYERS, LENGTH, BATCH = 1000, 2, 64, 16
WIDTHS = (64, 128, 256)
RATES = {
    "adamw": tuple(5e-4 * 2.0**k for k in range(5)),
    "muon": tuple(5e-3 * 2.0**k for k in range(5)),
    "beside": tuple(5e-3 * 2.0**k for k in range(5)),
}
"""What is tried: AdamW's rate for everything; Muon's for the hidden matrices; AdamW's for the rest beside Muon."""
MATRICES, BESIDE = 0.015, 0.02
"""The rates of the other part where one of the last two is tried."""
LONGER = 4
"""How many times longer the long runs are, at the smallest width."""
EXPONENTS = (0.0, 0.5, 1.0)
HELDOUT = 10
"""Validation batches."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What the builders of optimizers ask for."""

    peak: float
    matrix_peak: float
    weight_decay: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.95


def lines() -> Iterator[str]:
    """English text, a paragraph to a line."""
    with BOOKS.open(encoding="utf-8") as file:
        yield from (line.rstrip("\n") for line in file)


def rows(count: int) -> Tensor:
    """Token ids [count, LENGTH + 1] of running text, in a fixed random order."""
    texts = list(islice(lines(), max(4000, count)))
    with tempfile.TemporaryDirectory() as folder:
        train_tokenizer(iter(texts), VOCABULARY, Path(folder))
        tokenizer = load_tokenizer(folder)
    ids = np.concatenate([[*text, tokenizer.eos_token_id] for text in encode_plain(tokenizer, texts)])
    cut = np.resize(ids, count * (LENGTH + 1)).reshape(count, LENGTH + 1)
    return torch.from_numpy(np.random.default_rng(0).permutation(cut))


def loss_of(model: LlamaForCausalLM, ids: Tensor) -> Tensor:
    """Mean cross-entropy in nats."""
    logits = model(input_ids=ids[:, :-1]).logits
    return cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())


def run(tried: str, width: int, rate: float, steps: int, ids: Tensor, heldout: Tensor) -> float:
    """Validation loss in nats after `steps` steps: warm-up, stable, the last fifth decays."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=width, intermediate_size=-(-width * 8 // 3 // 32) * 32,
        num_hidden_layers=LAYERS, num_attention_heads=width // 32, num_key_value_heads=width // 32,
        max_position_embeddings=LENGTH, tie_word_embeddings=True,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    rates = Rates(peak=BESIDE if tried == "muon" else rate, matrix_peak=MATRICES if tried == "beside" else rate)
    trainer = OPTIMIZERS["adamw" if tried == "adamw" else "muon"](model, rates)
    for step in range(steps):
        share = rate_at(step, peak=1.0, warmup=10, decay_from=round(0.8 * steps), stop=steps)
        for group in trainer.param_groups:
            group["lr"] = share * group["peak"]
        loss_of(model, ids[step * BATCH : (step + 1) * BATCH]).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        trainer.step()
        trainer.zero_grad()
    with torch.no_grad():
        return float(torch.stack([loss_of(model, part) for part in heldout.split(BATCH)]).mean())


def best_rate(rates: Sequence[float], losses: Sequence[float]) -> float:
    """Where a parabola in log rate through the three points about the least loss is lowest; at an edge, the edge."""
    i = int(np.argmin(losses))
    if i in (0, len(losses) - 1):
        return rates[i]
    before, least, after = losses[i - 1 : i + 2]
    offset = 0.5 * (before - after) / (before - 2 * least + after)
    return float(rates[i] * (rates[i + 1] / rates[i]) ** offset)


def transfer(rates: Sequence[float], by_size: Mapping[int, list[float]]) -> dict[str, float]:
    """The exponent e between the smallest and the largest size, and the nats that e = 0, ½, 1 lose at the largest."""
    least, most = min(by_size), max(by_size)
    small, large = best_rate(rates, by_size[least]), best_rate(rates, by_size[most])
    found = {"exponent": round(float(np.log(small / large) / np.log(most / least)), 3)}
    curve = by_size[most]
    for e in EXPONENTS:
        rate = small * (most / least) ** -e
        loss = float(np.interp(np.log(rate), np.log(rates), curve))
        found[f"nats lost at {e:g}"] = round(loss - min(curve), 4)
    return found


def told(what: str, rates: Sequence[float], size: int, losses: Sequence[float]) -> None:
    """One row of a table."""
    best = best_rate(rates, losses)
    print(f"  {what} {size:5d} " + " ".join(f"{x:8.4f}" for x in losses) + f" {best:8.3g}", flush=True)


def main() -> None:
    """Train all, print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=120)
    steps = parser.parse_args().steps
    if not BOOKS.is_file():
        print("skipped: no shared corpora beside the repository")
        print("RESULT " + json.dumps({"skipped": True}))
        return
    ids = rows((LONGER * steps + HELDOUT) * BATCH)
    heldout, train = ids[: HELDOUT * BATCH], ids[HELDOUT * BATCH :]
    result: dict[str, object] = {"steps": steps}
    for tried, rates in RATES.items():
        print(f"{tried:6s} rates " + " ".join(f"{rate:8.3g}" for rate in rates) + "     best")
        by_width: dict[int, list[float]] = {}
        for width in WIDTHS:
            by_width[width] = [run(tried, width, rate, steps, train, heldout) for rate in rates]
            told("width", rates, width, by_width[width])
        by_length = {steps: by_width[WIDTHS[0]]}
        by_length[LONGER * steps] = [run(tried, WIDTHS[0], rate, LONGER * steps, train, heldout) for rate in rates]
        told("steps", rates, LONGER * steps, by_length[LONGER * steps])
        rules = {"width": transfer(rates, by_width), "steps": transfer(rates, by_length)}
        for what, rule in rules.items():
            print(f"  by {what}: " + ", ".join(f"{key} {value:g}" for key, value in rule.items()))
        tables = {"width": by_width, "steps": by_length}
        losses = {
            w: {str(size): [round(x, 4) for x in row] for size, row in table.items()} for w, table in tables.items()
        }
        result[tried] = {"rates": rates, "losses": losses, "transfer": rules}
    keep_result("rate_transfer", result)


if __name__ == "__main__":
    main()
