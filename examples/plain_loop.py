"""Training without abstractions: what `dono.training.train` does, on one page, for reading.

The production loop (`dono/training/loop.py`) adds packing, checkpoints, resume, caps and progress; the losses are the
same to the last bit (a test holds the two together). Run it: python -m examples.plain_loop
"""

from __future__ import annotations

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from dono.models import multiply_by_onednn

STEPS, WARMUP, DECAY_FROM, PEAK = 40, 5, 32, 1e-2
SENTENCES, END = 6, 256
TEXT = """Train a model, fine-tune one, or neither?
दोनों को मापो, फिर तय करो।
Measure, then decide.
A pilot is the full run with every quantity made smaller.
அளவிடு, பிறகு முடிவு செய்.
What is sealed is not repeated."""


def new_model() -> LlamaForCausalLM:
    """A random Llama of some thirty thousand parameters over bytes and the end of a sentence."""
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=END + 1, hidden_size=32, intermediate_size=96, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=128, tie_word_embeddings=True,
        )
    )  # fmt: skip
    multiply_by_onednn(model)  # the production loop's choice of library for products, where there is one
    return model


def sentences_at(step: int) -> list[list[int]]:
    """The sentences of one step as bytes, each with its end."""
    lines = TEXT.splitlines()
    return [[*lines[i].encode(), END] for i in np.random.default_rng(step).integers(0, len(lines), SENTENCES)]


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
        rate = min(1.0, (step + 1) / WARMUP)  # the schedule: warm up, stay, decay
        if step >= DECAY_FROM:
            rate *= (STEPS - step) / (STEPS - DECAY_FROM + 1)
        for group in optimizer.param_groups:
            group["lr"] = rate * PEAK

        optimizer.zero_grad(set_to_none=True)
        total, count = 0.0, 0
        for sentence in sentences_at(step):  # sums of losses and of gradients; they are divided once, by all tokens
            ids = torch.tensor(sentence)
            logits = model(input_ids=ids[None, :-1], use_cache=False).logits[0]
            largest = logits.detach().amax(dim=1, keepdim=True)
            odds = (logits - largest).exp()
            loss = -(logits.gather(1, ids[1:, None]) - largest - odds.sum(dim=1, keepdim=True).log()).sum()
            loss.backward()
            total, count = total + float(loss.detach()), count + len(ids) - 1

        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        norm = float(torch.nn.utils.get_total_norm(gradients)) / count
        for gradient in gradients:
            gradient.mul_(min(1.0, 1.0 / (norm + 1e-6)) / count)  # the mean, clipped to a norm of 1
        optimizer.step()
        losses.append(total / count)
    return losses


if __name__ == "__main__":
    print("\n".join(f"step {step:3d}  loss {loss:.4f}" for step, loss in enumerate(main(), 1)))
