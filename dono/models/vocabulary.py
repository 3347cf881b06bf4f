"""Vocabulary surgery: keep a model's body, give it another tokenizer."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase


def replace_vocabulary(
    model: PreTrainedModel, old: PreTrainedTokenizerBase, new: PreTrainedTokenizerBase
) -> PreTrainedModel:
    """Swap the tokenizer under a model, in place: the body stays, embedding rows are made anew.

    A new token's row is the mean of the rows of the old pieces that spell it (as in WECHSEL's and FOCUS's baselines);
    specials keep the row of their counterpart. The head is treated alike where it is not tied.
    """
    table = model.get_input_embeddings().weight.detach().clone()
    head_module = model.get_output_embeddings()
    tied = bool(getattr(model.config.get_text_config(), "tie_word_embeddings", False))
    head = None if tied or head_module is None else head_module.weight.detach().clone()
    pieces = old_pieces(old, new)
    model.resize_token_embeddings(len(new), mean_resizing=False)
    with torch.no_grad():
        _fill(model.get_input_embeddings().weight, table, pieces)
        if head is not None:
            _fill(model.get_output_embeddings().weight, head, pieces)
    for config in (model.config, model.generation_config):
        config.bos_token_id, config.eos_token_id, config.pad_token_id = (
            new.bos_token_id,
            new.eos_token_id,
            new.pad_token_id,
        )
    return model


def old_pieces(old: PreTrainedTokenizerBase, new: PreTrainedTokenizerBase) -> list[list[int]]:
    """For each id of `new`, the ids of `old` that spell the same bytes; empty where the old tokenizer has none."""
    counterpart = {getattr(new, f"{name}_token_id"): getattr(old, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    decoder = _byte_decoder()
    spelled: list[list[int]] = []
    for token_id, token in enumerate(new.convert_ids_to_tokens(range(len(new)))):
        if token_id in counterpart:
            spelled.append([] if counterpart[token_id] is None else [counterpart[token_id]])
            continue
        raw = bytes(decoder[c] for c in token) if all(c in decoder for c in token) else token.encode()
        text = raw.decode("utf8", errors="ignore")
        ids = old.encode(text, add_special_tokens=False) if text else _byte_pieces(raw, old)
        spelled.append([i for i in ids if i < len(old)])
    return spelled


def _byte_decoder() -> dict[str, int]:
    """The characters that byte-level BPE writes for bytes (GPT-2's table), back to the bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    return {**{chr(b): b for b in plain}, **{chr(256 + n): b for n, b in enumerate(others)}}


def _byte_pieces(raw: bytes, old: PreTrainedTokenizerBase) -> list[int]:
    """The old tokenizer's single-byte tokens, for a piece that is only part of a character."""
    by_byte = {byte: char for char, byte in _byte_decoder().items()}
    ids = old.convert_tokens_to_ids([by_byte[b] for b in raw])
    return [i for i in ids if i is not None and i != old.unk_token_id]


def _fill(weight: torch.Tensor, table: torch.Tensor, pieces: list[list[int]]) -> None:
    """Write row i of `weight` [new, width] as the mean of `table` [old, width] rows `pieces[i]`."""
    mean = table.mean(0)
    for row, ids in enumerate(pieces):
        weight[row] = table[ids].mean(0) if ids else mean
