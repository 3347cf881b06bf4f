"""Where keys and values stay: a place for each request in tensors that are made once, read as one padded batch.

The batch's rows lie side by side, so that a layer reads views of these tensors and nothing is copied at a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

ROUNDING = 16
"""Rows are read to a multiple of so many places: fewer shapes, and aligned masks for the kernels of a GPU (assumed)."""
TOUCHED = 1 << 30
"""Bytes of a processor's memory that are taken at once (assumed): a slot's first use takes as long as five steps else
(measured: 65 ms for 19 MB on a virtual machine)."""
Prefix = list[tuple[Tensor, Tensor]]
"""Keys and values [heads, places, width] of each layer."""


@dataclass
class _At:
    """What one pass writes and reads: rows `first` to `last`, each to its own `places` [rows, new], up to `length`."""

    first: int
    last: int
    rows: Tensor
    places: Tensor
    length: int


class _SlotLayer(DynamicLayer):
    """One layer's keys and values [slots, heads, capacity + 1, width]; the last place takes what is padding."""

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        super().__init__()
        self.keys, self.values = keys, values
        self.dtype, self.device = keys.dtype, keys.device
        self.is_initialized = True
        self.at: _At | None = None

    def update(
        self, key_states: Tensor, value_states: Tensor, at: _At | None = None, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Write the new tokens of all rows, `at` their places or where the cache points; what they see, as views."""
        at = at or self.at
        assert at is not None
        self.keys[at.rows, :, at.places] = key_states.transpose(1, 2)
        self.values[at.rows, :, at.places] = value_states.transpose(1, 2)
        return self.keys[at.first : at.last, :, : at.length], self.values[at.first : at.last, :, : at.length]

    def get_seq_length(self) -> int:
        """Places that are read."""
        return 0 if self.at is None else self.at.length

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Places that are read, and where they begin."""
        assert self.at is not None
        return self.at.length, 0


class SlotCache(Cache):
    """Keys and values of `slots` requests of at most `capacity` tokens each, in the shapes that a model's layers use.

    Memory is zeroed, since what a mask hides is still multiplied by zero; on a processor it is taken when written to,
    but for the first slots, `TOUCHED` bytes in all.
    """

    def __init__(self, model: PreTrainedModel, slots: int, capacity: int) -> None:
        self.slots, self.capacity = slots, capacity
        super().__init__(layers=[_SlotLayer(*self._pair(k, v)) for k, v in example_of(model)])
        tensors = [t for layer in self.layers for t in (layer.keys, layer.values)]
        if tensors[0].device.type == "cpu":
            ready = TOUCHED // sum(t[0].numel() * t.element_size() for t in tensors)
            for tensor in tensors:
                tensor[:ready].zero_()

    def _pair(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        shapes = [(self.slots, t.shape[1], self.capacity + 1, t.shape[3]) for t in (keys, values)]
        return _zeros(shapes[0], keys), _zeros(shapes[1], values)

    def point(self, first: int, places: Tensor, length: int) -> None:
        """The next pass reads new tokens of the rows from `first` on, to be written to `places` [rows, new]."""
        at = self.at(first, places, length)
        for layer in self.layers:
            layer.at = at

    def at(self, first: int, places: Tensor, length: int) -> _At:
        """Where a pass reads and writes that is not pointed."""
        rows = torch.arange(first, first + places.shape[0], device=places.device)[:, None]
        return _At(first, first + places.shape[0], rows, places.clamp(max=self.capacity), length)

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` places of one slot to another."""
        for layer in self.layers:
            layer.keys[target, :, :length] = layer.keys[source, :, :length]
            layer.values[target, :, :length] = layer.values[source, :, :length]

    def take_out(self, slot: int, length: int) -> Prefix:
        """A copy of the first `length` places of a slot."""
        return [(la.keys[slot, :, :length].clone(), la.values[slot, :, :length].clone()) for la in self.layers]

    def put_in(self, slot: int, prefix: Prefix, length: int) -> None:
        """Write the first `length` places of a copy into a slot."""
        for layer, (keys, values) in zip(self.layers, prefix, strict=True):
            layer.keys[slot, :, :length] = keys[:, :length]
            layer.values[slot, :, :length] = values[:, :length]


def _zeros(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Zeros of the type and on the device of `like`; a processor's pages are taken only when they are written to."""
    if like.device.type != "cpu":
        return torch.zeros(shape, dtype=like.dtype, device=like.device)
    size = int(np.prod(shape)) * like.element_size()
    return torch.from_numpy(np.zeros(size, dtype=np.uint8)).view(like.dtype).view(shape)


def example_of(model: PreTrainedModel) -> list[tuple[Tensor, Tensor]]:
    """Keys and values that the model's own cache holds of one token.

    Raises `TypeError` for a model whose cache holds anything else: a state, a convolution, an index.
    """
    ids = torch.zeros(1, 1, dtype=torch.int64, device=model.device)
    with torch.inference_mode():
        found = model(input_ids=ids, use_cache=True).past_key_values
    if not isinstance(found, DynamicCache) or not all(isinstance(la, DynamicLayer) for la in found.layers):
        raise TypeError(f"the cache is a {type(found).__name__}")
    if not all(la.is_initialized and la.keys.dim() == 4 for la in found.layers):
        raise TypeError("its layers share keys and values")
    return [(layer.keys, layer.values) for layer in found.layers]


def bytes_of_token(example: Sequence[tuple[Tensor, Tensor]]) -> int:
    """Bytes of the keys and values of one token."""
    return sum(t.numel() * t.element_size() for pair in example for t in pair)


def masks(model: PreTrainedModel, places: Tensor, length: int) -> Tensor | dict[str, Tensor]:
    """What each new token may look at: float [rows, 1, new, length] to be added to scores; by kind of layer where
    layers differ (a token sees those before it and itself, within the layer's window).
    """
    config = model.config.get_text_config()
    seen = torch.arange(length, device=places.device)
    causal = seen <= places[:, :, None]
    kinds = getattr(config, "layer_types", None) or ["window" if getattr(config, "sliding_window", None) else "full"]
    if getattr(config, "use_sliding_window", True) is False:
        kinds = ["full"]
    made = {kind: _added(causal & _within(kind, config, places, seen), model.dtype) for kind in dict.fromkeys(kinds)}
    return next(iter(made.values())) if len(made) == 1 else made


def _within(kind: str, config: object, places: Tensor, seen: Tensor) -> Tensor:
    at = places[:, :, None]
    if kind in ("sliding_attention", "window"):
        return seen > at - int(getattr(config, "sliding_window", 0) or 0)
    if kind == "chunked_attention":
        chunk = int(getattr(config, "attention_chunk_size", 0) or 0)
        return seen // chunk == at // chunk
    return torch.ones_like(seen, dtype=torch.bool)


def _added(allowed: Tensor, dtype: torch.dtype) -> Tensor:
    low = torch.finfo(dtype).min
    return torch.zeros(allowed.shape, dtype=dtype, device=allowed.device).masked_fill_(~allowed, low)[:, None]
