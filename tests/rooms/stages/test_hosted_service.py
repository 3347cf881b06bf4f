"""The hosted route against our own service: the same contract, told odds, counted tokens, one model at `any`."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from dono.endpoints import Client, Ledger, Purse, Question, served_model
from dono.models import random_llama, save_model
from dono.project import Architecture, Endpoint
from dono.serving import EmbeddedEngine, EmbeddedSettings, service
from dono.stages.hosted import ODDS
from dono.stages.runs import measurements_of
from dono.stages.workplace import Workplace
from dono.tokens import load_tokenizer
from tests.rooms.stages.test_hosted import pilots, server, shop, with_endpoint

__all__ = ["server", "shop"]
TEMPLATE = (
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, tokenizer_folder: Path) -> Iterator[str]:
    """Our service on this machine, with a small model of random weights."""
    folder = tmp_path_factory.mktemp("served")
    tokenizer = load_tokenizer(tokenizer_folder)
    tokenizer.chat_template = TEMPLATE
    shape = Architecture(width=32, layers=2, heads=2, vocabulary=400, context=1024)
    save_model(random_llama(shape, tokenizer, seed=4), tokenizer, folder)
    engine = EmbeddedEngine.open("small", str(folder), EmbeddedSettings(device="cpu", slots=4, queue=64))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(service([engine]), log_level="error", lifespan="on")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        running.should_exit = True
        thread.join(30)


def test_our_service_answers_counts_and_tells_odds(ours: str, tmp_path: Path) -> None:
    endpoint = Endpoint(endpoint=ours, model="any")
    assert served_model(endpoint) == "small"
    ledger = Ledger(tmp_path / "replies.sqlite")
    with Client(endpoint, Purse(ledger, "small"), "small") as client:
        (reply,) = client.ask([Question((("user", "नमस्ते"),), 4, 20)])
    assert reply.tokens_in is not None and reply.tokens_in > 3
    assert reply.tokens_out is not None and 1 <= reply.tokens_out <= 4
    assert len(reply.first) == 20 and reply.first[0][1] <= 0 and reply.refused is None
    ledger.close()


def test_both_arms_are_measured_on_our_own_service(ours: str, shop: Workplace) -> None:
    zero, few = pilots(with_endpoint(shop, endpoint=ours))
    assert zero.run is not None and few.run is not None, (zero.failed, few.failed)
    assert zero.run.result["counted"] is True and few.number("tokens_in") > zero.number("tokens_in") > 20
    rows = {(m.metric, m.language): m for m in measurements_of(zero.run)}
    assert {"accuracy", "macro_f1", "milliseconds", "tokens_per_word"} <= {metric for metric, _ in rows}
    assert rows["accuracy", "all"].n == 12
    notes = zero.run.result["notes"]
    assert isinstance(notes, list) and notes[0] == ODDS
