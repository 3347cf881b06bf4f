"""Layers of Llama's kind in fewer steps, for float32 models on a processor that answer and learn no more.

They compute what transformers' own layers compute. Weights are laid out once as oneDNN reads them, which is what makes
products of few rows faster (measured: 8 rows 1.9 times, 32 rows 1.4, 128 rows 1.1), and products of the same input are
one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention, silu
from transformers import LlamaForCausalLM, MistralForCausalLM, PreTrainedModel, Qwen2ForCausalLM, Qwen3ForCausalLM
from transformers.cache_utils import Cache
from transformers.models.llama.modeling_llama import LlamaDecoderLayer

from dono.objectives import onednn_is_faster

ROWS = 8
"""Rows that weights are laid out for; other numbers read the same layout as fast as one of their own (measured)."""
AGREE = 1e-4
"""How far a layer may be from the one that it replaces, relative to its largest number (measured: 1e-6)."""
TRIED = 24
"""Tokens that they are compared on."""
KINDS = (LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM)
"""Models whose layers are computed alike."""


def fuse(model: PreTrainedModel) -> None:
    """Replace the layers of a model and its head, where its kind is known and oneDNN is the faster library here.

    It keeps its answers, and can no longer be trained, adapted or saved. A layer that would compute something else (by
    another release of transformers) stays as it is.
    """
    fits = model.device.type == "cpu" and model.dtype == torch.float32 and model.config._attn_implementation == "sdpa"
    there = onednn_is_faster() and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    if type(model) not in KINDS or not (fits and there and model.config.hidden_act == "silu"):
        return
    for layer in model.model.layers:
        made = FusedLayer(layer)
        if _agree(made, layer, model.model.rotary_emb):
            layer.fused, layer.forward = made, made.forward
            del layer.self_attn, layer.mlp
    model.lm_head = PackedLinear(model.lm_head)
    for parameter in model.parameters():
        parameter.data = parameter.data.clone()  # else the table holds the whole file that all weights were read from


@torch.inference_mode()
def _agree(made: FusedLayer, layer: LlamaDecoderLayer, rotary: nn.Module) -> bool:
    x = torch.randn(2, TRIED, layer.input_layernorm.weight.shape[0], generator=torch.Generator().manual_seed(0))
    turns = rotary(x, torch.arange(TRIED)[None])
    found, wanted = (one(x, position_embeddings=turns, attention_mask=None) for one in (made, layer))
    return bool((found - wanted).abs().max() <= AGREE * wanted.abs().max())


class PackedLinear(nn.Module):
    """Linear layers of the same input as one product of oneDNN, without gradients."""

    def __init__(self, *layers: nn.Linear, scale: Tensor | None = None) -> None:
        """`scale` [in] is by what inputs are multiplied first; it becomes a part of the weights."""
        super().__init__()
        weight = torch.cat([la.weight.detach() for la in layers])
        weight = weight if scale is None else weight * scale
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS)
        self.bias = None if layers[0].bias is None else torch.cat([la.bias.detach() for la in layers])

    def forward(self, x: Tensor) -> Tensor:
        """[..., out] of [..., in]."""
        found: Tensor = torch.ops.mkldnn._linear_pointwise.default(x, self.weight, self.bias, "none", [], "")
        return found


@dataclass(frozen=True)
class Group:
    """Rows that are read alike: `ids` and `places` [rows, new], what each new token may look at, where keys and values
    are written (the cache's matter), and the number of each row's last token [rows].
    """

    ids: Tensor
    places: Tensor
    mask: Tensor | dict[str, Tensor]
    at: object
    last: Tensor


class FusedLayer(nn.Module):
    """A decoder layer: normalised, attention with turned positions, normalised, gated by SiLU."""

    def __init__(self, layer: LlamaDecoderLayer) -> None:
        super().__init__()
        attention, mlp = layer.self_attn, layer.mlp
        norms = layer.input_layernorm, layer.post_attention_layernorm
        size = norms[0].weight.shape[0]
        first, second = (norm.weight.detach() * size**0.5 for norm in norms)
        self.least = torch.tensor((size * norms[0].variance_epsilon) ** 0.5)
        self.qkv = PackedLinear(attention.q_proj, attention.k_proj, attention.v_proj, scale=first)
        self.out, self.down = PackedLinear(attention.o_proj), PackedLinear(mlp.down_proj)
        self.gate_up = PackedLinear(mlp.gate_proj, mlp.up_proj, scale=second)
        self.width, self.scaling, self.layer_idx = attention.head_dim, attention.scaling, attention.layer_idx
        self.queries, self.keys = (p.out_features // self.width for p in (attention.q_proj, attention.k_proj))
        self.sign = torch.ones(self.width)
        self.sign[: self.width // 2] = -1.0
        self.norms: Tensor | None = None
        """Of each query and key [heads, width] (Qwen3)."""
        if (norm := getattr(attention, "q_norm", None)) is not None:
            weights = [*repeat(norm.weight, self.queries), *repeat(attention.k_norm.weight, self.keys)]
            self.norms, self.epsilon = torch.stack(weights), norm.variance_epsilon

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        position_embeddings: tuple[Tensor, Tensor] | None = None,
        past_key_values: Cache | None = None,
        **others: object,
    ) -> Tensor:
        """As transformers calls a layer: [rows, new, hidden] of the same."""
        assert position_embeddings is not None
        turned, value = self._turned(hidden_states, position_embeddings)
        return self._rest(hidden_states, self._attend(turned, value, attention_mask, past_key_values))

    def read(self, x: Tensor, turns: tuple[Tensor, Tensor], groups: Sequence[Group], cache: Cache, kind: str) -> Tensor:
        """The same for groups of rows one after the other, `x` [1, tokens, hidden]; each attends by itself."""
        turned, value = self._turned(x, turns)
        sizes, seen = [g.ids.numel() for g in groups], []
        for group, one, other in zip(groups, turned[0].split(sizes), value[0].split(sizes), strict=True):
            mask, shape = group.mask[kind] if isinstance(group.mask, dict) else group.mask, group.ids.shape
            mixed = self._attend(one.unflatten(0, shape), other.unflatten(0, shape), mask, cache, group.at)
            seen.append(mixed.flatten(0, 1))
        return self._rest(x, torch.cat(seen)[None])

    def _turned(self, x: Tensor, turns: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Queries and keys, turned by their positions, and values: [rows, new, heads, width]."""
        cos, sin = (turn[:, :, None] for turn in turns)
        mixed = self.qkv(self._normed(x)).unflatten(-1, (-1, self.width))
        turned, value = mixed[:, :, : self.queries + self.keys], mixed[:, :, self.queries + self.keys :]
        if self.norms is not None:
            turned = torch.rms_norm(turned, (self.width,), None, self.epsilon) * self.norms
        # (a, b) becomes (a cos - b sin, b cos + a sin)
        return torch.addcmul(turned * cos, turned.roll(self.width // 2, -1), sin * self.sign), value

    def _attend(
        self, turned: Tensor, value: Tensor, mask: Tensor | None, cache: Cache | None, at: object = None
    ) -> Tensor:
        """[rows, new, all heads] of what the queries see; `at` is where the cache writes."""
        turned, value = turned.transpose(1, 2), value.transpose(1, 2)
        query, key = turned[:, : self.queries], turned[:, self.queries :]
        if cache is not None:
            key, value = cache.update(key, value, self.layer_idx, at)
        seen = scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=mask is None and query.shape[2] > 1,
            scale=self.scaling, enable_gqa=self.queries != self.keys,
        )  # fmt: skip
        return seen.transpose(1, 2).flatten(2)

    def _rest(self, x: Tensor, seen: Tensor) -> Tensor:
        x = x + self.out(seen)
        gate, up = self.gate_up(self._normed(x)).chunk(2, dim=-1)
        return x + self.down(silu(gate) * up)

    def _normed(self, x: Tensor) -> Tensor:
        """As RMSNorm, but for its weights, which are a part of the next product (a fifth to a half of its time)."""
        return x / torch.hypot(torch.linalg.vector_norm(x, dim=-1, keepdim=True), self.least)


class Pass:
    """A pass of a fused model without what transformers does around its layers (a tenth of a small model's step)."""

    def __init__(self, model: LlamaForCausalLM) -> None:
        self.body, self.head = model.model, model.lm_head
        self.kinds = getattr(model.config, "layer_types", None) or [""] * len(self.body.layers)

    def logits(self, groups: Sequence[Group], cache: Cache) -> Tensor:
        """[all rows, vocabulary] after the last token of each row of each group."""
        x = self.body.embed_tokens(torch.cat([g.ids.flatten() for g in groups])[None])
        turns = self.body.rotary_emb(x, torch.cat([g.places.flatten() for g in groups])[None])
        for layer, kind in zip(self.body.layers, self.kinds, strict=True):
            x = layer.fused.read(x, turns, groups, cache, kind)
        found: Tensor = self.head(self.body.norm(x[0, torch.cat(list(_lasts(groups)))]))
        return found


def _lasts(groups: Sequence[Group]) -> Iterator[Tensor]:
    """Where the last token of each row stands among all tokens."""
    before = 0
    for group in groups:
        rows, new = group.ids.shape
        yield torch.arange(before, before + rows * new, new) + group.last
        before += rows * new


def pass_of(model: PreTrainedModel) -> Pass | None:
    """The shorter way through a model whose layers are all fused; None for another."""
    if type(model) not in KINDS or not all(hasattr(layer, "fused") for layer in model.model.layers):
        return None
    return Pass(cast(LlamaForCausalLM, model))
