"""Peak rates and batch sizes that transfer: rules that lead from small runs measured here to runs of any size.

A rule gives the rate of the full run. All pilots of an arm share its trunk, so they share its rate too. Depth changes
nothing (assumed: the layers are pre-normed and few).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

WIDTH, BATCH_TOKENS, TOKENS = 64, 1024, 300_000
"""The run that `ADAMW_PEAK` and `MUON_PEAK` belong to: hidden width, tokens of a step, tokens in all."""
ADAMW_PEAK, MUON_PEAK = 5e-3, 0.02
"""The best peak rates there (measured on English text, `benchmarks/rate_transfer.py`)."""
MOST_ADAMW, MOST_MUON = 1e-2, 0.05
"""No rule goes above these, however short the run: rates beyond were worse at every size that was tried (measured)."""
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


def scratch_peaks(*, width: int, batch_tokens: int, tokens: float) -> Peaks:
    """Peak rates of a model trained from random weights: hidden `width`, tokens of a step, tokens in all.

    AdamW: ∝ 1 / width (Yang et al. 2022, arXiv 2203.03466; the tied head wants the same), ∝ √batch (Malladi et al.
    2022, arXiv 2205.10287), ∝ tokens^−0.32 at one batch size (Bjorck et al. 2024, arXiv 2409.19913). Muon's matrices:
    the same at every width, since the size of a step already goes with the shape (Bernstein 2025, "Deriving Muon");
    ∝ batch^0.62 · tokens^−0.56 (Filatov et al. 2025, arXiv 2510.03871, for Scion, whose steps are orthogonal too).
    """
    assert width > 0 and batch_tokens > 0 and tokens > 0
    batch, horizon = batch_tokens / BATCH_TOKENS, tokens / TOKENS
    adamw = ADAMW_PEAK * WIDTH / width * batch**0.5 * horizon**-0.32
    return Peaks(adamw=min(MOST_ADAMW, adamw), matrices=min(MOST_MUON, MUON_PEAK * batch**0.62 * horizon**-0.56))


def continued_peaks(*, width: int, batch_tokens: int, tokens: float) -> Peaks:
    """Peak rates of a pretrained model that reads `tokens` tokens more: `CONTINUED` times a scratch run's."""
    scratch = scratch_peaks(width=width, batch_tokens=batch_tokens, tokens=tokens)
    return Peaks(adamw=CONTINUED * scratch.adamw, matrices=CONTINUED * scratch.matrices)


def finetuning_peak(*, width: int, lora: bool) -> float:
    """AdamW's peak rate for fine-tuning a pretrained model of hidden `width`, whole or by low-rank updates.

    5e-5 · (2000 / width)^0.781, times `LORA` for low-rank updates (Thinking Machines 2025, tinker-cookbook: a fit over
    Llama models; other families are assumed to go alike). The rank does not matter where updates are scaled by
    1 / rank. Models that came from AdamW are fine-tuned with it: Muon gained nothing sure there (Liu et al. 2025, arXiv
    2502.16982, section 3.5).
    """
    assert width > 0
    return 5e-5 * (2000 / width) ** 0.781 * (LORA if lora else 1.0)


def best_batch(tokens: float) -> int:
    """Tokens of one step for a run over `tokens` tokens, rounded to a power of two: ∝ tokens^0.4 whatever the model.

    The exponent is Bergsma et al.'s (2025, arXiv 2505.13738: 0.38); the anchor is ours (measured): `BATCH_TOKENS` at
    `TOKENS`. Never fewer than 512: smaller steps leave a processor idle (assumed).
    """
    assert tokens > 0
    return max(512, 2 ** round(math.log2(BATCH_TOKENS * (tokens / TOKENS) ** 0.4)))
