from __future__ import annotations

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel, Qwen2Config, Qwen2ForCausalLM

from dono.models import fuse, fused, pass_of
from dono.models.fused import FusedLayer, PackedLinear
from tests.rooms.models.families import DENSE, FAMILIES, VOCABULARY, build

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN")
KNOWN = {
    **{name: FAMILIES[name] for name in ("llama", "mistral", "qwen3")},
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**DENSE, tie_word_embeddings=True)),  # has biases
}
IDS = torch.randint(VOCABULARY, (2, 23), generator=torch.Generator().manual_seed(5))
"""Longer than Mistral's window."""


@pytest.fixture(autouse=True)
def _as_if_faster_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "onednn_is_faster", lambda: True)


def randomised(name: str) -> PreTrainedModel:
    """A model whose biases and norms are not those that change nothing."""
    model = build(KNOWN[name])
    draw = torch.Generator().manual_seed(1)
    for key, parameter in model.named_parameters():
        if "norm" in key or key.endswith("bias"):
            parameter.data = torch.rand(parameter.shape, generator=draw) + 0.5
    return model


def seen(model: PreTrainedModel) -> list[Tensor]:
    with torch.inference_mode():
        out = model(IDS, output_hidden_states=True)
    return [out.logits, out.hidden_states[-1]]


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_fused_model_computes_what_it_computed_before(name: str) -> None:
    model = randomised(name)
    before = seen(model)
    assert pass_of(model) is None
    fuse(model)
    assert isinstance(model.lm_head, PackedLinear) and pass_of(model) is not None
    for found, wanted in zip(seen(model), before, strict=True):
        assert float((found - wanted).abs().max()) <= 1e-5 * float(wanted.abs().max())


def test_a_fused_model_generates_what_it_generated_before() -> None:
    model = randomised("qwen3")
    asked = {"max_new_tokens": 20, "do_sample": False, "pad_token_id": 0}
    before = model.generate(IDS, **asked)
    fuse(model)
    assert torch.equal(model.generate(IDS, **asked), before)


def test_other_kinds_and_precisions_stay_as_they_are() -> None:
    for model in (build(FAMILIES["gemma"]), randomised("llama").to(torch.bfloat16)):
        fuse(model)
        assert pass_of(model) is None and not any(isinstance(m, FusedLayer | PackedLinear) for m in model.modules())


def test_where_onednn_is_not_faster_layers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "onednn_is_faster", lambda: False)
    model = randomised("llama")
    fuse(model)
    assert not any(isinstance(m, FusedLayer | PackedLinear) for m in model.modules())


def test_a_layer_that_computes_something_else_stays() -> None:
    model = randomised("llama")
    layer = model.model.layers[1]
    layer.mlp.forward = lambda x: 2 * x
    before = seen(model)
    fuse(model)
    assert [hasattr(la, "fused") for la in model.model.layers] == [True, False] and pass_of(model) is None
    assert torch.allclose(seen(model)[0], before[0], rtol=1e-4, atol=1e-4)
