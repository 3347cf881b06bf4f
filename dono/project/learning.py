"""The models that are trained: their shape from random weights, and how every run learns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from dono.project.sections import Section


class Architecture(Section):
    """A Llama-family model trained from random weights. `vocabulary` counts tokens, `context` is in tokens."""

    width: int = Field(default=192, ge=8)
    layers: int = Field(default=4, ge=1)
    heads: int = Field(default=6, ge=1)
    vocabulary: int = Field(default=6000, ge=300)
    context: int = Field(default=256, ge=16)

    @model_validator(mode="after")
    def _whole_heads(self) -> Architecture:
        if self.width % self.heads or (self.width // self.heads) % 2:
            raise ValueError(f"width {self.width} must be an even multiple of heads {self.heads}")
        return self


class Training(Section):
    """How every run learns. Rates are peak rates; `batch` counts sequences of `context` tokens.

    `optimizer` is that of corpus stages: `auto` takes Muon for random weights and AdamW for a base's. `matrix_rate` is
    Muon's rate for the hidden matrices, `rate` AdamW's for all else; without them the rules of `training.rates` give
    the rates of the full run, which its pilots share.
    """

    batch: int = Field(default=16, ge=1)
    optimizer: Literal["auto", "adamw", "muon"] = "auto"
    rate: float | None = Field(default=None, gt=0)
    matrix_rate: float | None = Field(default=None, gt=0)
    task_rate: float = Field(default=1e-3, gt=0)
    lora_rate: float = Field(default=5e-3, gt=0)
    lora_rank: int = Field(default=16, ge=1)
    task_epochs: float = Field(default=3, gt=0)
    task_batch_tokens: int = Field(default=1024, ge=64)
    corpus_epochs: float = Field(default=4, gt=0)
    heldout_share: float = Field(default=0.05, gt=0, lt=0.5)
    seed: int = 0
    checkpoints: str | None = None
    """A URL under which runs keep their checkpoints, like s3://bucket/dono; without one they lie in the work folder."""
