"""Reward models on disk: what was saved scores as before, and as transformers itself scores."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoModelForSequenceClassification, LlamaForCausalLM, PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.models import Scorer, add_lora, load_scorer, placed, reader_of, save_model, save_scorer
from dono.tokens import document, packed, padded

IDS = [[3, 4, 5, 6], [7, 8, 9], [1, 2, 3, 4, 5, 6, 7]]


def scored(scorer: Scorer, *, pack: bool = True) -> torch.Tensor:
    documents = [document([*ids, 0]) for ids in IDS]  # all of `ids` are read
    with torch.no_grad():
        found: torch.Tensor = scorer(placed((packed if pack else padded)(documents), torch.device("cpu")))
    return found


@pytest.fixture
def scorer(model: LlamaForCausalLM) -> Scorer:
    made = Scorer(reader_of(model))
    nn.init.normal_(made.score.weight, generator=torch.Generator().manual_seed(0))
    return made


def test_what_is_saved_scores_as_before_and_as_transformers_does(
    scorer: Scorer, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    before = scored(scorer)
    save_scorer(scorer, tokenizer, tmp_path)
    assert torch.allclose(scored(load_scorer(str(tmp_path))), before, atol=1e-6)
    assert torch.allclose(scored(scorer, pack=False), before, atol=1e-5)
    judge = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    for ids, wanted in zip(IDS, before, strict=True):
        with torch.no_grad():
            assert judge(input_ids=torch.tensor([ids])).logits.item() == pytest.approx(float(wanted), abs=1e-5)


def test_low_rank_updates_are_kept_added_in(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    scorer = Scorer(reader_of(add_lora(model, rank=2, seed=0)))
    for p in scorer.parameters():
        if p.requires_grad:
            nn.init.normal_(p, std=0.1, generator=torch.Generator().manual_seed(1))
    before = scored(scorer)
    save_scorer(scorer, tokenizer, tmp_path)
    assert torch.allclose(scored(load_scorer(str(tmp_path))), before, atol=1e-5)


def test_a_language_model_is_no_reward_model(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    save_model(model, tokenizer, tmp_path)
    with pytest.raises(Mistake, match="no reward model"):
        load_scorer(str(tmp_path))
    with pytest.raises(Mistake, match="cannot be loaded"):
        load_scorer(str(tmp_path / "nowhere"))
