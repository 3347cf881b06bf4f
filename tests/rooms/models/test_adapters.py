from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.models import (
    Unadapted,
    add_lora,
    load_adapter,
    load_model,
    merge_lora,
    placed,
    reader_of,
    save_adapter,
    save_model,
)
from dono.objectives import loglikelihoods
from dono.tokens import document, padded
from tests.rooms.models.checkpoints import EVERY, IDS, made, saved

CPU = torch.device("cpu")
MERGED = 1e-5
"""How far merged logits may be from the unmerged, relative to the largest: float32 sums in another order.

Measured on these families: below 3e-6.
"""


def logits(model: nn.Module) -> Tensor:
    with torch.no_grad():
        found = model.eval()(input_ids=IDS).logits
    assert isinstance(found, Tensor)
    return found


def trained(model: PreTrainedModel) -> PeftModel:
    """An adapter as training leaves it: no longer at its start."""
    adapted = add_lora(model, rank=3, seed=0)
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=draw) * 0.1)
    return adapted


@pytest.mark.parametrize("family", EVERY)
def test_a_fresh_adapter_changes_nothing_and_sits_on_every_matrix_but_the_head(family: str) -> None:
    model = made(family)
    before = logits(model)
    inside = [n for n, m in model.named_modules() if getattr(m, "weight", torch.ones(1)).ndim == 2]
    expected = {n for n in inside if not any(part in n for part in ("embed_tokens", "wte", "wpe", "lm_head"))}
    adapted = add_lora(model, rank=3, seed=0)
    assert torch.equal(logits(adapted), before)
    sits_on = {n.removeprefix("base_model.model.") for n, m in adapted.named_modules() if hasattr(m, "lora_A")}
    assert sits_on == expected


@pytest.mark.parametrize("family", EVERY)
def test_with_its_updates_switched_off_a_model_is_its_base_to_the_last_bit(family: str) -> None:
    rows = padded([document(ids.numpy()) for ids in IDS])
    base = reader_of(made(family))(placed(rows, CPU), loglikelihoods).detach()
    reader = reader_of(trained(made(family)))
    learned = [n for n, p in reader.named_parameters() if p.requires_grad]
    adapted = reader(placed(rows, CPU), loglikelihoods).detach()
    assert not torch.equal(adapted, base)
    reference = Unadapted(reader)
    assert torch.equal(reference(placed(rows, CPU), loglikelihoods), base)
    assert {id(p) for p in reference.parameters()} == {id(p) for p in reader.parameters()}
    assert torch.equal(reader(placed(rows, CPU), loglikelihoods), adapted)
    assert [n for n, p in reader.named_parameters() if p.requires_grad] == learned


@pytest.mark.parametrize("family", EVERY)
def test_a_merged_adapter_is_the_same_function_and_an_ordinary_model(family: str, tmp_path: Path) -> None:
    base = saved(family, tmp_path / "base")
    names, config, before = [n for n, _ in base.named_parameters()], base.config.to_dict(), logits(base)
    tied = base.get_output_embeddings().weight is base.get_input_embeddings().weight
    adapted = trained(base)
    apart = logits(adapted)
    assert not torch.allclose(apart, before, atol=0.01)
    merged = merge_lora(adapted)
    assert float((logits(merged) - apart).abs().max()) <= MERGED * float(apart.abs().max())

    assert [n for n, _ in merged.named_parameters()] == names
    assert all(p.requires_grad for p in merged.parameters())
    assert not [n for n in (*vars(merged), *vars(merged.config)) if "peft" in n and getattr(merged, n, None)]
    assert merged.config.to_dict() == config
    assert (merged.get_output_embeddings().weight is merged.get_input_embeddings().weight) == tied

    merged.save_pretrained(tmp_path / "merged")
    assert ("lm_head.weight" in load_file(tmp_path / "merged" / "model.safetensors")) == (not tied)
    assert torch.equal(logits(load_model(str(tmp_path / "merged"))), logits(merged))


@pytest.mark.parametrize("family", EVERY)
def test_a_saved_adapter_holds_itself_alone_and_loads_by_peft_and_by_us(family: str, tmp_path: Path) -> None:
    adapted = trained(saved(family, tmp_path / "base"))
    save_adapter(adapted, tmp_path / "adapter")
    written = sorted(p.name for p in (tmp_path / "adapter").iterdir())
    assert written == ["adapter_config.json", "adapter_model.safetensors"]
    assert all("lora_" in name for name in load_file(tmp_path / "adapter" / "adapter_model.safetensors"))
    told = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert told["base_model_name_or_path"] == str(tmp_path / "base")
    assert told["inference_mode"] is True
    assert told["target_modules"] == sorted(told["target_modules"])  # the same adapter gives the same file

    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    # peft asks transformers by an old name
    with pytest.warns(FutureWarning, match="is_gradient_checkpointing"):
        theirs = PeftModel.from_pretrained(plain, tmp_path / "adapter")
    assert torch.equal(logits(theirs), logits(adapted))
    ours = load_adapter(load_model(str(tmp_path / "base")), tmp_path / "adapter")
    assert torch.equal(logits(ours), logits(adapted))
    goes_on = {n for n, p in ours.named_parameters() if p.requires_grad}
    assert goes_on == {n for n, p in adapted.named_parameters() if p.requires_grad}
    assert torch.equal(logits(merge_lora(ours)), logits(merge_lora(adapted)))


def test_merged_weights_saved_as_a_model_directory_load_with_their_tokenizer(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    merged = merge_lora(trained(model))
    save_model(merged, tokenizer, tmp_path)
    loaded = load_model(str(tmp_path))
    assert loaded.get_output_embeddings().weight is loaded.get_input_embeddings().weight
    assert torch.equal(logits(loaded), logits(merged))


def test_an_adapter_whose_base_is_on_no_disk_is_not_saved(model: LlamaForCausalLM, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="base is on no disk"):
        save_adapter(add_lora(model, rank=2, seed=0), tmp_path)


def test_an_adapter_on_a_merged_model_does_not_name_the_base_that_it_no_longer_is(tmp_path: Path) -> None:
    merged = merge_lora(trained(saved("llama", tmp_path)))
    with pytest.raises(Mistake, match="base is on no disk"):
        save_adapter(add_lora(merged, rank=2, seed=0), tmp_path / "adapter")


@pytest.mark.parametrize("change", [{"num_hidden_layers": 1}, {"intermediate_size": 32}])
def test_an_adapter_of_another_base_is_refused(change: dict[str, int], tmp_path: Path) -> None:
    save_adapter(trained(saved("llama", tmp_path / "base")), tmp_path / "adapter")
    config = made("llama").config
    config.update(change)
    other = LlamaForCausalLM(config)
    names, before = [n for n, _ in other.named_modules()], logits(other)
    with pytest.raises(Mistake, match="do not fit") as caught:
        load_adapter(other, tmp_path / "adapter")
    assert "\n" not in str(caught.value)
    assert [n for n, _ in other.named_modules()] == names and torch.equal(logits(other), before)
    assert all(p.requires_grad for p in other.parameters()) and not hasattr(other, "peft_config")


def test_a_damaged_adapter_is_refused(tmp_path: Path) -> None:
    base = saved("llama", tmp_path / "base")
    save_adapter(trained(base), tmp_path / "adapter")
    weights = tmp_path / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(Mistake, match="not fully covered"):
        load_adapter(load_model(str(tmp_path / "base")), tmp_path / "adapter")


def test_a_directory_without_an_adapter_is_refused(model: LlamaForCausalLM, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"no adapter_config\.json"):
        load_adapter(model, tmp_path)


def test_a_full_disk_is_told_when_an_adapter_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapted = trained(saved("llama", tmp_path))

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dono.models.adapters.save_file", fail)
    with pytest.raises(Mistake, match="no space left"):
        save_adapter(adapted, tmp_path / "adapter")
