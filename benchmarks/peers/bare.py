"""A peer's model in the shortest loop that one can write, as in nanoGPT."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from benchmarks.peers.models import gpt, llama
from benchmarks.peers.workload import (
    BATCH,
    BETAS,
    CLIP,
    LENGTH,
    RATE,
    WEIGHT_DECAY,
    Record,
    arguments,
    device,
    products,
    windows,
)
from dono.training import keep_memory


def main() -> None:
    """AdamW on the next token, the gradient clipped."""
    asked = arguments("transformers", "litgpt")
    if asked.keep_memory:
        keep_memory()
    transformers, record = asked.kind == "transformers", Record()
    model: nn.Module = (llama() if transformers else gpt()).to(device())
    if asked.compiled:
        model.compile()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True)
    model.train()
    for batch in torch.from_numpy(windows(asked.warm + asked.steps)).to(device()):
        inputs = batch[:, :-1]
        with products():
            logits = model(input_ids=inputs, use_cache=False).logits if transformers else model(inputs)
            loss = functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        record.loss = record.loss or float(loss.detach())
        del logits, loss  # else last step's logits are there beside the next one's
        record.tokens.append(BATCH * LENGTH)
        record.ended()
    record.report(asked.warm)


if __name__ == "__main__":
    main()
