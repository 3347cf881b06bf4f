"""The service as a process: it listens, and on SIGTERM takes no more and finishes what is under way."""

from __future__ import annotations

import asyncio
import socket
from types import FrameType
from typing import Literal

import uvicorn
from fastapi import FastAPI

from dono.serving.guard import HEADER_BYTES
from dono.serving.service_state import Service

CONNECTIONS = 2048
"""More are told 503 at once (assumed)."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: new requests are refused from now on, also on connections that are open."""
        self._service.drain()
        super().handle_exit(sig, frame)


def run(app: FastAPI, listening: socket.socket, *, drain_seconds: int, proxied: bool = False) -> None:
    """Serve until a signal; answers under way then have `drain_seconds` to end. A second Ctrl-C ends it at once."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, date_header=False, timeout_keep_alive=30,
        timeout_graceful_shutdown=drain_seconds, limit_concurrency=CONNECTIONS,
        http=_protocol(), h11_max_incomplete_event_size=HEADER_BYTES,
        proxy_headers=proxied, forwarded_allow_ips="127.0.0.1",
    )  # fmt: skip
    _Server(config, app.state.service).run(sockets=[listening])


def _protocol() -> type[asyncio.Protocol] | Literal["h11"]:
    """What reads HTTP: httptools, or where that is not installed h11, which takes longer for each token."""
    try:
        from dono.serving.bounded_http import BoundedHttp  # noqa: PLC0415 - it needs httptools
    except ImportError:
        return "h11"
    return BoundedHttp
