"""How training reads a model: documents in, predictions at the trained places out, nothing computed in vain."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch
from peft import PeftModel
from torch import Tensor, nn
from transformers import PreTrainedModel

from dono.errors import Mistake
from dono.models.attention import DOCUMENTS
from dono.models.products import multiply_by_onednn
from dono.objectives import Logits, Predictions, Projected, loglikelihoods
from dono.tokens import IGNORED, Rows

T = TypeVar("T")

AGREE = 2e-4
"""How far two ways to the same hidden states may differ, relative to their size (float32; measured: below 1e-5)."""
NOT_LINEAR = ("final_logit_softcapping", "logit_scale", "logits_scaling")
"""What configurations call a head that does more than multiply (Gemma 2, Cohere, Granite); small logits hide it."""


class Placed(NamedTuple):
    """`Rows` as tensors on the model's device, with the same shapes; `bounds` stay with the processor."""

    inputs: Tensor
    labels: Tensor
    positions: Tensor
    tokens: int
    bounds: Tensor | None
    attention: Tensor | None


def placed(rows: Rows, device: torch.device) -> Placed:
    """The rows on `device`."""
    bounds = None if rows.bounds is None else torch.from_numpy(rows.bounds)
    inputs, labels, positions = (torch.from_numpy(a).to(device) for a in (rows.inputs, rows.labels, rows.positions))
    attention = None if rows.attention is None else torch.from_numpy(rows.attention).to(device)
    return Placed(inputs, labels, positions, rows.tokens, bounds, attention)


class Reader(nn.Module):
    """A causal language model, read for training. Dropout is off: one pass over data does not overfit.

    `packs`: documents on one row are kept apart. `projects`: the head is applied at trained places only, in chunks.
    Both are found out by asking the model itself, see `reader_of`.
    """

    def __init__(self, model: PreTrainedModel, *, packs: bool, projects: bool) -> None:
        super().__init__()
        self.model, self.packs, self.projects = model, packs, projects

    def forward(self, rows: Placed, then: Callable[[Predictions, Tensor], T]) -> T:
        """`then(predictions, labels)` at the trained places, in the order of the rows.

        `then` runs inside the forward pass, so that a sharded head is whole while it is used.
        """
        trained = rows.labels != IGNORED
        labels = rows.labels[trained]
        if not self.projects:
            return then(Logits(self._run(self.model, rows).logits[trained]), labels)
        hidden = self._run(body(self.model), rows).last_hidden_state[trained]
        return then(Projected(hidden, head_of(self.model).weight), labels)

    def hidden(self, rows: Placed) -> Tensor:
        """The last hidden states [rows, length, width]."""
        return self._run(body(self.model), rows).last_hidden_state

    def _run(self, module: nn.Module, rows: Placed):  # type: ignore[no-untyped-def] # noqa: ANN202 - the model's own output type
        mask = rows.attention
        if rows.bounds is not None:
            assert self.packs, "this model does not keep packed documents apart"
            mask = _as_mask(rows.bounds)
        return module(input_ids=rows.inputs, attention_mask=mask, position_ids=rows.positions, use_cache=False)


class Unadapted(Reader):
    """What a model with low-rank updates was before them: they are switched off while it is read.

    It shares the weights of `adapted`, so a frozen reference needs no second copy of the base.
    """

    def __init__(self, adapted: Reader) -> None:
        super().__init__(adapted.model, packs=adapted.packs, projects=adapted.projects)

    def _run(self, module: nn.Module, rows: Placed):  # type: ignore[no-untyped-def] # noqa: ANN202 - as in `Reader`
        with self.model.disable_adapter():
            return super()._run(module, rows)


def reference_beside(reader: Reader, load: Callable[[], PreTrainedModel]) -> Reader:
    """The model in `reader` as it began, frozen: its base beside low-rank updates, else the copy that `load` makes."""
    if isinstance(reader.model, PeftModel):
        return Unadapted(reader)
    return reader_of(load().requires_grad_(False))


def _as_mask(bounds: Tensor) -> Tensor:
    """Bounds in the shape that the attention of packed documents knows; a compiled layer takes any number of them."""
    mask = bounds[None, None, None].clone()
    torch._dynamo.mark_dynamic(mask, 3)
    return mask


def body(model: PreTrainedModel) -> nn.Module:
    """The model without its head; adapters included."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    decoder = inner.get_decoder()
    assert isinstance(decoder, nn.Module)
    return decoder


def head_of(model: PreTrainedModel) -> nn.Module:
    """The output head."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    head = inner.get_output_embeddings()
    assert isinstance(head, nn.Module)
    return head


def reader_of(model: PreTrainedModel) -> Reader:
    """A reader that uses what this model can do: both shortcuts are tried on two short documents and compared.

    A model whose attention mixes packed documents, or whose logits are not hidden · headᵀ (soft-capped, scaled, with a
    bias), is read the long way: padded rows, its own logits. Raises `Mistake` for a model that sees what comes after.
    """
    for name, p in model.named_parameters():
        if not bool(torch.isfinite(p).all()):
            remedy = "Take a checkpoint from before its training failed"
            raise Mistake(f"{name} holds numbers that are not finite", where=_name(model), remedy=remedy)
    model.eval()
    _without_dropout(model)
    multiply_by_onednn(model)
    ids = torch.arange(16, device=model.device) % model.config.get_text_config().vocab_size
    before = model.config._attn_implementation
    reader = Reader(model, packs=False, projects=False)
    with torch.no_grad():
        alone = [reader.hidden(_row(part)) for part in (ids[:9], ids[9:])]
        if not _near(reader.hidden(_row(ids[:5])), alone[0][:, :5]):
            what, remedy = "the model sees the tokens that it should foretell", "Name a causal language model"
            raise Mistake(what, where=_name(model), remedy=remedy)
        reader.projects = _head_is_linear(model, ids, alone[0])
        reader.packs = _keeps_apart(reader, ids, torch.cat(alone, dim=1))
    if not reader.packs:
        model.set_attn_implementation(before)
    return reader


def _name(model: PreTrainedModel) -> str:
    return str(model.config.name_or_path or type(model).__name__)


def _row(ids: Tensor, bounds: Tensor | None = None) -> Placed:
    whole = torch.arange(len(ids), device=ids.device)
    positions = whole
    if bounds is not None:  # bounds stay with the processor
        begins = bounds[torch.searchsorted(bounds, torch.arange(len(ids)), right=True) - 1]
        positions = whole - begins.to(ids.device)
    attention = torch.ones_like(ids)[None] if bounds is None else None
    return Placed(ids[None], ids[None], positions[None], len(ids), bounds, attention)


def _head_is_linear(model: PreTrainedModel, ids: Tensor, hidden: Tensor) -> bool:
    head, config = head_of(model), model.config.get_text_config()
    if any(getattr(config, name, None) not in (None, 1.0) for name in NOT_LINEAR):
        return False
    if getattr(head, "bias", None) is not None or not isinstance(head, nn.Linear):
        return False
    own = model(input_ids=ids[None, : hidden.shape[1]], use_cache=False).logits
    return _near(hidden @ head.weight.t(), own)


def _keeps_apart(reader: Reader, ids: Tensor, alone: Tensor) -> bool:
    """Whether two packed documents come out as `alone` [1, length, width], by the attention for packed documents."""
    reader.packs, row = True, _row(ids, torch.tensor([0, 9, len(ids)]))
    try:
        reader.model.set_attn_implementation(DOCUMENTS)
        together = reader.hidden(row)
    except (NotImplementedError, ValueError, TypeError, RuntimeError):
        return False  # it cannot read them in this way at all
    return _near(together, alone)


def _near(one: Tensor, other: Tensor) -> bool:
    scale = float(other.abs().max()) + 1e-9
    return one.shape == other.shape and float((one - other).abs().max()) <= AGREE * scale


def _without_dropout(model: PreTrainedModel) -> None:
    """Set every dropout to zero, those inside attention included."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        elif isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = 0.0  # type: ignore[assignment, unused-ignore]


class Scorer(nn.Module):
    """A reward model: a number for each document, read at its last place from the last hidden state.

    The linear `score` starts at zero, so that at first nothing is preferred.
    """

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader
        weight = head_of(reader.model).weight
        self.score = nn.Linear(weight.shape[1], 1, bias=False, dtype=weight.dtype, device=weight.device)
        nn.init.zeros_(self.score.weight)

    def forward(self, rows: Placed) -> Tensor:
        """Scores [documents], filling documents included."""
        hidden = self.reader.hidden(rows)
        if rows.bounds is not None:
            last = hidden[0, (rows.bounds[1:] - 1).to(hidden.device)]
        else:
            assert rows.attention is not None
            last = hidden[torch.arange(len(hidden), device=hidden.device), rows.attention.sum(dim=1) - 1]
        return self.score(last)[:, 0]


class Critic(nn.Module):
    """A policy and, on the same hidden states, what reward each token may still expect. `value` starts at zero."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader
        weight = head_of(reader.model).weight
        self.value = nn.Linear(weight.shape[1], 1, dtype=weight.dtype, device=weight.device)
        nn.init.zeros_(self.value.weight)
        nn.init.zeros_(self.value.bias)

    def forward(self, rows: Placed) -> tuple[Tensor, Tensor]:
        """Log-likelihoods and values at the trained places, in the order of the rows: [places] each.

        A token's value is read where it is foretold: from what came before it.
        """

        def both(said: Predictions, labels: Tensor) -> tuple[Tensor, Tensor | None]:
            return loglikelihoods(said, labels), said.hidden if isinstance(said, Projected) else None

        found, hidden = self.reader(rows, both)
        if hidden is None:  # the model's own logits were asked for: a second pass
            hidden = self.reader.hidden(rows)[rows.labels != IGNORED]
        return found, self.value(hidden)[:, 0]


def layers_of(model: PreTrainedModel) -> list[nn.Module]:
    """The repeated layers of a model's body: the longest list of modules in it."""
    lists = [m for m in body(model).modules() if isinstance(m, nn.ModuleList)]
    return list(max(lists, key=lambda found: len(list(found)))) if lists else []
