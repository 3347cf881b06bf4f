"""Vocabulary surgery: keep a model's body, give it another tokenizer or a longer one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.models.pretrained import name_specials
from dono.tokens import SPACE, bytes_of, encode_plain, is_bytewise, written

RowsName = Literal["mean", "first", "normal"]


def replace_vocabulary(
    model: PreTrainedModel, old: PreTrainedTokenizerBase, new: PreTrainedTokenizerBase, *, rows: RowsName = "mean"
) -> PreTrainedModel:
    """Swap the tokenizer under a model, in place: the body stays, embedding rows are made anew.

    A new token's row is the mean of the rows of the old pieces that spell it (as in WECHSEL's and FOCUS's baselines);
    specials keep the row of their counterpart. The head, and its bias where it has one, is treated alike where it is
    not tied. `rows` names another way from `ROWS`. Raises `Mistake` for a tokenizer whose pieces cannot be read.
    """
    _rebuild(model, old_pieces(old, new, range(_size(new))), rows)
    model.config.eos_token_id = model.generation_config.eos_token_id = None  # a list of ends counts in the old ids
    _name_specials(model, new)
    return model


def extend_vocabulary(
    model: PreTrainedModel, old: PreTrainedTokenizerBase, new: PreTrainedTokenizerBase, *, rows: RowsName = "mean"
) -> PreTrainedModel:
    """Give a model the tokenizer `new` that adds tokens to `old`, in place: all rows of old ids stay as they are.

    Rows of added tokens are made as in `replace_vocabulary`. The table keeps the rows that it has beyond the tokenizer
    (it may be padded to a round number); added tokens take these first, and it grows only when they are used up.
    Raises `Mistake` where `new` gives an old token another id.
    """
    before, after = old.get_vocab(), new.get_vocab()
    for token, id_ in sorted(before.items(), key=lambda item: item[1]):
        if after.get(token) != id_:
            what = f"the new tokenizer has {token!r} as {after.get(token)}, the old one as {id_}"
            raise Mistake(what, where="vocabulary", remedy="Extend the old tokenizer, or replace the vocabulary")
    held = int(model.get_input_embeddings().weight.shape[0])
    pieces = [[i] for i in range(max(held, _size(new)))]
    added = sorted(set(after.values()) - set(before.values()))
    for id_, spelled in zip(added, old_pieces(old, new, added), strict=True):
        pieces[id_] = spelled
    _rebuild(model, pieces, rows)
    _name_specials(model, new)
    return model


def old_pieces(old: PreTrainedTokenizerBase, new: PreTrainedTokenizerBase, ids: Iterable[int]) -> list[list[int]]:
    """For each of these ids of `new`, the ids of `old` that spell the same bytes; empty where `old` has none."""
    counterpart = _counterparts(old, new)
    tokens = {id_: token for token, id_ in new.get_vocab().items()}
    literal, bytewise, speller = set(new.get_added_vocab()), is_bytewise(new), _Speller(old)
    spelled: list[list[int]] = []
    for id_ in ids:
        token = tokens.get(id_)
        if id_ in counterpart:
            spelled.append([counterpart[id_]])
        elif token is None:  # a hole in the numbering
            spelled.append([])
        elif token in literal:
            spelled.append([speller.vocabulary[token]] if token in speller.vocabulary else speller.ids(token.encode()))
        else:
            spelled.append(speller.ids(bytes_of(token, bytewise=bytewise)))
    return spelled


def _counterparts(old: PreTrainedTokenizerBase, new: PreTrainedTokenizerBase) -> dict[int, int]:
    """Ids of `new` that begin, end or pad, with the ids in `old` that do the same.

    One id may play several parts: then its end counts most, because the model must stop. Padding that the old
    tokenizer shares with its end is nobody's counterpart, or padding would be as likely as the end.
    """
    pairs = [(new.bos_token_id, old.bos_token_id), (new.eos_token_id, old.eos_token_id)]
    if old.pad_token_id != old.eos_token_id:
        pairs.insert(0, (new.pad_token_id, old.pad_token_id))
    return {n: o for n, o in pairs if n is not None and o is not None}


class _Speller:
    """Spells bytes in the pieces of a tokenizer, with nothing put before them: these are parts of texts."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer, self.bytewise = tokenizer, is_bytewise(tokenizer)
        self.model, self.vocabulary = tokenizer.backend_tokenizer.model, tokenizer.get_vocab()

    def ids(self, raw: bytes) -> list[int]:
        """The ids of the pieces, without those that the tokenizer does not know."""
        if not self.bytewise:
            return self._runs(raw)
        try:
            return encode_plain(self.tokenizer, [raw.decode("utf8")])[0]
        except UnicodeDecodeError:  # part of a character
            return self._tokenized(written(raw))

    def _runs(self, raw: bytes) -> list[int]:
        """Runs of whole characters by the model alone (encoding would put a space before), other bytes one by one."""
        ids: list[int] = []
        # surrogateescape: bytes that belong to no whole character become U+DC80 to U+DCFF
        for run in re.findall("[\udc80-\udcff]|[^\udc80-\udcff]+", raw.decode("utf8", "surrogateescape")):
            byte = f"<0x{ord(run) - 0xDC00:02X}>" if "\udc80" <= run <= "\udcff" else ""
            if not byte:
                ids += self._tokenized(run.replace(" ", SPACE))
            elif byte in self.vocabulary:
                ids.append(self.vocabulary[byte])
        return ids

    def _tokenized(self, text: str) -> list[int]:
        return [token.id for token in self.model.tokenize(text) if token.id != self.tokenizer.unk_token_id]


def _name_specials(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    name_specials(model.generation_config, tokenizer)
    name_specials(model.config, tokenizer)
    if tokenizer.pad_token_id == tokenizer.eos_token_id:
        model.config.pad_token_id = None  # the row that a model's configuration calls padding would not learn


def _size(tokenizer: PreTrainedTokenizerBase) -> int:
    """How many rows its ids need: the numbering may have holes."""
    return max(tokenizer.get_vocab().values()) + 1


def _rebuild(model: PreTrainedModel, pieces: Sequence[Sequence[int]], rows: RowsName) -> None:
    """Give embeddings and head a row for each of `pieces`, made of the old rows that it lists as `rows` says.

    One listed row is kept bit by bit; rows that the table does not have are left out; none left: the mean of all rows.
    A head of its own that takes the first piece's row instead does better on re-encoded text (0.59 against 0.73 bits
    per byte, on a small model that knows it by heart) and worse on text without new tokens (0.20 against 0.10).
    """
    embeddings, head = model.get_input_embeddings(), model.get_output_embeddings()
    own = head is not None and head.weight is not embeddings.weight
    table = ROWS[rows](embeddings.weight, pieces)
    head_table = ROWS[rows](head.weight, pieces) if own else None
    bias = _means(head.bias[:, None], pieces)[:, 0] if getattr(head, "bias", None) is not None else None
    model.name_or_path = ""  # no longer the model of that name, which an adapter could be put on
    model.resize_token_embeddings(len(pieces), mean_resizing=False)
    embeddings, head = model.get_input_embeddings(), model.get_output_embeddings()
    embeddings.padding_idx = None  # the row under the old padding's id is now another token's, and must learn
    _write(embeddings.weight, table)
    if head_table is not None:
        _write(head.weight, head_table)
    if bias is not None:
        _write(head.bias, bias)


@torch.no_grad()
def _means(table: Tensor, pieces: Sequence[Sequence[int]]) -> Tensor:
    """Row i [width] of the result is the mean of the rows `pieces[i]` of `table` [rows, width]."""
    kept = [[i for i in ids if i < len(table)] for ids in pieces]
    counts = torch.tensor([0, *map(len, kept)])
    flat = torch.tensor([i for ids in kept for i in ids], dtype=torch.int64, device=table.device)
    offsets = counts.cumsum(0)[:-1].to(table.device)
    means = embedding_bag(flat, table, offsets, mode="mean")
    means[(counts[1:] == 0).to(table.device)] = table.mean(0)
    return means


def _firsts(table: Tensor, pieces: Sequence[Sequence[int]]) -> Tensor:
    """Row i [width] of the result is the first row of `pieces[i]` in `table` [rows, width]."""
    return _means(table, [ids[:1] for ids in pieces])


@torch.no_grad()
def _normals(table: Tensor, pieces: Sequence[Sequence[int]]) -> Tensor:
    """Rows of one piece are kept; others are drawn from the normal distribution of all old rows, always the same ones.

    Hewitt 2021 ("Initializing new word embeddings for pretrained language models"); arXiv 2407.05841 finds it on par
    with costlier ways once the model has been trained on.
    """
    made = _means(table, pieces)
    drawn = [i for i, ids in enumerate(pieces) if len(ids) != 1]
    wide = table.detach().double().cpu()
    values, vectors = torch.linalg.eigh(torch.cov(wide.T).reshape(wide.shape[1], -1))
    noise = torch.randn(len(drawn), wide.shape[1], dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    sampled = wide.mean(0) + noise @ (vectors * values.clamp(min=0).sqrt()).T
    made[drawn] = sampled.to(made)
    return made


ROWS: dict[RowsName, Callable[[Tensor, Sequence[Sequence[int]]], Tensor]] = {
    "mean": _means,
    "first": _firsts,
    "normal": _normals,
}
"""How the row of a new token is made from the rows of the old pieces that spell it."""


@torch.no_grad()
def _write(weight: nn.Parameter, rows: Tensor) -> None:
    weight.copy_(rows)
