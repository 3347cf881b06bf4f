"""The families as checkpoints that transformers itself wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from transformers import PreTrainedModel

from dono.models import load_model
from tests.rooms.models.families import FAMILIES, VOCABULARY, WINDOW, build, soft_capped

EVERY: dict[str, Callable[[], PreTrainedModel]] = {**FAMILIES, "gemma2": soft_capped}
IDS = torch.randint(0, VOCABULARY, (2, 5 * WINDOW), generator=torch.Generator().manual_seed(0))
"""Longer than any sliding window."""


def made(family: str) -> PreTrainedModel:
    """A random model, with the attention that transformers takes for its family."""
    return build(EVERY[family], "eager" if family == "gemma2" else "sdpa")


def saved(family: str, folder: Path) -> PreTrainedModel:
    """The same written by transformers and loaded by us."""
    made(family).save_pretrained(folder)
    return load_model(str(folder))
