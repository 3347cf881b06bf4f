"""Reward models on disk: Hugging Face directories for sequence classification with one label, as TRL reads them."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from dono.errors import Mistake
from dono.models.adapters import merge_lora
from dono.models.pretrained import UNREADABLE, first_line, save_model
from dono.models.reader import Scorer, reader_of


def save_scorer(scorer: Scorer, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write the body with its score in place of the language model's head; low-rank updates are added in.

    Raises `Mistake` where transformers has no such class for this family.
    """
    model = scorer.reader.model
    model = merge_lora(model) if hasattr(model, "merge_and_unload") else model
    config = deepcopy(model.config)
    config.num_labels, config.pad_token_id = 1, tokenizer.pad_token_id
    try:
        judge = AutoModelForSequenceClassification.from_config(config)
    except ValueError as error:
        what = f"transformers cannot keep a reward model of the family {config.model_type}"
        raise Mistake(what, where=str(folder), remedy="Begin with a model of another family") from error
    judge.base_model.load_state_dict(model.base_model.state_dict())
    judge.score.load_state_dict({"weight": scorer.score.weight.detach()})
    save_model(judge, tokenizer, folder)


def load_scorer(source: str) -> Scorer:
    """A reward model read as training reads it. Raises `Mistake` where there is none."""
    try:
        judge, found = AutoModelForSequenceClassification.from_pretrained(
            source, dtype=torch.float32, output_loading_info=True
        )
    except UNREADABLE as error:
        what = f"the reward model cannot be loaded ({first_line(error)})"
        raise Mistake(what, where=source, remedy="Give a directory for sequence classification") from error
    if found["missing_keys"] or getattr(judge, "score", None) is None or judge.score.out_features != 1:
        remedy = "Give one that `dono align` or TRL's RewardTrainer has written"
        raise Mistake("it is no reward model: it has no score of one number", where=source, remedy=remedy)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(judge.config, dtype=torch.float32)
    model.base_model.load_state_dict(judge.base_model.state_dict())
    scorer = Scorer(reader_of(model))
    scorer.score.load_state_dict({"weight": judge.score.weight.detach()})
    return scorer
