from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from dono.errors import Mistake
from dono.models import load_model, random_llama, reader_of, save_model, shape_of
from dono.tokens import load_tokenizer
from tests.conftest import TINY
from tests.rooms.models.checkpoints import EVERY, IDS, made, saved
from tests.rooms.models.families import VOCABULARY, WINDOW

SMALL = "4KB"
"""So small that even these models are cut into several files."""


def said(model: PreTrainedModel) -> tuple[Tensor, Tensor]:
    """Logits and loss on `IDS`."""
    with torch.no_grad():
        found = model(input_ids=IDS, labels=IDS)
    return found.logits, found.loss


@pytest.mark.parametrize("shard", ["1GB", SMALL])
@pytest.mark.parametrize("family", EVERY)
def test_a_checkpoint_loads_to_the_last_bit(family: str, shard: str, tmp_path: Path) -> None:
    original = made(family)
    original.save_pretrained(tmp_path, max_shard_size=shard)
    assert (tmp_path / "model.safetensors.index.json").is_file() == (shard == SMALL)
    loaded = load_model(str(tmp_path))
    for ours, theirs in zip(said(loaded), said(original), strict=True):
        assert torch.equal(ours, theirs)
    ours, theirs = (m.generate(IDS[:, :6], max_new_tokens=8, do_sample=False) for m in (loaded, original))
    assert torch.equal(ours, theirs)


def test_a_sliding_window_is_not_lost(tmp_path: Path) -> None:
    loaded, model = saved("mistral", tmp_path), made("mistral")
    model.config.sliding_window = None
    near, far = said(loaded)[0], said(model)[0]
    assert torch.allclose(near[:, :WINDOW], far[:, :WINDOW], atol=1e-5)
    assert not torch.allclose(near[:, WINDOW:], far[:, WINDOW:], atol=0.1)


def test_a_checkpoint_in_half_precision_loads_as_float32_with_the_same_weights(tmp_path: Path) -> None:
    half = made("llama").to(torch.bfloat16)
    half.save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == "bfloat16"
    loaded = load_model(str(tmp_path))
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    rounded = made("llama")  # by hand: .to(bfloat16) would round the rotary frequencies too
    with torch.no_grad():
        for parameter in rounded.parameters():
            parameter.copy_(parameter.bfloat16().float())
    for ours, theirs in zip(said(loaded), said(rounded), strict=True):
        assert torch.equal(ours, theirs)


def without(name: str) -> Callable[[Path], None]:
    """Removes one weight from the only file."""

    def change(folder: Path) -> None:
        weights = load_file(folder / "model.safetensors")
        del weights[name]
        save_file(weights, folder / "model.safetensors", {"format": "pt"})

    return change


def with_a_taller_table(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["model.embed_tokens.weight"] = torch.zeros(VOCABULARY + 1, 16)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def cut_short(folder: Path) -> None:
    third = sorted(folder.glob("*.safetensors"))[2]
    third.write_bytes(third.read_bytes()[:-10])


DAMAGED: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "no head": ("1GB", without("lm_head.weight"), r"lack 1 of the model's weights \(lm_head\.weight\)"),
    "no matrix": ("1GB", without("model.layers.1.mlp.up_proj.weight"), r"lack 1 .*layers\.1\.mlp\.up_proj"),
    "another shape": ("1GB", with_a_taller_table, r"embed_tokens\.weight as \[61, 16\], its config\.json .*\[60, 16\]"),
    "a shard cut short": (SMALL, cut_short, r"model-00003-of-\d+\.safetensors: .*not fully covered"),
    "a shard away": (SMALL, lambda f: sorted(f.glob("*.safetensors"))[1].unlink(), r"model-00002-of-\d+\.safetensors"),
    "a pointer for a file": ("1GB", lambda f: (f / "model.safetensors").write_text("oid 1"), "model.safetensors: "),
    "a broken index": (SMALL, lambda f: (f / "model.safetensors.index.json").write_text("{"), "cannot be loaded"),
    "a broken configuration": ("1GB", lambda f: (f / "config.json").write_text("{"), "cannot be loaded"),
    "an unknown kind": ("1GB", lambda f: (f / "config.json").write_text('{"model_type": "no"}'), "cannot be loaded"),
    "no weights": ("1GB", lambda f: (f / "model.safetensors").unlink(), "cannot be loaded"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_checkpoint_is_refused_in_one_line(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shard, harm, told = DAMAGED[damage]
    made("llama").save_pretrained(tmp_path, max_shard_size=shard)
    load_model(str(tmp_path))
    harm(tmp_path)
    caplog.clear()
    with pytest.raises(Mistake, match=told) as caught:
        load_model(str(tmp_path))
    assert "\n" not in str(caught.value)
    assert not caplog.records  # transformers would add a table and advice of its own


def test_a_tied_head_is_not_missed(tmp_path: Path) -> None:
    loaded = saved("qwen3", tmp_path)
    assert "lm_head.weight" not in load_file(tmp_path / "model.safetensors")
    assert loaded.get_output_embeddings().weight is loaded.get_input_embeddings().weight


def test_an_empty_directory_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"no config\.json"):
        load_model(str(tmp_path))


def test_a_saved_model_loads_to_the_same_function_by_plain_transformers(
    model: LlamaForCausalLM, tokenizer_folder: Path, tmp_path: Path
) -> None:
    tokenizer = load_tokenizer(tokenizer_folder)
    tokenizer.chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    save_model(reader_of(model).model, tokenizer, tmp_path)  # reading changes the attention, which must not be saved
    loaded, told = AutoModelForCausalLM.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    model.set_attn_implementation("sdpa")
    for ours, theirs in zip(said(loaded), said(model), strict=True):
        assert torch.equal(ours, theirs)
    assert told.get_vocab() == tokenizer.get_vocab()
    assert told.apply_chat_template([{"role": "user", "content": "kab?"}], tokenize=False) == "<user>kab?"
    assert loaded.generation_config.eos_token_id == tokenizer.eos_token_id
    assert loaded.generation_config.pad_token_id == tokenizer.pad_token_id


def test_a_saved_tokenizer_names_a_class_that_older_versions_know(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    save_model(model, tokenizer, tmp_path)
    told = json.loads((tmp_path / "tokenizer_config.json").read_text(encoding="utf8"))
    assert told["tokenizer_class"] == "PreTrainedTokenizerFast"


def test_several_ends_of_a_chat_model_are_kept(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, 7]
    save_model(model, tokenizer, tmp_path)
    assert GenerationConfig.from_pretrained(tmp_path).eos_token_id == [tokenizer.eos_token_id, 7]


def test_ends_of_another_tokenizer_are_not_kept(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    model.generation_config.eos_token_id = [8, 7]
    save_model(model, tokenizer, tmp_path)
    assert GenerationConfig.from_pretrained(tmp_path).eos_token_id == tokenizer.eos_token_id


def test_a_base_whose_generation_settings_transformers_will_not_write_can_be_saved(
    base_folder: Path, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    model = load_model(str(base_folder))
    model.generation_config.temperature, model.generation_config.eos_token_id = 0.6, [tokenizer.eos_token_id, 7]
    with pytest.raises(ValueError, match="temperature"):
        model.save_pretrained(tmp_path / "theirs")
    save_model(model, tokenizer, tmp_path / "ours")
    assert load_model(str(tmp_path / "ours")).generation_config.eos_token_id == [tokenizer.eos_token_id, 7]


FULL: dict[str, tuple[str, Exception]] = {
    "weights": ("model", SafetensorError("I/O error: No space left on device (os error 28)")),
    "tokenizer": ("tokenizer", Exception("No space left on device (os error 28)")),
    "configuration": ("model", OSError(errno.ENOSPC, "No space left on device")),
}
"""What was seen on a full disk: each library says it in its own way."""


@pytest.mark.parametrize("part", FULL)
def test_a_full_disk_is_told_with_the_space_needed_and_leaves_nothing_that_loads(
    part: str,
    model: LlamaForCausalLM,
    tokenizer_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tokenizer = load_tokenizer(tokenizer_folder)
    whose, error = FULL[part]

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(model if whose == "model" else tokenizer, "save_pretrained", fail)
    needed = sum(p.numel() for p in model.parameters()) * 4 / 1e6
    with pytest.raises(Mistake, match=f"no space left on the disk .* {needed:,.1f} MB are needed"):
        save_model(model, tokenizer, tmp_path / "new")
    with pytest.raises(Mistake):
        load_model(str(tmp_path / "new"))


def test_another_failure_to_save_is_not_hidden(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    (tmp_path / "model.safetensors").mkdir()
    with pytest.raises(Exception, match="irectory") as caught:
        save_model(model, tokenizer, tmp_path)
    assert not isinstance(caught.value, Mistake)


def test_parameters_count_the_head_once_and_the_table_only_where_it_is_the_head(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    tied = shape_of(random_llama(TINY, tokenizer, seed=0))
    assert tied.parameters == tied.stored_parameters
    gpt2 = shape_of(GPT2LMHeadModel(GPT2Config(vocab_size=100, n_embd=16, n_layer=1, n_head=2)))
    assert gpt2.parameters == gpt2.stored_parameters  # GPT-2 ties its head
    untied = shape_of(made("llama"))
    assert untied.parameters == untied.stored_parameters - VOCABULARY * 16
