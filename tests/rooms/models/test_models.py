from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.models import (
    add_lora,
    load_model,
    merge_lora,
    random_llama,
    replace_vocabulary,
    save_model,
    shape_of,
)
from dono.tokens import load_tokenizer, train_tokenizer
from tests.conftest import TINY


def logits(model: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    model.eval()
    with torch.inference_mode():
        found = model(input_ids=ids).logits
    assert isinstance(found, torch.Tensor)
    return found


IDS = torch.arange(40)[None] % 300


def test_a_saved_model_loads_to_the_same_function(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    save_model(model, tokenizer, tmp_path)
    assert torch.equal(logits(load_model(str(tmp_path)), IDS), logits(model, IDS))
    assert load_tokenizer(str(tmp_path)).get_vocab() == tokenizer.get_vocab()


def test_a_fresh_lora_model_equals_its_base(model: LlamaForCausalLM) -> None:
    before = logits(model, IDS)
    assert torch.equal(logits(add_lora(model, rank=4, seed=0), IDS), before)


def test_a_merged_lora_model_equals_the_unmerged(model: LlamaForCausalLM) -> None:
    adapted = add_lora(model, rank=4, seed=0)
    with torch.no_grad():
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)) * 0.05)
    apart = logits(adapted, IDS)
    assert torch.allclose(logits(merge_lora(adapted), IDS), apart, atol=1e-5)


def test_the_same_seed_gives_the_same_weights(tokenizer: PreTrainedTokenizerBase) -> None:
    a, b = (random_llama(TINY, tokenizer, seed=5) for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def test_a_replaced_vocabulary_starts_from_the_old_pieces(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    train_tokenizer(iter(["ghar kab aaoge", "order kab aayega"] * 10), 330, tmp_path)
    new = load_tokenizer(str(tmp_path))
    old_table = model.get_input_embeddings().weight.detach().clone()
    body = model.model.layers[0].mlp.up_proj.weight.detach().clone()
    replace_vocabulary(model, tokenizer, new)
    table = model.get_input_embeddings().weight
    assert table.shape[0] == len(new)
    assert torch.equal(model.model.layers[0].mlp.up_proj.weight, body)
    token = new.encode(" order", add_special_tokens=False)[0]
    pieces = tokenizer.encode(new.decode([token]), add_special_tokens=False)
    assert torch.allclose(table[token], old_table[pieces].mean(0))
    assert torch.equal(table[new.eos_token_id], old_table[tokenizer.eos_token_id])
    assert torch.equal(table, model.get_output_embeddings().weight)


def test_an_untied_head_is_replaced_too(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        tie_word_embeddings=False,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    head = model.get_output_embeddings().weight.detach().clone()
    train_tokenizer(iter(["order kab aayega"] * 10), 320, tmp_path)
    new = load_tokenizer(str(tmp_path))
    replace_vocabulary(model, tokenizer, new)
    assert torch.equal(model.get_output_embeddings().weight[new.eos_token_id], head[tokenizer.eos_token_id])


def test_parameters_count_the_head_once_and_the_table_only_where_it_is_the_head(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    tied = shape_of(random_llama(TINY, tokenizer, seed=0))
    assert tied.parameters == tied.stored_parameters
    untied = shape_of(GPT2LMHeadModel(GPT2Config(vocab_size=100, n_embd=16, n_layer=1, n_head=2)))
    assert untied.parameters == untied.stored_parameters  # GPT-2 ties its head


def test_an_empty_directory_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"no config\.json"):
        load_model(str(tmp_path))
