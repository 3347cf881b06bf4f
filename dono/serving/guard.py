"""Before a request is read and while it is answered: sizes, times, hosts; for clients that are slow or hostile."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dono.serving.refusals import Refused

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEADER_BYTES = 64 << 10
"""The request line, headers and trailers at most."""
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


@dataclass(frozen=True)
class Bounds:
    """What a request may be. `hosts` are the names under which the service may be asked; None: any.

    Where nobody needs a key, the names keep out pages of other sites whose own name was pointed at this machine.
    """

    largest: int = 8 << 20
    body_seconds: float = 30.0
    write_seconds: float = 60.0
    hosts: frozenset[str] | None = None


class Guard:
    """Each request gets an id, a body of bounded size and time, and an answer that is taken in bounded time."""

    def __init__(self, app: ASGIApp, bounds: Bounds) -> None:
        self.app, self.bounds = app, bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(12)
        scope.setdefault("state", {})["request_id"] = request
        sending = self._sending(send, request)
        try:
            self._check(scope, headers)
            body = await self._body(receive, headers) if scope["method"] in ("POST", "PUT", "PATCH") else b""
        except Refused as refused:
            await answer_refused(refused, sending)
            return
        except ConnectionError:
            return
        await self.app(scope, _replaying(body, receive), sending)

    def _check(self, scope: Scope, headers: Headers) -> None:
        hosts = self.bounds.hosts
        name = (
            headers.get("host", "").rsplit(":", 1)[0] if not headers.get("host", "").endswith("]") else headers["host"]
        )
        if hosts is not None and name.lower() not in hosts:
            raise Refused(403, f"this service is not reached under the name {name[:100]!r}", code="unknown_host")
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        if scope["method"] == "POST" and kind != "application/json":
            raise Refused(415, "the body is to be JSON: send Content-Type: application/json")

    async def _body(self, receive: Receive, headers: Headers) -> bytes:
        largest = self.bounds.largest
        too_large = Refused(413, f"the body has more than {largest:,} bytes")
        said = headers.get("content-length", "")
        if said.isdigit() and int(said) > largest:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self.bounds.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ConnectionError
                    body += message.get("body", b"")
                    if len(body) > largest:
                        raise too_large
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError as error:
            raise Refused(408, f"the body did not come within {self.bounds.body_seconds:.0f} s") from error

    def _sending(self, send: Send, request: str) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**HEADERS, "X-Request-Id": request}.items():
                    headers.setdefault(name, value)
            async with asyncio.timeout(self.bounds.write_seconds):
                await send(message)

        return sending


def _replaying(body: bytes, receive: Receive) -> Receive:
    """The body that was read, once; then what comes of the connection."""
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def answer_refused(refused: Refused, send: Send) -> None:
    """Send a refusal; the rest of what the client sends is not read."""
    body = json.dumps(refused.envelope()).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    raw = [(k.lower().encode(), v.encode()) for k, v in {**headers, **refused.headers()}.items()]
    await send({"type": "http.response.start", "status": refused.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
