"""Asking a server that fails in every way that servers do."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dono.costs import TokenPrice
from dono.endpoints import Client, Ledger, Purse, Question, served_model
from dono.errors import Capped, Mistake
from dono.project import Endpoint
from tests.rooms.endpoints.faulty import Fault, Faulty, serving

PRICE = TokenPrice(1000.0, 2000.0, "USD", "assumed", "test")
BUSY: Fault = (503, {"error": {"message": "busy"}}, {})


@pytest.fixture
def server() -> Iterator[Faulty]:
    with serving(Faulty()) as found:
        yield found


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(tmp_path / "replies.sqlite")
    yield found
    found.close()


def client(server: Faulty, ledger: Ledger, waits: list[float] | None = None, **changed: object) -> Client:
    cap = changed.pop("purse", None)
    settings = {"endpoint": server.url, "model": "tiny", "parallel": 1, "timeout_seconds": 0.3} | changed
    endpoint = Endpoint.model_validate(settings)
    assert cap is None or isinstance(cap, float)
    asleep = [] if waits is None else waits
    return Client(endpoint, Purse(ledger, "tiny", PRICE, cap), "tiny", sleep=asleep.append)


def ask(*texts: str) -> list[Question]:
    return [Question((("user", text),), 20) for text in texts]


def test_answers_come_in_the_order_of_the_questions_and_nothing_is_asked_twice(server: Faulty, ledger: Ledger) -> None:
    asker = client(server, ledger, parallel=4)
    first = asker.ask(ask("क", "b", "c", "b"))
    assert [r.text for r in first] == ["क", "b", "c", "b"]
    again = client(server, ledger).ask(ask("c", "क", "d"))
    assert [r.text for r in again] == ["c", "क", "d"]
    assert again[:2] == [first[2], first[0]]
    assert len(server.asked) == 4


@pytest.mark.parametrize("fault", ["slow", "cut", "no json", "no choices", BUSY, (500, {}, {}), (408, {}, {})])
def test_a_fault_that_may_pass_is_tried_again(server: Faulty, ledger: Ledger, fault: Fault) -> None:
    server.faults = [fault, fault]
    waits: list[float] = []
    (reply,) = client(server, ledger, waits).ask(ask("hello"))
    assert reply.text == "hello" and len(server.asked) == 3
    assert 0.5 <= waits[0] <= 1.0 <= waits[1] <= 2.0


def test_what_a_server_asks_to_wait_is_waited(server: Faulty, ledger: Ledger) -> None:
    server.faults = [(429, {"error": {"message": "slow down"}}, {"Retry-After": "7"})]
    waits: list[float] = []
    client(server, ledger, waits).ask(ask("hello"))
    assert [round(w) for w in waits] == [7]


def test_requests_a_minute_are_kept(server: Faulty, ledger: Ledger) -> None:
    waits: list[float] = []
    client(server, ledger, waits, requests_per_minute=60).ask(ask("a", "b", "c"))
    assert len(waits) == 2 and 0.5 < waits[0] <= 1.0 < waits[1] <= 2.0  # the pauses are not slept, so they add up


def test_a_server_that_is_down_for_good_is_one_line_and_keeps_what_was_answered(server: Faulty, ledger: Ledger) -> None:
    asker = client(server, ledger, retries=1)
    asker.ask(ask("first"))
    server.faults = [BUSY, BUSY]
    with pytest.raises(Mistake) as raised:
        asker.ask(ask("first", "second"))
    assert "no answer after 2 tries; the last said: HTTP 503: busy" in str(raised.value)
    assert [r.text for r in asker.ask(ask("first", "second"))] == ["first", "second"]
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ((401, {"error": {"message": "bad key"}}, {}), "it refuses us (HTTP 401: bad key)"),
        ((404, {"error": {"message": "no such model"}}, {}), "It serves: tiny"),
        ((301, {}, {"Location": "https://elsewhere.example/v1"}), "it cannot be asked (HTTP 301)"),
        ((429, {"error": {"message": "pay", "code": "insufficient_quota"}}, {}), "the account has no money left"),
    ],
)  # fmt: skip
def test_what_a_person_must_mend_is_not_tried_again(server: Faulty, ledger: Ledger, fault: Fault, said: str) -> None:
    server.faults = [fault]
    with pytest.raises(Mistake) as raised:
        client(server, ledger).ask(ask("hello"))
    assert said in str(raised.value) and "\n" not in str(raised.value)
    assert len(server.asked) == 1


def test_a_question_that_is_refused_costs_nothing_and_is_not_tried_again(server: Faulty, ledger: Ledger) -> None:
    server.faults = [(400, {"error": {"message": "the prompt is too long"}}, {})]
    asker = client(server, ledger)
    refused, answered = asker.ask(ask("hello", "more"))
    assert refused.refused == "HTTP 400: the prompt is too long" and refused.text == "" and answered.text == "more"
    assert len(server.asked) == 2 and asker.purse.spent == pytest.approx(0.006)


def test_settings_that_a_server_refuses_are_left_out_or_renamed(server: Faulty, ledger: Ledger) -> None:
    def refuse(name: str) -> Fault:
        return 400, {"error": {"message": f"unsupported parameter {name!r}"}}, {}

    server.faults = [refuse("max_tokens"), refuse("temperature"), refuse("top_logprobs"), refuse("logprobs")]
    asker = client(server, ledger)
    (reply,) = asker.ask([Question((("user", "hello"),), 20, 5)])
    assert reply.text == "hello" and reply.first == ()
    asker.ask(ask("more"))
    assert set(server.asked[-1]) == {"model", "messages", "seed", "max_completion_tokens"}
    assert len(server.asked) == 6


def test_the_odds_of_first_tokens_are_read(server: Faulty, ledger: Ledger) -> None:
    (reply,) = client(server, ledger).ask([Question((("user", "hello"),), 4, 20)])
    assert reply.first == ((" B", -0.1), ("A", -2.5), ("The", -5.0))
    assert client(server, ledger).ask([Question((("user", "hello"),), 4, 20)]) == [reply]


def test_the_cap_holds_for_the_most_that_a_request_can_cost(server: Faulty, ledger: Ledger) -> None:
    # One request: at most (5 + 64) tokens × 1,000 / 1e6 + 20 × 2,000 / 1e6 = 0.109; it costs 4 and 1 tokens: 0.006.
    asker = client(server, ledger, purse=0.12)
    asker.ask(ask("hello", "howdy"))
    assert asker.purse.spent == pytest.approx(0.012)
    with pytest.raises(Capped, match=r"USD 0\.12 for asking tiny"):
        asker.ask(ask("again"))
    assert len(server.asked) == 2
    client(server, ledger, purse=0.2).ask(ask("hello", "again"))  # a larger cap goes on
    assert len(server.asked) == 3


def test_what_may_be_billed_without_an_answer_counts(server: Faulty, ledger: Ledger) -> None:
    server.faults = ["slow", BUSY]
    asker = client(server, ledger)
    asker.ask(ask("hello"))
    assert asker.purse.spent == pytest.approx(0.109 + 0.006)
    spent = ledger.spent("tiny")
    assert (spent.requests, spent.requests_lost) == (1, 1) and spent.lost == pytest.approx(0.109)


KILLED = """
import sys
from pathlib import Path
from tests.rooms.endpoints.test_client import PRICE, Client, Endpoint, Ledger, Purse, ask
endpoint = Endpoint(endpoint=sys.argv[1], model="tiny", parallel=2, timeout_seconds=30)
Client(endpoint, Purse(Ledger(Path(sys.argv[2])), "tiny", PRICE), "tiny").ask(ask(*map(str, range(1000))))
"""


def test_a_kill_loses_no_reply_and_what_was_under_way_counts_as_spent(server: Faulty, tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    command = [sys.executable, "-c", KILLED, server.url, str(path)]
    process = subprocess.Popen(command, env=os.environ)
    deadline = time.monotonic() + 60
    while len(server.asked) < 40 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    came = len(server.asked)
    ledger = Ledger(path)
    with sqlite3.connect(path) as base:
        states = dict(base.execute("SELECT state, COUNT(*) FROM requests GROUP BY state"))
        kept = base.execute("SELECT COUNT(*) FROM replies").fetchone()[0]
    assert 30 <= kept == states["answered"] <= came <= kept + 2
    assert states.get("sent", 0) <= 2
    spent = ledger.spent("tiny")
    assert spent.requests_lost == states.get("sent", 0)
    client(server, ledger).ask(ask(*map(str, range(kept - 2))))
    assert len(server.asked) <= came + 2  # two workers: the first replies are all there but for those under way
    ledger.close()


def test_a_key_comes_from_the_environment_and_stays_out_of_every_file(
    server: Faulty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path / "replies.sqlite")
    with pytest.raises(Mistake, match="SHOP_KEY is not set"):
        client(server, ledger, key_variable="SHOP_KEY")
    monkeypatch.setenv("SHOP_KEY", "sk-hidden-1234")
    client(server, ledger, key_variable="SHOP_KEY").ask(ask("hello"))
    ledger.close()
    assert server.keys == ["Bearer sk-hidden-1234"]
    assert all(b"sk-hidden-1234" not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_any_is_the_only_model_that_is_served(server: Faulty) -> None:
    endpoint = Endpoint(endpoint=server.url, model="any")
    assert served_model(endpoint) == "tiny"
    server.models = ("one", "two")
    with pytest.raises(Mistake, match="it serves 2 models \\(one, two\\)"):
        served_model(endpoint)
    assert served_model(Endpoint(endpoint=server.url, model="two")) == "two"
