"""From logits to tokens: one draw for each row, by that row's own settings and random numbers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

MOST_ALTERNATIVES = 20
"""Likeliest tokens told for each place at most (OpenAI's limit)."""


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn. `temperature` 0 is greedy; `top_k` 0 and `top_p` 1 leave all tokens in.

    The same `seed` and `index` (of several answers to one prompt) give the same draws, whatever else is in the batch.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0
    index: int = 0

    def uniforms(self) -> np.random.Generator:
        """The random numbers of one answer: one for each token."""
        return np.random.Generator(np.random.Philox(np.random.SeedSequence([self.seed % 2**64, self.index])))


FEW = 1024
"""The likeliest tokens among which `top_p` is reached nearly always (assumed)."""


class Told(NamedTuple):
    """The log-probability of the token drawn, and of the likeliest ones, before any setting was applied."""

    chosen: float
    tokens: tuple[int, ...]
    values: tuple[float, ...]


class Settings:
    """The settings of a batch's rows as tensors; made once for as long as the rows stay."""

    def __init__(self, rows: Sequence[Sampling], device: torch.device) -> None:
        self.greedy = all(s.temperature == 0 for s in rows)
        self.cut = any(s.temperature > 0 and (s.top_k > 0 or s.top_p < 1) for s in rows)
        table = [(s.temperature or 1.0, s.top_p, float(s.top_k), float(s.temperature == 0)) for s in rows]
        self.temperature, self.top_p, self.top_k, plain = torch.tensor(table, device=device).unbind(1)
        self.plain = plain.bool()
        self.cuts = (self.top_k > 0) | (self.top_p < 1)


def draw(logits: Tensor, settings: Settings, uniforms: Sequence[float]) -> Tensor:
    """One token for each row: int64 [rows] from logits [rows, vocabulary] and numbers from 0 to 1 [rows].

    The inverse of the distribution function, in the order of the vocabulary: a row's token depends on nothing but its
    own logits, settings and number.
    """
    likeliest = logits.argmax(-1)
    if settings.greedy:
        return likeliest
    chances = (logits.float() / settings.temperature[:, None]).softmax(-1)
    if settings.cut:
        chances = _cut(chances, settings)
    reached = chances.double().cumsum(-1)
    wanted = torch.tensor(uniforms, dtype=torch.float64, device=logits.device) * reached[:, -1]
    drawn = torch.searchsorted(reached, wanted[:, None], right=True)[:, 0]
    # rounding may carry a number to the very end, where only tokens without a chance may be
    drawn = torch.where(chances.gather(1, drawn.clamp(max=logits.shape[1] - 1)[:, None])[:, 0] > 0, drawn, likeliest)
    return torch.where(settings.plain, likeliest, drawn)


def _cut(chances: Tensor, settings: Settings) -> Tensor:
    """The chances [rows, vocabulary] with those set to 0 that are beyond `top_k` or `top_p`; the likeliest stays."""
    if chances.device.type != "cpu" or chances.shape[1] <= 4 * FEW:
        ordered, order = chances.sort(dim=-1, descending=True, stable=True)
        return torch.where(
            settings.cuts[:, None], _kept(chances, ordered, order, settings.top_k, settings.top_p), chances
        )
    # there sorting all is slow, and the few likeliest are nearly always enough; a row's way depends on itself alone
    few, order = chances.topk(FEW, dim=-1)
    enough = torch.where(settings.top_k > 0, settings.top_k <= FEW, few.double().sum(-1) >= settings.top_p)
    cut = chances.clone()
    for rows, wide in ((settings.cuts & enough, False), (settings.cuts & ~enough, True)):
        if rows.any():
            likeliest, which = few[rows], order[rows]
            if wide:
                likeliest, which = chances[rows].sort(dim=-1, descending=True, stable=True)
            cut[rows] = _kept(chances[rows], likeliest, which, settings.top_k[rows], settings.top_p[rows])
    return cut


def _kept(chances: Tensor, ordered: Tensor, order: Tensor, top_k: Tensor, top_p: Tensor) -> Tensor:
    """`chances` of the tokens that stay, from the likeliest ones [rows, some] and what they are."""
    places = torch.arange(ordered.shape[1], device=ordered.device)
    ordered = ordered.masked_fill((places >= top_k[:, None]) & (top_k[:, None] > 0), 0.0).double()
    whole = torch.where(top_k > 0, ordered.sum(-1), chances.double().sum(-1))
    share = (ordered.cumsum(-1) - ordered) / whole[:, None]
    ordered = ordered.masked_fill((share >= top_p[:, None]) & (places > 0), 0.0)
    return torch.zeros_like(chances).scatter_(1, order, ordered.to(chances.dtype))


def tell(logits: Tensor, tokens: Tensor, most: int) -> list[Told]:
    """Log-probabilities in nats of `tokens` [rows] and of the `most` likeliest, from raw logits [rows, vocabulary]."""
    log_p = logits.float().log_softmax(-1)
    chosen = log_p.gather(1, tokens[:, None])
    values, indices = log_p.topk(min(max(most, 1), log_p.shape[1]), dim=-1)
    rows = torch.cat([chosen, values], 1).tolist()
    named = indices.tolist()
    return [Told(r[0], tuple(n[:most]), tuple(r[1 : most + 1])) for r, n in zip(rows, named, strict=True)]
