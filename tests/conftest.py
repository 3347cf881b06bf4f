"""What all tests share: no hub, few threads, small models with a tokenizer that we train."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from pathlib import Path

import pytest
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from dono.models import random_llama, save_model
from dono.project import Architecture
from dono.tokens import load_tokenizer, train_tokenizer

TINY = Architecture(width=32, layers=2, heads=2, vocabulary=400, context=64)
TEXTS = [
    "the parcel is late and the customer asks where it is",
    "नमस्ते, आपका ऑर्डर कल तक पहुँच जाएगा",
    "உங்கள் ஆர்டர் நாளை வரும்",
    "mera order kab tak aayega, please batao",
] * 20


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small byte-level tokenizer."""
    folder = tmp_path_factory.mktemp("tokenizer")
    train_tokenizer(iter(TEXTS), 400, folder)
    return folder


@pytest.fixture(scope="session")
def tokenizer(tokenizer_folder: Path) -> PreTrainedTokenizerBase:
    """The small tokenizer, loaded."""
    return load_tokenizer(tokenizer_folder)


@pytest.fixture
def model(tokenizer: PreTrainedTokenizerBase) -> LlamaForCausalLM:
    """A random Llama of a few thousand parameters."""
    return random_llama(TINY, tokenizer, seed=0)


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory: pytest.TempPathFactory, tokenizer: PreTrainedTokenizerBase) -> Path:
    """A model directory as a person would name it in `bases`."""
    folder = tmp_path_factory.mktemp("base")
    save_model(random_llama(TINY, tokenizer, seed=1), tokenizer, folder)
    return folder
