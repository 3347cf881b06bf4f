"""What all tests share: no hub, few threads, small models with a tokenizer that we train."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # there is one process of tests for each processor

from pathlib import Path

import pytest
from hypothesis import settings
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from dono.models import random_llama, save_model
from dono.project import Architecture
from dono.tokens import load_tokenizer, train_tokenizer

settings.register_profile("untimed", deadline=None)  # a busy or paused machine is no fault of what is tested
settings.load_profile("untimed")

TINY = Architecture(width=32, layers=2, heads=2, vocabulary=400, context=64)
TEXTS = [
    "the parcel is late and the customer asks where it is",
    "नमस्ते, आपका ऑर्डर कल तक पहुँच जाएगा",
    "உங்கள் ஆர்டர் நாளை வரும்",
    "mera order kab tak aayega, please batao",
] * 20


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ways first: where files are shared out to several processes, none waits for them at the end."""
    items.sort(key=lambda item: "way" not in item.path.parts)


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


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """A Ray of two processors on the loopback, one for all tests: whoever asks for a cluster is on it."""
    ray = pytest.importorskip("ray")
    os.environ["RAY_AUTH_MODE"] = "disabled"  # it lives for these tests alone, and nobody else reaches it
    os.environ["RAY_worker_register_timeout_seconds"] = "600"  # noqa: SIM112 - Ray's own
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of files that Ray leaves open for its own processes
        ray.init(
            address="local", num_cpus=2, include_dashboard=False, object_store_memory=100_000_000, log_to_driver=False,
            logging_level="ERROR", _node_ip_address="127.0.0.1",
        )  # fmt: skip
    yield
    ray.shutdown()
