"""Peak rates and batch sizes that transfer: rules that lead from small runs measured here to runs of any size.

A rule gives the rate of the full run. All pilots of an arm share its trunk, so they share its rate too. Depth changes
nothing (assumed: the layers are pre-normed and few).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

BATCH_TOKENS, TOKENS = 1024, 300_000
"""The runs that the next rates belong to: tokens of a step, tokens in all (two layers, widths 64 and 192, English)."""
ADAMW_PEAK, MUON_PEAK, BESIDE_MUON_PEAK = 2e-3, 0.015, 0.02
"""The best peak rates there: AdamW alone; Muon's; AdamW's for embeddings and norms beside Muon, at `BESIDE_WIDTH`
(measured with `benchmarks/rate_transfer.py`, each to a factor of two)."""
BESIDE_WIDTH = 192
FLAT_TO = 256
"""Up to this width AdamW's best rate does not fall (measured at 64 and 192, and 320 had the same)."""
MOST_ADAMW, MOST_MUON, MOST_BESIDE_MUON = 5e-3, 0.05, 0.04
"""No rule goes above these, however short the run (assumed; at width 192 the best lay below each of them: measured)."""
CONTINUED = 1 / 3
"""A pretrained model goes on at this share of the rate of a model from scratch (assumed; Ibrahim et al. 2024, arXiv
2403.08763: going back to the full peak learns the most and forgets the most)."""
LORA = 10.0
"""How many times the rate of full fine-tuning low-rank updates want (Schulman et al. 2025, "LoRA Without Regret";
Biderman et al. 2024, arXiv 2405.09673, find the same order)."""


@dataclass(frozen=True, kw_only=True)
class Peaks:
    """Peak rates of one run: `adamw` for everything, or for what Muon leaves; `matrices` for Muon's hidden matrices."""

    adamw: float
    matrices: float


def scratch_peaks(*, width: int, batch_tokens: int, tokens: float, optimizer: str = "adamw") -> Peaks:
    """Peak rates of a model trained from random weights: hidden `width`, tokens of a step, tokens in all.

    AdamW alone: ∝ 1 / width beyond `FLAT_TO` (Yang et al. 2022, arXiv 2203.03466). Muon's matrices: the same at every
    width, since the size of a step already goes with the shape (Bernstein 2025, "Deriving Muon"; measured). AdamW
    beside Muon: ∝ width^−½ (measured between 64 and 192; nanochat does the same). All: ∝ tokens^−0.32 at one batch size
    (Bjorck et al. 2024, arXiv 2409.19913, for AdamW; Ren et al. 2026, arXiv 2603.28743, find the same for Muon) and
    ∝ √batch (Malladi et al. 2022, arXiv 2205.10287, for Adam; Filatov et al. 2025, arXiv 2510.03871: batch^0.62 for
    orthogonal steps).
    """
    assert width > 0 and batch_tokens > 0 and tokens > 0
    longer = (batch_tokens / BATCH_TOKENS) ** 0.5 * (tokens / TOKENS) ** -0.32
    adamw = min(MOST_ADAMW, ADAMW_PEAK * min(1.0, FLAT_TO / width) * longer)
    beside = min(MOST_BESIDE_MUON, BESIDE_MUON_PEAK * (BESIDE_WIDTH / width) ** 0.5 * longer)
    return Peaks(adamw=beside if optimizer == "muon" else adamw, matrices=min(MOST_MUON, MUON_PEAK * longer))


def continued_peaks(*, width: int, batch_tokens: int, tokens: float) -> Peaks:
    """Peak rates of a pretrained model that reads `tokens` tokens more: `CONTINUED` times a scratch run's.

    `adamw` is that of AdamW alone: what Muon leaves of a pretrained model is not moved as fast as random embeddings.
    """
    scratch = scratch_peaks(width=width, batch_tokens=batch_tokens, tokens=tokens)
    return Peaks(adamw=CONTINUED * scratch.adamw, matrices=CONTINUED * scratch.matrices)


def finetuning_peak(*, width: int, lora: bool) -> float:
    """AdamW's peak rate for fine-tuning a pretrained model of hidden `width`, whole or by low-rank updates.

    5e-5 · (2000 / width)^0.781, times `LORA` for low-rank updates (Thinking Machines 2025, tinker-cookbook: a fit over
    Llama models; other families are assumed to go alike). The rank does not matter where updates are scaled by
    1 / rank. Models that came from AdamW are fine-tuned with it: Muon gained nothing sure there (Liu et al. 2025, arXiv
    2502.16982).
    """
    assert width > 0
    return 5e-5 * (2000 / width) ** 0.781 * (LORA if lora else 1.0)


def best_batch(tokens: float) -> int:
    """Tokens of one step for a run over `tokens` tokens, rounded to a power of two: ∝ tokens^0.4 whatever the model.

    The exponent is Bergsma et al.'s (2025, arXiv 2505.13738); the anchor is ours: over 600,000 tokens steps of 512,
    1,024 and 4,096 ended at 3.87, 3.85 and 3.90 nats (Muon, width 64, the last with the best of its rates). Never fewer
    than 512: smaller steps leave a processor idle (assumed).
    """
    assert tokens > 0
    return max(512, 2 ** round(math.log2(BATCH_TOKENS * (tokens / TOKENS) ** 0.4)))
