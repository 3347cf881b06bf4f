"""Answers straight from a batcher, and what `generate` and a plain forward pass say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from transformers import PreTrainedModel

from dono.serving.batching import Batcher
from dono.serving.generation import Drawn, Generation
from dono.serving.prefixes import Prefixes
from dono.serving.rows import Rows
from dono.serving.sampling import Sampling


@contextmanager
def batching(rows: Rows, *, queue: int = 64, chunk: int = 16, kept: int = 1 << 20) -> Iterator[Batcher]:
    """A batcher that ends."""
    batcher = Batcher(rows, queue=queue, chunk=chunk, prefixes=Prefixes(kept, rows.token_bytes))
    try:
        yield batcher
    finally:
        batcher.close()


async def answer(batcher: Batcher, prompt: Sequence[int], most: int, **asked: object) -> list[Drawn]:
    """All that is drawn for one prompt."""
    queue: asyncio.Queue[tuple[Generation, Drawn]] = asyncio.Queue()
    generation = Generation(list(prompt), most, queue, **asked)  # type: ignore[arg-type]
    batcher.submit([generation])
    found = [(await queue.get())[1]]
    while found[-1].finish is None:
        found.append((await queue.get())[1])
    return found


def answers(batcher: Batcher, prompts: Sequence[Sequence[int]], most: int, **asked: object) -> list[list[int]]:
    """Tokens of all prompts, asked at the same time."""

    async def all_of_them() -> list[list[Drawn]]:
        return await asyncio.gather(*[answer(batcher, p, most, **asked) for p in prompts])

    return [[d.token for d in found] for found in asyncio.run(all_of_them())]


def generated(model: PreTrainedModel, prompt: Sequence[int], most: int) -> list[int]:
    """What transformers generates greedily, alone."""
    ids = torch.tensor([list(prompt)])
    with torch.inference_mode():
        out = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=most, do_sample=False, eos_token_id=None,
            pad_token_id=0,
        )  # fmt: skip
    found: list[int] = out[0, ids.shape[1] :].tolist()
    return found


def chances(model: PreTrainedModel, tokens: Sequence[int]) -> Tensor:
    """Log-probabilities [places, vocabulary] of what follows each place, by a plain pass."""
    with torch.inference_mode():
        found = model(input_ids=torch.tensor([list(tokens)]), use_cache=False).logits[0].float().log_softmax(-1)
    assert isinstance(found, Tensor)
    return found


HOT = Sampling(temperature=1.3, top_p=0.9, top_k=40, seed=11)
