"""Texts as vectors by a causal model: the mean of its last hidden states, of length 1."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import torch
from torch.nn.functional import normalize

from dono.serving.batching import Batcher, Stopped
from dono.serving.refusals import Refused
from dono.serving.rows import named_adapters


async def mean_vectors(
    batcher: Batcher, rows: Sequence[list[int]], adapter: str | None
) -> tuple[list[list[float]], float]:
    """A vector for each row of ids, and the seconds that it took; between the steps of answers, one row at a time."""
    seconds = 0.0

    @torch.inference_mode()
    def vector(ids: list[int]) -> list[float]:
        nonlocal seconds
        began = time.perf_counter()
        model = batcher.rows.model
        inputs = torch.tensor([ids], device=model.device)
        out = model(
            input_ids=inputs, use_cache=False, output_hidden_states=True, **named_adapters(model, [adapter])
        )  # fmt: skip
        found: list[float] = normalize(out.hidden_states[-1][0].float().mean(0), dim=0).tolist()
        seconds += time.perf_counter() - began
        return found

    try:
        vectors = [await asyncio.wrap_future(batcher.between_steps(lambda ids=ids: vector(ids))) for ids in rows]  # type: ignore[misc]
    except Stopped as error:
        raise Refused(503, "the model is not running", code="engine_stopped") from error
    return vectors, seconds
