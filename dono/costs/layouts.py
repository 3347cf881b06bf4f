"""How a training run lies on many GPUs: what each holds in memory, and a layout that fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dono.costs.flops import Shape
from dono.costs.memory import ACTIVATIONS, FROZEN, GIGABYTE, GRADIENT, OPTIMIZER
from dono.errors import Mistake

USABLE = 0.90
"""Share of a GPU's memory that tensors may take: the rest goes to the allocator's holes, NCCL and CUDA (assumed)."""
WITHIN_NODE = 8
"""Tensor parallelism stays on the fast links of one node, of eight GPUs (Narayanan et al. 2021, arXiv 2104.04473)."""
MOST_PIPELINE = 64
KEPT_INPUT = 2
"""Bytes per token, layer and unit of width of a layer's input alone, where the other `ACTIVATIONS` are recomputed."""
LOGITS = 6
"""Bytes per token and entry of the vocabulary: bf16 logits and their float32 softmax."""


@dataclass(frozen=True)
class Memory:
    """Gigabytes on the fullest GPU."""

    weights: float
    gradients: float
    optimizer: float
    activations: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations


@dataclass(frozen=True)
class Layout:
    """`data` × `tensor` × `pipeline` GPUs; states are sharded over the data-parallel ones too (ZeRO-3, FSDP2).

    `sequences` are read at a time by one data-parallel group; `recompute`: only layer inputs are kept.
    """

    data: int
    tensor: int
    pipeline: int
    sequences: int
    recompute: bool
    memory: Memory

    def __str__(self) -> str:
        parts = [f"{self.data} data (sharded)"]
        parts += [f"{n} {name}" for n, name in ((self.tensor, "tensor"), (self.pipeline, "pipeline")) if n > 1]
        kept = "activations recomputed" if self.recompute else "activations kept"
        return f"{' × '.join(parts)}, {self.sequences} sequence{'s' * (self.sequences > 1)} at a time, {kept}"


def memory_per_gpu(
    shape: Shape, *, data: int, tensor: int, pipeline: int, tokens_at_once: float, recompute: bool,
    vocabulary: int, lora: bool = False,
) -> Memory:  # fmt: skip
    """Gigabytes on the fullest GPU of a layout; `tokens_at_once` are read together by one data-parallel group.

    With all states sharded, the weights of two layers are whole while they are used and while the next ones are
    fetched. A pipeline's first stage holds activations of as many micro-batches as there are stages, of its share of
    the layers: as much as without a pipeline.
    """
    sharded = shape.stored / (data * tensor * pipeline)
    layer = (shape.stored - shape.table) / shape.layers / tensor
    whole = 2 * FROZEN * layer if data > 1 else 0.0
    per_layer = shape.width * tokens_at_once / tensor
    held = shape.layers * per_layer
    activations = held * KEPT_INPUT + ACTIVATIONS * per_layer if recompute else held * ACTIVATIONS
    activations += LOGITS * vocabulary * tokens_at_once / tensor
    trained = 0.0 if lora else sharded
    sizes = (FROZEN * sharded + whole, GRADIENT * trained, OPTIMIZER * trained, activations)
    return Memory(*(size / GIGABYTE for size in sizes))


def layout_that_fits(
    shape: Shape, *, gpus: int, gigabytes: float, context: int, batch_tokens: float, vocabulary: int = 128_000,
    lora: bool = False, recompute: bool = False,
) -> Layout:  # fmt: skip
    """The plainest layout of `gpus` GPUs of `gigabytes` each that holds the run.

    Plainest: sharded data parallelism alone; then tensor parallelism within a node; then a pipeline; activations kept
    before they are recomputed, unless it is asked to `recompute` them. Every data-parallel group needs a sequence of
    `context` tokens in every step.
    Raises `Mistake` where nothing fits.
    """
    least: float | None = None
    for tensor, pipeline, again in _splits(gpus):
        if recompute and not again:
            continue
        data = gpus // (tensor * pipeline)
        sequences = int(batch_tokens // (context * data * pipeline))  # a pipeline is filled by as many micro-batches
        if sequences < 1 or pipeline > shape.layers:
            continue
        for at_once in _halved(sequences):
            memory = memory_per_gpu(
                shape, data=data, tensor=tensor, pipeline=pipeline, tokens_at_once=at_once * context,
                recompute=again, vocabulary=vocabulary, lora=lora,
            )  # fmt: skip
            least = memory.total if least is None else min(least, memory.total)
            if memory.total <= USABLE * gigabytes:
                return Layout(data, tensor, pipeline, at_once, again, memory)
    if least is None:
        what = f"a step of {batch_tokens:,.0f} tokens gives {gpus:,} GPUs no sequence of {context:,} tokens each"
        raise Mistake(what, where="--batch-tokens", remedy="Take fewer GPUs, a larger batch or a shorter context")
    what = f"{least:,.0f} GB are needed on each of {gpus:,} GPUs, which have {gigabytes:,.0f}"
    raise Mistake(what, where="--machine", remedy="Take more GPUs, larger ones, LoRA, or a smaller model")


def _splits(gpus: int) -> Iterator[tuple[int, int, bool]]:
    tensors = [t for t in (1, 2, 4, WITHIN_NODE) if gpus % t == 0]
    pipelines = [2**k for k in range(MOST_PIPELINE.bit_length()) if gpus % (2**k) == 0]
    for pipeline in pipelines:
        for tensor in tensors if pipeline == 1 else tensors[-1:]:
            if tensor * pipeline <= gpus:
                yield tensor, pipeline, False
                yield tensor, pipeline, True


def _halved(most: int) -> Iterator[int]:
    """Sequences read at a time: what a step has for a group, at most eight, then half of it and so on."""
    at_once = min(8, most)
    while at_once >= 1:
        yield at_once
        at_once //= 2
