"""Listening: a socket whose port is known before anything is printed, and an application served on it."""

from __future__ import annotations

import importlib
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

from dono.errors import Mistake

GRACE_SECONDS = 2
"""How long pages that are kept up to date may hold up the end."""


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that is bound, so that its port is known before links are printed.

    It says that it is TCP: of others asyncio does not turn off Nagle's waiting, and each small answer takes 40 ms.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)) as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port))
            found.listen()
        except OSError as error:
            remedy = "Give another one: --port, or --port 0 for any that is free"
            raise Mistake(f"cannot listen ({error.strerror})", where=f"{host}:{port}", remedy=remedy) from error
        yield found


def serve(app: object, found: socket.socket, proxied: bool) -> None:
    """Until somebody stops it. Loaded here: whoever does not serve needs no server."""
    uvicorn = importlib.import_module("uvicorn")
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, proxy_headers=proxied, forwarded_allow_ips="127.0.0.1",
        server_header=False, timeout_keep_alive=30, timeout_graceful_shutdown=GRACE_SECONDS,
        http="h11",  # it bounds headers, which httptools does not
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[found])


def shown_host(host: str) -> str:
    """A host as it stands in an address."""
    return f"[{host}]" if ":" in host else host
