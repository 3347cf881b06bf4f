"""LoRA adapters by peft: added so that the model's output is unchanged at the start, merged at the end."""

from __future__ import annotations

import warnings

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel


def add_lora(model: PreTrainedModel, *, rank: int, seed: int) -> PeftModel:
    """Low-rank updates on every linear layer but the head (Hu et al. 2021; all layers: Dettmers et al. 2023).

    B starts at zero, so the adapted model equals the base before the first step. alpha = 2·rank (assumed, customary).
    """
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM", bias="none"
    )
    with warnings.catch_warnings():
        # peft still asks transformers by the old name of gradient checkpointing
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*", category=FutureWarning)
        adapted = get_peft_model(model, config)
    assert isinstance(adapted, PeftModel)
    return adapted


def merge_lora(model: PeftModel) -> PreTrainedModel:
    """The base with the low-rank updates added in: the same function, an ordinary model."""
    merged = model.merge_and_unload()
    assert isinstance(merged, PreTrainedModel)
    return merged
