"""The service as a process: clients that vanish, signals, and what is left after a kill."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from dono.serving.guard import HEADER_BYTES
from dono.serving.keys import INTERRUPTED, Key, Ledger


@contextmanager
def served(folder: Path, keys: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [
        sys.executable, "-W", "error", "-m", "dono", "serve", f"m={folder}", "--port", "0", "--keys", str(keys),
        "--device", "cpu", "--slots", "2",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"http://[\d.:]+", line):
                yield process, found[0]
                break
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def until(true: object, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.05)


def stream(url: str, token: str, tokens: int = 400) -> socket.socket:
    """A client that asks and reads as much as it likes."""
    host, port = url.removeprefix("http://").split(":")
    body = json.dumps({"model": "m", "prompt": "the", "max_tokens": tokens, "stream": True, "temperature": 1})
    client = socket.create_connection((host, int(port)))
    head = f"POST /v1/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
    client.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    assert client.recv(1)
    return client


def test_clients_vanish_a_kill_loses_nothing_and_a_signal_drains(plain_folder: Path, tmp_path: Path) -> None:
    keys = tmp_path / "k.sqlite"
    ledger = Ledger(keys)
    token = ledger.add(Key("asha"))
    with served(plain_folder, keys) as (process, url):
        for _ in range(3):
            stream(url, token).close()  # gone in the middle of an answer
        slow = stream(url, token)  # reads nothing
        until(lambda: sum(r["status"] == 499 for r in ledger.audit()) == 3)
        body = {"model": "m", "prompt": "a", "max_tokens": 2}
        head = {"Authorization": f"Bearer {token}"}
        assert httpx.post(f"{url}/v1/completions", json=body, headers=head, timeout=60).status_code == 200
        slow.close()
        until(lambda: all(r["status"] is not None for r in ledger.audit()))
        before, cut = ledger.used("asha").requests, stream(url, token)
        until(lambda: ledger.audit()[-1]["status"] is None)
        process.kill()
        process.wait()
        cut.close()
    with served(plain_folder, keys) as (process, url):
        assert ledger.audit()[-1]["status"] == INTERRUPTED and ledger.used("asha").requests == before
        assert httpx.get(f"{url}/v1/models", timeout=60).status_code == 401  # keys are still asked for
        waiting = stream(url, token, tokens=200)
        whole: list[bytes] = []
        reader = threading.Thread(target=lambda: whole.extend(iter(lambda: waiting.recv(65536), b"")))
        reader.start()
        process.send_signal(signal.SIGTERM)
        reader.join(60)
        waiting.close()
        assert b"data: [DONE]" in b"".join(whole)  # what was under way came to its end
        process.wait(60)


def test_headers_without_an_end_are_refused_and_large_bodies_are_not(plain_folder: Path, tmp_path: Path) -> None:
    with served(plain_folder, tmp_path / "k.sqlite") as (_, url):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as client:
            client.sendall(b"GET /health HTTP/1.1\r\nX-Long: " + b"a" * (HEADER_BYTES - 40))
            client.sendall(b"a" * 80)
            assert client.recv(12) == b"HTTP/1.1 400"
        body = {"model": "m", "prompt": "a" * 2 * HEADER_BYTES, "max_tokens": 1}
        refused = httpx.post(f"{url}/v1/completions", json=body, timeout=60).json()
        assert refused["error"]["code"] == "context_length_exceeded"
