"""A Llama-family model from random weights, saved as an ordinary Hugging Face directory."""

from __future__ import annotations

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from dono.project import Architecture


def random_llama(
    architecture: Architecture, tokenizer: PreTrainedTokenizerBase, *, seed: int, context: int | None = None
) -> LlamaForCausalLM:
    """A float32 Llama with tied embeddings and random weights drawn from `seed`.

    The feed-forward width is 8/3 of the width, rounded up to a multiple of 32 (Touvron et al. 2023, section 2.2);
    weights are normal with deviation 0.02 (GPT-2's), so that the first loss is close to ln(vocabulary).
    """
    wide = -(-architecture.width * 8 // 3 // 32) * 32
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=architecture.width,
        intermediate_size=wide,
        num_hidden_layers=architecture.layers,
        num_attention_heads=architecture.heads,
        num_key_value_heads=architecture.heads,
        max_position_embeddings=max(architecture.context, context or 0),
        tie_word_embeddings=True,
        initializer_range=0.02,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(seed)
    model = LlamaForCausalLM(config)
    return model.to(torch.float32)
