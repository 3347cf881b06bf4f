"""One tiny random model of each family that training must read exactly, and documents to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GemmaConfig,
    GemmaForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from dono.tokens import Document, document

VOCABULARY, WINDOW = 60, 4
DENSE: dict[str, object] = {
    "vocab_size": VOCABULARY, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 64,
    "initializer_range": 0.3, "pad_token_id": None, "bos_token_id": None, "eos_token_id": None,
}  # fmt: skip
"""Weights far larger than usual, so that attention looks at single places and a leak shows."""
SLIDING_AND_FULL: dict[str, object] = {
    "sliding_window": WINDOW,
    "layer_types": ["sliding_attention", "full_attention"],
    "query_pre_attn_scalar": 8,
}
FAMILIES: dict[str, Callable[[], PreTrainedModel]] = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**DENSE, tie_word_embeddings=False)),
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**DENSE, tie_word_embeddings=True)),
    "gemma": lambda: GemmaForCausalLM(GemmaConfig(**DENSE)),
    "gemma3": lambda: Gemma3ForCausalLM(Gemma3TextConfig(**DENSE, **SLIDING_AND_FULL)),
    "mistral": lambda: MistralForCausalLM(MistralConfig(**DENSE, sliding_window=WINDOW)),
    "gpt2": lambda: GPT2LMHeadModel(
        GPT2Config(
            vocab_size=VOCABULARY, n_embd=16, n_layer=2, n_head=4, n_positions=64, initializer_range=0.3,
            bos_token_id=None, eos_token_id=None,
        )
    ),
}  # fmt: skip
"""Those that are read packed, with the head applied in chunks."""


def soft_capped() -> PreTrainedModel:
    """A Gemma 2 whose caps are so low that they change every score and logit."""
    config = Gemma2Config(**DENSE, **SLIDING_AND_FULL, attn_logit_softcapping=0.5, final_logit_softcapping=0.5)
    return Gemma2ForCausalLM(config)


def build(make: Callable[[], PreTrainedModel], attention: str | None = None) -> PreTrainedModel:
    """The same random model every time, with the attention that transformers chooses or one of its others."""
    torch.manual_seed(0)
    model = make()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:  # norms and biases start where several mistakes would not show
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(len(name))))
    if attention is not None:
        model.set_attn_implementation(attention)
    return model.eval()


def texts(lengths: Sequence[int], *, seed: int = 0, trained_from: int = 1) -> list[Document]:
    """Random documents of so many input tokens each."""
    draw = np.random.default_rng(seed)
    return [document(draw.integers(0, VOCABULARY, n + 1), trained_from) for n in lengths]


def whole_ids(text: Document) -> Tensor:
    """All tokens of a document [1, length + 1], the last label included, as transformers reads them."""
    return torch.from_numpy(np.append(text.ids, text.labels[-1]))[None]


def gradients(module: nn.Module, loss: Tensor) -> dict[str, Tensor]:
    """The gradient of every trained parameter; zeros where the loss does not depend on it."""
    trained = {name: p for name, p in module.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss, list(trained.values()), allow_unused=True)
    return {n: torch.zeros_like(p) if g is None else g for (n, p), g in zip(trained.items(), found, strict=True)}


def farthest(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> float:
    """The largest difference in any tensor, relative to that tensor's largest value in `theirs`."""
    assert ours.keys() == theirs.keys()
    return max(float((ours[n] - t).abs().max() / t.abs().max().clamp(min=1e-12)) for n, t in theirs.items())
