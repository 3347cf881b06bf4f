"""Pretrained models, from a local directory or by hub name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from dono.costs import Shape as CountedShape
from dono.errors import Mistake


@dataclass(frozen=True)
class Shape:
    """What costs are counted from. `parameters` includes the output head once more where it is tied.

    A tied head is still a matrix product per token, so FLOPs are counted with it (Porian et al. 2024).
    """

    parameters: int
    layers: int
    width: int
    context: int
    vocabulary: int
    stored_parameters: int

    @property
    def counted(self) -> CountedShape:
        """What FLOPs and memory are counted from."""
        table = max(0, self.stored_parameters - self.parameters)
        return CountedShape(self.parameters, self.layers, self.width, table)


def load_model(source: str) -> PreTrainedModel:
    """A causal language model in float32 from a model directory or hub name. Raises `Mistake` when it cannot."""
    logging.disable_progress_bar()  # our own display says what is loaded and how far it is
    local = Path(source)
    if local.is_absolute() and not (local / "config.json").is_file():
        remedy = "Give a Hugging Face model directory, or a hub name"
        raise Mistake("no model there (no config.json)", where=source, remedy=remedy)
    try:
        model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    except (OSError, ValueError, KeyError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise Mistake(
            f"the model cannot be loaded ({first})", where=source, remedy="Check the name or directory"
        ) from error
    assert isinstance(model, PreTrainedModel)
    return model


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write safetensors, configuration, generation configuration and tokenizer: an ordinary model directory."""
    logging.disable_progress_bar()
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def shape_of(model: PreTrainedModel) -> Shape:
    """Sizes of a loaded model, for counting FLOPs."""
    config = model.config.get_text_config()
    stored = sum(p.numel() for p in model.parameters())
    table = int(model.get_input_embeddings().weight.numel())
    tied = bool(getattr(config, "tie_word_embeddings", False))
    return Shape(
        parameters=stored if tied else stored - table,  # the input table is looked up, not multiplied
        layers=int(config.num_hidden_layers),
        width=int(config.hidden_size),
        context=int(getattr(config, "max_position_embeddings", 0) or 1024),
        vocabulary=int(config.vocab_size),
        stored_parameters=stored,
    )
