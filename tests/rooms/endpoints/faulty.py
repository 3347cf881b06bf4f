"""An OpenAI-compatible server of our own that fails as it is told to: the model in it answers by a function."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
Fault = str | tuple[int, Body, dict[str, str]]
"""Nothing (an empty text), `slow`, `cut`, `no json`, `no choices`, or a state of HTTP with its body and headers."""


def letters_and_words(body: Body) -> Body:
    """A model that knows nothing: it repeats the last turn, and likes B."""
    said = body["messages"][-1]["content"]
    choice: Body = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
    if body.get("logprobs"):
        likely = [{"token": t, "logprob": p} for t, p in ((" B", -0.1), ("A", -2.5), ("The", -5.0))]
        choice["logprobs"] = {"content": [{"token": " B", "logprob": -0.1, "top_logprobs": likely}]}
    read = sum(len(m["content"].split()) + 3 for m in body["messages"])
    return {"choices": [choice], "usage": {"prompt_tokens": read, "completion_tokens": len(said.split())}}


@dataclass
class Faulty:
    """What the server will do: `faults` first, one a request, then answer. `asked` are the bodies that came."""

    answer: Callable[[Body], Body] = letters_and_words
    faults: list[Fault] = field(default_factory=list)
    models: tuple[str, ...] = ("tiny",)
    asked: list[Body] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def next_fault(self, body: Body, key: str | None) -> Fault | None:
        with self.lock:
            self.asked.append(body)
            self.keys.append(key)
            return self.faults.pop(0) if self.faults else None


def _handler(server: Faulty) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, json.dumps({"data": [{"id": name} for name in server.models]}).encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fault = server.next_fault(body, self.headers.get("Authorization"))
            whole = json.dumps(server.answer(body)).encode()
            match fault:
                case None | "":
                    self._send(200, whole)
                case "slow":
                    time.sleep(0.6)
                    self._send(200, whole)
                case "cut":
                    self._send(200, whole[: len(whole) // 2], claimed=len(whole))
                case "no json":
                    self._send(200, b"<html>bad gateway</html>")
                case "no choices":
                    self._send(200, b'{"choices": []}')
                case (status, told, headers):
                    self._send(status, json.dumps(told).encode(), headers=headers)

        def _send(
            self, status: int, body: bytes, *, claimed: int | None = None, headers: dict[str, str] | None = None
        ) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) if claimed is None else claimed))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()
            except (BrokenPipeError, ConnectionResetError):  # the client has gone: it waited long enough
                pass
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing is said."""

    return Handler


@contextmanager
def serving(server: Faulty) -> Iterator[Faulty]:
    """The server at `server.url` until the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(server)) as http:
        http.daemon_threads = True
        server.url = f"http://127.0.0.1:{http.server_port}/v1"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
