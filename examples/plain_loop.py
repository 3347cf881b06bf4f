"""Training without abstractions: what `dono.training.train` does, on one page, for reading.

The production loop (`dono/training/loop.py`) adds checkpoints, resume, caps and progress; the numbers are the same to
the last bit (a test holds the two together). Run it: python -m examples.plain_loop
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM

STEPS, WARMUP, DECAY_FROM, PEAK = 40, 5, 32, 1e-2
ROWS, LENGTH, VOCABULARY = 8, 32, 259


def new_model() -> LlamaForCausalLM:
    """A random Llama of some ten thousand parameters over bytes."""
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY, hidden_size=32, intermediate_size=96, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=LENGTH, tie_word_embeddings=True,
        )
    )  # fmt: skip


def windows_at(step: int) -> np.ndarray:
    """The windows of one step, int64 [ROWS, LENGTH + 1]: bytes of a sentence that repeats, cut at random places."""
    text = "दोनों: train a model, fine-tune one, or both? Measure, then decide. " * 40
    data = np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int64)
    starts = np.random.default_rng(step).integers(0, len(data) - LENGTH - 1, ROWS)
    return np.stack([data[s : s + LENGTH + 1] for s in starts])


def main() -> list[float]:
    """Train, and return the loss of each step in nats per token."""
    model = new_model()
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=PEAK, betas=(0.9, 0.95), fused=True)
    losses = []
    model.train()
    for step in range(STEPS):
        rate = PEAK * min(1.0, (step + 1) / WARMUP)
        if step >= DECAY_FROM:
            rate *= (STEPS - step) / (STEPS - DECAY_FROM + 1)
        for group in optimizer.param_groups:
            group["lr"] = rate
        windows = torch.from_numpy(windows_at(step))
        logits = model(input_ids=windows[:, :-1], use_cache=False).logits
        total = cross_entropy(logits.flatten(0, 1).float(), windows[:, 1:].flatten(), reduction="sum")
        loss = total / windows[:, 1:].numel()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


if __name__ == "__main__":
    print("\n".join(f"step {step:3d}  loss {loss:.4f}" for step, loss in enumerate(main(), 1)))
