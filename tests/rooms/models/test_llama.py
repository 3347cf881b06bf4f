from __future__ import annotations

import torch
from transformers import PreTrainedTokenizerBase

from dono.models import random_llama
from tests.conftest import TINY


def test_the_same_seed_gives_the_same_weights(tokenizer: PreTrainedTokenizerBase) -> None:
    a, b = (random_llama(TINY, tokenizer, seed=5) for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def test_another_seed_gives_other_weights(tokenizer: PreTrainedTokenizerBase) -> None:
    a, b = (random_llama(TINY, tokenizer, seed=seed) for seed in (5, 6))
    assert not torch.equal(a.lm_head.weight, b.lm_head.weight)
