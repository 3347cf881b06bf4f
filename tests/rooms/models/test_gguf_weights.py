"""A Llama written as GGUF and read back by transformers, which undoes what llama.cpp's layout does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from gguf import GGUFReader
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.models.gguf_weights import write_model_gguf
from dono.tokens import load_tokenizer, train_tokenizer
from tests.conftest import TEXTS
from tests.rooms.models.families import FAMILIES, build


@pytest.fixture(scope="module")
def portable(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    """A tokenizer that llama.cpp reads alike."""
    folder = tmp_path_factory.mktemp("portable")
    train_tokenizer(iter(TEXTS), 400, folder, kind="portable")
    return load_tokenizer(folder)


def llama(tokenizer: PreTrainedTokenizerBase, *, tied: bool, **more: object) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer) + 5, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=tied, initializer_range=0.3, **more,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


@pytest.mark.parametrize("tied", [True, False])
def test_what_is_read_back_computes_the_same(tied: bool, portable: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    model = llama(portable, tied=tied)
    name = write_model_gguf(model, portable, tmp_path / "m.gguf", precision="f32")
    assert name
    back = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="m.gguf", dtype=torch.float32).eval()
    ids = torch.tensor([portable("the parcel is late")["input_ids"]])
    with torch.no_grad():
        assert torch.allclose(back(ids).logits, model(ids).logits, atol=1e-5)
    reader = GGUFReader(tmp_path / "m.gguf")
    assert ("output.weight" in {t.name for t in reader.tensors}) != tied
    tokens = reader.fields["tokenizer.ggml.tokens"]
    assert len(tokens.data) == len(portable) + 5  # a row of the table for each


def test_half_precision_rounds_matrices_alone(portable: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    write_model_gguf(llama(portable, tied=True), portable, tmp_path / "m.gguf")
    kinds = {t.name: t.tensor_type.name for t in GGUFReader(tmp_path / "m.gguf").tensors}
    assert kinds["blk.1.attn_q.weight"] == "F16" and kinds["output_norm.weight"] == "F32"


def test_what_llama_cpp_would_read_wrongly_is_refused_in_words(
    portable: PreTrainedTokenizerBase, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    path = tmp_path / "m.gguf"
    with pytest.raises(Mistake, match="no pre-tokenizer that cuts as this one does"):
        write_model_gguf(llama(tokenizer, tied=True), tokenizer, path)
    with pytest.raises(Mistake, match="family gpt2 are not written"):
        write_model_gguf(build(FAMILIES["gpt2"]), portable, path)
    with pytest.raises(Mistake, match="scaled rotations"):
        scaled = {"rope_type": "linear", "factor": 2.0, "rope_theta": 10_000.0}
        write_model_gguf(llama(portable, tied=True, rope_parameters=scaled), portable, path)
    with pytest.raises(Mistake, match="bias"):
        write_model_gguf(llama(portable, tied=True, attention_bias=True), portable, path)
    assert not path.exists()
