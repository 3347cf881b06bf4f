"""How requests under way are read on: all together in slots, or, where a model cannot, each with a cache of its own.

Which of them is found out by asking the model: two prompts of different lengths are read together and compared with
each read alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from transformers import PreTrainedModel

from dono.errors import Mistake
from dono.models import Group, pass_of
from dono.serving.graphs import Recordings
from dono.serving.slots import ROUNDING, Prefix, SlotCache, bytes_of_token, example_of, masks

CACHES = ("past_key_values", "cache_params", "state")
"""What models call the cache that they take and give back."""
AGREE = 1e-3
"""How far logits read together may be from those read alone, relative to their size in float32 (measured: 1e-6)."""
ROUGH = 0.1
"""The same in half precision, whose rounding differs with the shape of a batch (assumed)."""
Adapters = Sequence[str | None]
"""The adapter of each row, or None for the base."""
Ids = Sequence[Sequence[int]]
Run = tuple[int, Ids, Sequence[int]]
"""Rows side by side: the first of them, each row's new tokens, and where those start."""


class Rows(Protocol):
    """The rows of one model. Rows lie side by side, so a pass reads the rows from `first` on."""

    model: PreTrainedModel
    slots: int
    capacity: int
    token_bytes: int
    """Of a token's keys and values; 0 where nothing is copied."""
    mixes: bool
    """Whether it can `read_both`."""

    def read(self, first: int, ids: Sequence[Sequence[int]], starts: Sequence[int], adapters: Adapters) -> Tensor:
        """Read each row's new tokens, which stand from its `starts` on; logits [rows, vocabulary] after the last."""

    def read_both(self, one: Run, other: Run) -> tuple[Tensor, Tensor]:
        """Two runs of rows that lie apart, in one pass, without adapters; the logits of each."""

    def use_model(self, model: PreTrainedModel) -> None:
        """Go on with the same model, now with adapters."""

    def move(self, source: int, target: int, length: int) -> None:
        """A row goes to another slot."""

    def take_out(self, slot: int, length: int) -> Prefix:
        """A copy of a row's beginning; empty where there is none."""

    def put_in(self, slot: int, prefix: Prefix, length: int) -> None:
        """A row begins with a copy."""


class SlotRows:
    """All rows in one pass over a `SlotCache`."""

    def __init__(self, model: PreTrainedModel, slots: int, capacity: int, *, recorded: bool = False) -> None:
        self.model, self.slots, self.capacity = model, slots, capacity
        self.cache = SlotCache(model, slots, capacity)
        self.token_bytes = bytes_of_token(example_of(model))
        self._recordings = Recordings(model, self.cache) if recorded and model.device.type == "cuda" else None
        self._pass = pass_of(model)
        self.mixes = self._pass is not None

    @torch.inference_mode()
    def read(self, first: int, ids: Sequence[Sequence[int]], starts: Sequence[int], adapters: Adapters) -> Tensor:
        """One pass for all rows; shorter ones are filled up, and what fills them goes nowhere."""
        new = max(len(row) for row in ids)
        if self._recordings is not None and first == 0 and new == 1 and not any(adapters):
            logits = self._recordings.read([row[0] for row in ids], starts)
            if logits is not None:
                return logits
        if self._pass is not None:
            return self._pass.logits([self._group(first, ids, starts)], self.cache)
        inputs, places, length = self._placed(ids, starts)
        self.cache.point(first, places, length)
        lasts = sorted({len(row) - 1 for row in ids})
        alike = len(lasts) == 1
        out = self.model(
            input_ids=inputs, position_ids=places.clamp(max=self.capacity - 1), past_key_values=self.cache,
            attention_mask=masks(self.model, places, length), use_cache=True,
            logits_to_keep=1 if alike else torch.tensor(lasts, device=inputs.device),
            **named_adapters(self.model, adapters),
        )  # fmt: skip
        if alike:
            return out.logits[:, -1]
        chosen = torch.tensor([lasts.index(len(row) - 1) for row in ids], device=inputs.device)
        return out.logits[torch.arange(len(ids), device=inputs.device), chosen]

    @torch.inference_mode()
    def read_both(self, one: Run, other: Run) -> tuple[Tensor, Tensor]:
        """Two runs of rows in one pass, so that weights are read once."""
        assert self._pass is not None
        logits = self._pass.logits([self._group(*one), self._group(*other)], self.cache)
        return logits[: len(one[1])], logits[len(one[1]) :]

    def _placed(self, ids: Ids, starts: Sequence[int]) -> tuple[Tensor, Tensor, int]:
        """New tokens filled up to one length and their places [rows, new]; how far rows are read."""
        new = max(len(row) for row in ids)
        table = torch.tensor([[start, *row, *([0] * (new - len(row)))] for start, row in zip(starts, ids, strict=True)])
        table = _sent(table, self.model.device)
        inputs, places = table[:, 1:], table[:, :1] + torch.arange(new, device=table.device)
        longest = max(start + len(row) for start, row in zip(starts, ids, strict=True))
        return inputs, places, min(-(-longest // ROUNDING) * ROUNDING, self.capacity + 1)

    def _group(self, first: int, ids: Ids, starts: Sequence[int]) -> Group:
        inputs, places, length = self._placed(ids, starts)
        at, mask = self.cache.at(first, places, length), masks(self.model, places, length)
        last = torch.tensor([len(row) - 1 for row in ids])
        return Group(inputs, places.clamp(max=self.capacity - 1), mask, at, last)

    def use_model(self, model: PreTrainedModel) -> None:
        """The same model with adapters; its layers are no longer those that were recorded."""
        self.model, self._recordings, self._pass, self.mixes = model, None, None, False

    def move(self, source: int, target: int, length: int) -> None:
        """Copy a slot."""
        self.cache.move(source, target, length)

    def take_out(self, slot: int, length: int) -> Prefix:
        """A copy of a slot."""
        return self.cache.take_out(slot, length)

    def put_in(self, slot: int, prefix: Prefix, length: int) -> None:
        """A copy into a slot."""
        self.cache.put_in(slot, prefix, length)


class SeparateRows:
    """Each row with the model's own cache, one pass a row: for models that keep something else than keys and values."""

    token_bytes = 0
    mixes = False

    def __init__(self, model: PreTrainedModel, slots: int, capacity: int) -> None:
        self.model, self.slots, self.capacity = model, slots, capacity
        self.caches: list[object] = [None] * slots
        takes = inspect.signature(model.forward).parameters
        self._cache = next((name for name in CACHES if name in takes), CACHES[0])

    @torch.inference_mode()
    def read(self, first: int, ids: Sequence[Sequence[int]], starts: Sequence[int], adapters: Adapters) -> Tensor:
        """One pass for each row."""
        found = []
        for slot, (row, start) in enumerate(zip(ids, starts, strict=True), first):
            inputs = _sent(torch.tensor([list(row)]), self.model.device)
            named = named_adapters(self.model, adapters[slot - first : slot - first + 1])
            given = {self._cache: self.caches[slot]} if start else {}
            out = self.model(input_ids=inputs, use_cache=True, **given, **named)
            self.caches[slot] = getattr(out, self._cache)
            found.append(out.logits[:, -1])
        return torch.cat(found)

    def read_both(self, one: Run, other: Run) -> tuple[Tensor, Tensor]:
        """Never called."""
        raise AssertionError("each row is read by itself")

    def use_model(self, model: PreTrainedModel) -> None:
        """The same model with adapters."""
        self.model = model

    def move(self, source: int, target: int, length: int) -> None:
        """A cache changes its place."""
        self.caches[target], self.caches[source] = self.caches[source], None

    def take_out(self, slot: int, length: int) -> Prefix:
        """Nothing: such a cache cannot be cut."""
        return []

    def put_in(self, slot: int, prefix: Prefix, length: int) -> None:
        """Never called."""
        raise AssertionError("nothing is copied")


def _sent(table: Tensor, device: torch.device) -> Tensor:
    """To the device, without waiting for it."""
    return table.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else table.to(device)


def named_adapters(model: PreTrainedModel, adapters: Adapters) -> dict[str, list[str]]:
    """What peft takes: the adapter of each row, where the model has any."""
    if not hasattr(model, "peft_config"):
        return {}
    return {"adapter_names": [name or "__base__" for name in adapters]}


def rows_of(model: PreTrainedModel, *, slots: int, capacity: int, recorded: bool = True) -> Rows:
    """Slots where this model reads rows together as it reads them alone; else separate rows.

    `recorded`: on a GPU single steps are recorded and replayed. Raises `Mistake` for a model that cannot go on from
    what it has read at all.
    """
    try:
        if _reads_together(model):
            return SlotRows(model, slots, capacity, recorded=recorded)
    except (TypeError, ValueError, RuntimeError, AttributeError, IndexError, KeyError):
        pass  # it has no such cache, takes no such mask or position: it is asked in its own way
    alone = SeparateRows(model, slots, capacity)
    if not _goes_on(model, SeparateRows(model, 1, capacity)):
        what = "the model does not go on from what it has read: answers would be wrong"
        raise Mistake(what, where=str(model.name_or_path), remedy="Serve it with vLLM: dono serve URL")
    return alone


@torch.inference_mode()
def _goes_on(model: PreTrainedModel, rows: SeparateRows) -> bool:
    """Whether a prompt and one token after it give the logits of both read at once."""
    row = _random(model, 11)
    try:
        rows.read(0, [row[:-1]], [0], [None])
        found = rows.read(0, [row[-1:]], [len(row) - 1], [None])
    except (TypeError, ValueError, RuntimeError, AttributeError):
        return False
    return _close(found, model(input_ids=torch.tensor([row], device=model.device)).logits[:, -1])


def _random(model: PreTrainedModel, length: int) -> list[int]:
    random = torch.Generator().manual_seed(length)
    vocabulary = int(model.config.get_text_config().vocab_size)
    found: list[int] = torch.randint(vocabulary, (length,), generator=random).tolist()
    return found


def _close(found: Tensor, wanted: Tensor) -> bool:
    """Whether logits agree as far as the precision lets them."""
    far = (found.float() - wanted.float()).abs().max() / wanted.float().abs().max().clamp_min(1e-6)
    return bool(far < (AGREE if wanted.dtype == torch.float32 else ROUGH))


@torch.inference_mode()
def _reads_together(model: PreTrainedModel) -> bool:
    """Whether two prompts read together, in two passes, and one token more give the logits of each read alone."""
    window = getattr(model.config.get_text_config(), "sliding_window", None) or 0
    rows = [_random(model, n) for n in (min(48, window + 8) if 0 < window < 40 else 48, 13)]
    trial = SlotRows(model, 2, 64)
    trial.read(0, [rows[0][:7], rows[1][:3]], [0, 0], [None, None])
    trial.read(0, [rows[0][7:-1], rows[1][3:-1]], [7, 3], [None, None])
    found = trial.read(0, [rows[0][-1:], rows[1][-1:]], [len(rows[0]) - 1, len(rows[1]) - 1], [None, None])
    alone = [
        model(input_ids=torch.tensor([row], device=model.device), use_cache=False).logits[:, -1] for row in rows
    ]  # fmt: skip
    return _close(found, torch.cat(alone))
