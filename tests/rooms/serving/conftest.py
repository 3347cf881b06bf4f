"""A small model that is served, with and without a chat template that knows tools."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from fastapi import FastAPI
from transformers import PreTrainedTokenizerBase

from dono.models import random_llama, save_model
from dono.project import Architecture
from dono.serving import EmbeddedEngine, EmbeddedSettings
from dono.tokens import load_tokenizer

SHAPE = Architecture(width=32, layers=2, heads=2, vocabulary=400, context=512)
TEMPLATE = (
    "{% if tools %}<tools>{% for t in tools %}{{ t.function.name }} {% endfor %}</tools> call as <tool_call>{"
    '"name": …}</tool_call>\n{% endif %}'
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


@pytest.fixture(scope="session")
def plain_folder(tmp_path_factory: pytest.TempPathFactory, tokenizer: PreTrainedTokenizerBase) -> Path:
    """A model directory whose tokenizer has no chat template."""
    folder = tmp_path_factory.mktemp("plain")
    save_model(random_llama(SHAPE, tokenizer, seed=3), tokenizer, folder)
    return folder


@pytest.fixture(scope="session")
def chat_folder(tmp_path_factory: pytest.TempPathFactory, tokenizer_folder: Path) -> Path:
    """A model directory whose chat template takes tools."""
    folder = tmp_path_factory.mktemp("chat")
    tokenizer = load_tokenizer(tokenizer_folder)
    tokenizer.chat_template = TEMPLATE
    save_model(random_llama(SHAPE, tokenizer, seed=4), tokenizer, folder)
    return folder


@pytest.fixture(scope="session")
def chat_engine(chat_folder: Path) -> Iterator[EmbeddedEngine]:
    """The chat model at the name `small`, on a processor."""
    engine = EmbeddedEngine.open("small", str(chat_folder), EmbeddedSettings(device="cpu", slots=4, queue=16))
    yield engine
    engine.batcher.close()


@asynccontextmanager
async def asking(app: FastAPI, key: str = "none") -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's own client of an application in this process."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://dono") as http:
        client: Any = http  # typed for httpx's successor, and takes both
        yield openai.AsyncOpenAI(base_url="http://dono/v1", api_key=key, http_client=client, max_retries=0)
