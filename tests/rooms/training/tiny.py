"""What the tests of training share: a tiny model and the parts of any step, the same in every process."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from dono.models import add_lora, reader_of
from dono.objectives import dpo, kto, next_token
from dono.tokens import IGNORED, Document, Rows, document, packed
from dono.training import (
    JudgedRows,
    LoopSpec,
    Outcome,
    PairRows,
    Progress,
    judgements,
    likelihood,
    preferences,
    train,
    with_divergence,
)

VOCABULARY, LENGTH = 64, 96


def tiny_model(seed: int = 0) -> LlamaForCausalLM:
    """A random Llama of some twenty thousand parameters.

    Where runs are compared whose sums are in another order, take it in float64 (`.double()`): where a gradient is
    nearly zero Adam's step is rounding over rounding, so in float32 single weights may part by as much as the rate.
    """
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=LENGTH, tie_word_embeddings=True,
        )
    )  # fmt: skip


def tiny_lora() -> PreTrainedModel:
    """The same with adapters, which alone are trained."""
    return add_lora(tiny_model(), rank=4, seed=0)


def _documents(seed: list[int], many: int) -> list[Document]:
    draw = np.random.default_rng(seed)
    return [document(draw.integers(0, VOCABULARY, n)) for n in draw.integers(4, LENGTH // many, many)]


def texts_at(step: int, parts: int = 4) -> list[Rows]:
    """The parts of a step: four random documents each, all parts of one shape."""
    return [packed(_documents([step, part], 4), fill_to=LENGTH) for part in range(parts)]


def halved_texts_at(step: int) -> list[Rows]:
    """As `texts_at` with two parts, of which the second trains nothing."""
    nothing = np.full(LENGTH, IGNORED)
    return [*texts_at(step, 1), packed([Document(np.zeros(LENGTH, dtype=np.int64), nothing)])]


def pairs_at(step: int) -> list[PairRows]:
    """Two parts of three random pairs each, with a made-up reference."""
    reference = np.full(6, -30.0, dtype=np.float32)
    return [PairRows(packed(_documents([step, part], 6)), 3, reference) for part in range(2)]


def judged_at(step: int) -> list[JudgedRows]:
    """Two parts of four judged answers each; the reference makes the whole batch's divergence positive."""
    desirable, reference = np.asarray([True, False, False, True]), np.full(4, -60.0, dtype=np.float32)
    rows = [[packed(_documents([step, part, kind], 4)) for kind in range(2)] for part in range(2)]
    return [JudgedRows(own, desirable, reference, other, reference - 20 * i) for i, (own, other) in enumerate(rows)]


def tiny_spec(stop: int, **changed: Any) -> LoopSpec:  # noqa: ANN401 - any field of the spec
    """A short run without decay that saves at its end only."""
    settings = {"start": 0, "peak": 1e-2, "matrix_peak": 2e-2, "warmup": 2, "decay_from": stop, "save_seconds": 1e9}
    return LoopSpec(stop=stop, **(settings | changed))


def train_texts(model: PreTrainedModel, spec: LoopSpec, folder: Path, **more: Any) -> Outcome:  # noqa: ANN401
    """Learn the random texts."""
    return train(reader_of(model), texts_at, likelihood(next_token), spec, folder, **more)


class Learned(NamedTuple):
    """What a run of `train_kind` gives; the gradients' norms are only seen by the process that leads."""

    model: PreTrainedModel
    losses: list[float]
    gradients: list[float]


def train_kind(kind: str, folder: Path) -> Learned:
    """One of the runs of four steps that one process and two do alike; in float64 but for bfloat16's."""
    model: PreTrainedModel = tiny_lora() if "lora" in kind else tiny_model()
    model = model if "bfloat16" in kind else model.double()
    reader, gradients = reader_of(model), list[float]()
    spec = tiny_spec(
        4,
        optimizer="muon" if "muon" in kind else "adamw",
        precision="bfloat16" if "bfloat16" in kind else "float32",
        recompute="recompute" in kind,
        compiled="compiled" in kind,
    )

    def watch(progress: Progress) -> None:
        gradients.append(progress.gradient)

    if "pairs" in kind:
        outcome = train(reader, pairs_at, preferences(dpo), spec, folder, watch=watch)
    elif "judged" in kind:
        outcome = train(reader, judged_at, judgements(kto), spec, folder, prepare=with_divergence, watch=watch)
    else:
        parts_at = halved_texts_at if "filling" in kind else texts_at
        outcome = train(reader, parts_at, likelihood(next_token), spec, folder, watch=watch)
    return Learned(model, outcome.losses, gradients)
