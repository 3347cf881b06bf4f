"""What a causal language model answers: label likelihoods, greedy answers, and bits on held-out text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.cache_utils import DynamicCache

Watch = Callable[[int, int], None]
"""Called with how many items are done, and of how many."""


@dataclass(frozen=True)
class Answered:
    """A generated answer, and whether it was cut at the token limit."""

    text: str
    cut: bool


def _padded(rows: Sequence[Sequence[int]], pad: int, *, left: bool = False) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask, both int64 [rows, longest]."""
    longest = max(len(r) for r in rows)
    ids, mask = torch.full((len(rows), longest), pad), torch.zeros((len(rows), longest), dtype=torch.int64)
    for i, row in enumerate(rows):
        place = slice(longest - len(row), longest) if left else slice(0, len(row))
        ids[i, place] = torch.tensor(row)
        mask[i, place] = 1
    return ids, mask


def _by_length(rows: Sequence[Sequence[int]], batch_tokens: int) -> list[list[int]]:
    """Indices of `rows` in batches of similar length, each batch at most `batch_tokens` with its padding."""
    batches: list[list[int]] = []
    for i in sorted(range(len(rows)), key=lambda i: (len(rows[i]), i)):
        if not batches or (len(batches[-1]) + 1) * len(rows[i]) > batch_tokens:
            batches.append([])
        batches[-1].append(i)
    return batches


@torch.inference_mode()
def label_log_likelihoods(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sequence[int]],
    labels: Sequence[Sequence[int]],
    *,
    batch_tokens: int = 4096,
    watch: Watch | None = None,
) -> np.ndarray:
    """The log-likelihood in nats [prompts, labels] of every label (its tokens, EOS included if given) after a prompt.

    A prompt is run once; its key-value cache is repeated for the labels (the same values as running them apart).
    """
    model.eval()
    result = np.empty((len(prompts), len(labels)))
    label_ids, label_mask = _padded(labels, tokenizer.pad_token_id)
    width = label_ids.shape[1]
    for batch in _by_length(prompts, max(1, batch_tokens // len(labels))):
        ids, mask = _padded([prompts[i] for i in batch], tokenizer.pad_token_id)
        lengths = mask.sum(1)
        cache = DynamicCache(config=model.config)
        positions = (mask.cumsum(1) - 1).clamp_min(0)
        first = model(input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True)
        last = first.logits[torch.arange(len(batch)), lengths - 1].float().log_softmax(-1)  # [batch, vocabulary]
        scores = last[:, label_ids[:, 0]]  # [batch, labels]
        if width > 1:
            many = len(labels)
            cache.batch_repeat_interleave(many)
            fed = label_ids[:, :-1].repeat(len(batch), 1)
            fed_mask = label_mask[:, :-1].repeat(len(batch), 1)
            places = lengths.repeat_interleave(many)[:, None] + torch.arange(width - 1)[None]
            seen = torch.cat([mask.repeat_interleave(many, 0), fed_mask], 1)
            out = model(input_ids=fed, attention_mask=seen, position_ids=places, past_key_values=cache, use_cache=True)
            each = out.logits.float().log_softmax(-1).gather(-1, label_ids[:, 1:].repeat(len(batch), 1)[..., None])
            rest = (each[..., 0] * label_mask[:, 1:].repeat(len(batch), 1)).sum(1)
            scores = scores + rest.view(len(batch), many)
        result[batch] = scores.double().numpy()
        if watch is not None:
            watch(len(batch), len(prompts))
    return result


@torch.inference_mode()
def answer_log_likelihoods(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sequence[int]],
    answers: Sequence[Sequence[int]],
    *,
    batch_tokens: int = 4096,
) -> np.ndarray:
    """The log-likelihood in nats [n] of each answer (its tokens, EOS included if given) after its own prompt."""
    model.eval()
    rows = [[*p, *a] for p, a in zip(prompts, answers, strict=True)]
    result = np.empty(len(rows))
    for batch in _by_length(rows, batch_tokens):
        ids, mask = _padded([rows[i] for i in batch], tokenizer.pad_token_id)
        starts = torch.tensor([len(prompts[i]) for i in batch])[:, None]
        out = model(input_ids=ids[:, :-1], attention_mask=mask[:, :-1], use_cache=False)
        chosen = out.logits.float().log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
        answered = mask[:, 1:] * (torch.arange(1, ids.shape[1])[None] >= starts)
        result[batch] = (chosen * answered).sum(1).double().numpy()
    return result


@torch.inference_mode()
def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    stop: str | None = None,
    batch_tokens: int = 8192,
    watch: Watch | None = None,
) -> list[Answered]:
    """Greedy answers, until EOS, until `stop` (cut off, as few-shot prompts need), or `max_new_tokens`."""
    model.eval()
    answers: list[Answered | None] = [None] * len(prompts)
    for batch in _by_length([[0] * (len(p) + max_new_tokens) for p in prompts], batch_tokens):
        ids, mask = _padded([prompts[i] for i in batch], tokenizer.pad_token_id, left=True)
        produced = _greedy(model, ids, mask, tokenizer, max_new_tokens, stop)
        for i, row in zip(batch, produced, strict=True):
            ended = tokenizer.eos_token_id in row
            row = row[: row.index(tokenizer.eos_token_id)] if ended else row
            text = tokenizer.decode(row, skip_special_tokens=True)
            if stop is not None and stop in text:
                text, ended = text.split(stop, 1)[0], True
            answers[i] = Answered(text.strip(), not ended)
        if watch is not None:
            watch(len(batch), len(prompts))
    return [a for a in answers if a is not None]


def _greedy(
    model: PreTrainedModel, ids: Tensor, mask: Tensor, tokenizer: PreTrainedTokenizerBase, limit: int, stop: str | None
) -> list[list[int]]:
    """Greedy continuation of left-padded `ids` [rows, length]; stops when every row has ended."""
    cache = DynamicCache(config=model.config)
    positions = (mask.cumsum(1) - 1).clamp_min(0)
    fed, produced = ids, torch.empty((ids.shape[0], 0), dtype=torch.int64)
    done = torch.zeros(ids.shape[0], dtype=torch.bool)
    eos = tokenizer.eos_token_id
    for _ in range(limit):
        out = model(input_ids=fed, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True)
        best = out.logits[:, -1].argmax(-1).where(~done, torch.tensor(eos))
        produced = torch.cat([produced, best[:, None]], 1)
        done |= best == eos
        if stop is not None and produced.shape[1] % 8 == 0:  # decoding every step would cost more than it saves
            done |= torch.tensor([stop in text for text in tokenizer.batch_decode(produced)])
        if bool(done.all()):
            break
        fed, positions = best[:, None], positions[:, -1:] + 1
        mask = torch.cat([mask, torch.ones_like(best[:, None])], 1)
    return [[int(t) for t in row] for row in produced]


@torch.inference_mode()
def bits_per_byte(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    *,
    context: int,
    batch_tokens: int = 4096,
    watch: Watch | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Bits [n] and UTF-8 bytes [n] of each text, every token scored once, the first after EOS.

    Texts longer than the context are cut in windows; a window begins with the last token of the one before. Bytes are
    those of the text, so models with different tokenizers are compared fairly.
    """
    model.eval()
    windows: list[list[int]] = []
    owner: list[int] = []
    encoded = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    for document, ids in enumerate(encoded):
        chain = [tokenizer.eos_token_id, *ids]
        for at in range(0, max(1, len(chain) - 1), context):
            windows.append(chain[at : at + context + 1])
            owner.append(document)
    bits = np.zeros(len(texts))
    for batch in _by_length(windows, batch_tokens):
        ids, mask = _padded([windows[i] for i in batch], tokenizer.pad_token_id)
        if ids.shape[1] < 2:
            continue
        out = model(input_ids=ids[:, :-1], attention_mask=mask[:, :-1], use_cache=False)
        chosen = out.logits.float().log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
        nats = -(chosen * mask[:, 1:]).sum(1).double().numpy()
        np.add.at(bits, [owner[i] for i in batch], nats / math.log(2))
        if watch is not None:
            watch(len(batch), len(windows))
    return bits, np.array([max(1, len(t.encode())) for t in texts], dtype=np.float64)
