"""The same model in two implementations, random weights from seed 0."""

from __future__ import annotations

from importlib import import_module

import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.peers.workload import HEADS, HIDDEN, LAYERS, LENGTH, LONGEST, VOCABULARY, WIDTH


def llama() -> LlamaForCausalLM:
    """Transformers' Llama, which every side but litgpt's trains."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=HIDDEN, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, num_key_value_heads=HEADS, max_position_embeddings=LONGEST,
        tie_word_embeddings=True, pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    return LlamaForCausalLM(config).to(torch.float32)


def gpt() -> nn.Module:
    """The same shape in litgpt. (Not by `import`: mypy would read all of Lightning.)"""
    config = import_module("litgpt.config").Config(
        block_size=LENGTH, vocab_size=VOCABULARY, padded_vocab_size=VOCABULARY, n_layer=LAYERS, n_head=HEADS,
        n_embd=WIDTH, rotary_percentage=1.0, parallel_residual=False, bias=False, norm_class_name="RMSNorm",
        mlp_class_name="LLaMAMLP", intermediate_size=HIDDEN,
    )  # fmt: skip
    torch.manual_seed(0)
    model: nn.Module = import_module("litgpt.model").GPT(config)
    model.lm_head.weight = model.transformer.wte.weight
    for module in model.modules():  # litgpt leaves this to its scripts; transformers' deviation
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
    return model
