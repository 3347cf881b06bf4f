"""The engine without HTTP on random weights: what a device gives, and how far each pass is from it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from collections.abc import Sequence

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.result import keep_result
from dono.serving.batching import Batcher
from dono.serving.generation import Drawn, Generation
from dono.serving.prefixes import Prefixes
from dono.serving.rows import Rows, rows_of

PROMPT = 256
"""Tokens of a prompt."""
CAPACITY = 1024
VOCABULARY = 32_000


def sizes_for(params: float, vocabulary: int) -> tuple[int, int, int]:
    """Width, layers and heads of about so many parameters: heads of 64, a layer for each head (about Llama 3's)."""

    def count(heads: int) -> float:
        return vocabulary * 64 * heads + 12 * max(2, heads) * (64 * heads) ** 2

    heads = min(range(1, 128), key=lambda h: abs(count(h) - params))
    return 64 * heads, max(2, heads), heads


def measure(
    params: float, tokens: int, clients: Sequence[int], device: str | None, dtype: str | None, *, recorded: bool = True
) -> dict[str, object]:
    """Answers of so many tokens at each number of clients; also whether greedy tokens are those of `generate`."""
    where = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    kind = getattr(torch, dtype or ("bfloat16" if where.type == "cuda" else "float32"))
    width, layers, heads = sizes_for(params, VOCABULARY)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=width, intermediate_size=-(-width * 8 // 3 // 128) * 128,
        num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=heads,
        max_position_embeddings=CAPACITY, tie_word_embeddings=True,
    )  # fmt: skip
    torch.manual_seed(0)
    with where:
        model = LlamaForCausalLM(config).to(kind).eval().requires_grad_(False)
    count = sum(p.numel() for p in model.parameters())
    name = torch.cuda.get_device_name(where) if where.type == "cuda" else "cpu"
    print(f"{count / 1e6:.0f} M parameters, {kind}, {name}, torch {torch.__version__}", flush=True)
    began = time.perf_counter()
    rows = rows_of(model, slots=max(clients), capacity=CAPACITY, recorded=recorded)
    print(f"{type(rows).__name__}, made in {time.perf_counter() - began:.2f} s", flush=True)
    result: dict[str, object] = {
        "params": count, "dtype": str(kind), "device": name, "rows": type(rows).__name__,
        "recorded": recorded and where.type == "cuda",
        "greedy_equal": _equal(model, rows), "clients": [],
    }  # fmt: skip
    print(f"greedy tokens as generate's, 8 prompts together: {result['greedy_equal']}")
    found = [asyncio.run(_at(rows, n, tokens)) for n in clients]
    result["clients"] = found
    result["generate_tokens_per_second"] = round(_generate_speed(model, tokens), 1)
    print(f"model.generate alone: {result['generate_tokens_per_second']} tokens/s")
    if where.type == "cuda":
        result["memory_gb"] = round(torch.cuda.max_memory_allocated(where) / 1e9, 2)
    return result


async def _answers(rows: Rows, asked: Sequence[list[int]], tokens: int) -> tuple[list[list[int]], list[float], float]:
    """Tokens of each answer, seconds to each first token, and to all."""
    batcher = Batcher(rows, queue=len(asked), chunk=2048, prefixes=Prefixes(0, rows.token_bytes))
    queue: asyncio.Queue[tuple[Generation, Drawn]] = asyncio.Queue()
    made = [Generation(prompt, tokens, queue) for prompt in asked]
    drawn: dict[Generation, list[int]] = {g: [] for g in made}
    first: dict[Generation, float] = {}
    began = time.perf_counter()
    batcher.submit(made)
    while any(len(t) < tokens for t in drawn.values()):
        generation, one = await queue.get()
        if one.finish == "failed":
            raise RuntimeError(one.failure)
        first.setdefault(generation, time.perf_counter() - began)
        drawn[generation].append(one.token)
    took = time.perf_counter() - began
    await asyncio.to_thread(batcher.close)
    return [drawn[g] for g in made], [first[g] for g in made], took


def _prompts(count: int, seed: int, lengths: Sequence[int]) -> list[list[int]]:
    random = np.random.default_rng(seed)
    return [random.integers(3, VOCABULARY, lengths[i % len(lengths)]).tolist() for i in range(count)]


async def _at(rows: Rows, clients: int, tokens: int) -> dict[str, float]:
    await _answers(rows, _prompts(clients, 1, [PROMPT]), 4)  # kernels are chosen at first use
    _, first, took = await _answers(rows, _prompts(clients, 2, [PROMPT]), tokens)
    steps = took - max(first)
    found = {
        "clients": clients, "tokens_per_second": round(clients * tokens / took, 1),
        "first_p50": round(float(np.percentile(first, 50)), 4), "first_p95": round(float(np.percentile(first, 95)), 4),
        "step_ms": round(1000 * steps / max(tokens - 1, 1), 3),
    }  # fmt: skip
    firsts = f"first token p50 {found['first_p50']:.3f} s, p95 {found['first_p95']:.3f} s"
    print(
        f"{clients:4d} clients: {found['tokens_per_second']:9.1f} tokens/s, {firsts}, a step {found['step_ms']:.2f} ms"
    )
    return found


def _equal(model: LlamaForCausalLM, rows: Rows) -> str:
    """How many of eight answers of 24 tokens, drawn together, are those of `generate`, each alone."""
    asked = _prompts(min(8, rows.slots), 3, [5, 40, 100, 17, 64, 33, 200, 90])
    own, _, _ = asyncio.run(_answers(rows, asked, 24))
    same = sum(own[i] == _generated(model, prompt, 24) for i, prompt in enumerate(asked))
    return f"{same} of {len(asked)}"


def _generated(model: LlamaForCausalLM, prompt: list[int], tokens: int) -> list[int]:
    ids = torch.tensor([prompt], device=model.device)
    mask = torch.ones_like(ids)
    with torch.inference_mode():
        out = model.generate(
            ids, attention_mask=mask, max_new_tokens=tokens, do_sample=False, eos_token_id=None, pad_token_id=0
        )
    found: list[int] = out[0, len(prompt) :].tolist()
    return found


def _generate_speed(model: LlamaForCausalLM, tokens: int) -> float:
    prompt = _prompts(1, 4, [PROMPT])[0]
    _generated(model, prompt, 4)
    began = time.perf_counter()
    _generated(model, prompt, tokens)
    return tokens / (time.perf_counter() - began)


def main() -> None:
    """Alone, where the rest of Dono's needs are not installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=float, default=1e9)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--unrecorded", action="store_true")
    parser.add_argument("--device")
    parser.add_argument("--dtype")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("dono.serving").setLevel(logging.INFO)
    keep_result(
        "serve_engine",
        measure(asked.params, asked.tokens, asked.clients, asked.device, asked.dtype, recorded=not asked.unrecorded),
    )


if __name__ == "__main__":
    main()
