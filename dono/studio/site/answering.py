"""Who answers prompts: a service that speaks OpenAI's API, on this machine, over HTTP or in this very process."""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from dono.errors import Mistake

KEY = "DONO_SERVICE_KEY"
"""The environment variable with the service's bearer key, where it asks for one."""
PATIENCE = httpx.Timeout(300.0, connect=5.0)
MOST_MODELS, LONGEST_PROMPT, MOST_TOKENS = 4, 20_000, 2048
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Wish:
    """One prompt and how it is answered; `talk`: as a chat, else the prompt is continued as a text."""

    prompt: str
    talk: bool = True
    temperature: float = 0.0
    max_tokens: int = 128


@dataclass
class Answer:
    """What one model said so far, in how many seconds; `failed` is why it could not."""

    model: str
    text: str = ""
    seconds: float = 0.0
    first: float | None = None
    done: bool = False
    failed: str = ""


@dataclass
class Asked:
    """A prompt before one to four models, in the order in which they are shown; blind: unnamed until it is rated."""

    wish: Wish
    answers: list[Answer]
    blind: bool
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    told: bool = False
    since: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> bool:
        """Whether all have answered."""
        return all(a.done for a in self.answers)


def asked_of(wish: Wish, models: Sequence[str], *, blind: bool) -> Asked:
    """A new one; blind, the models stand in an order that was drawn."""
    names = list(dict.fromkeys(models))
    if blind:
        random.SystemRandom().shuffle(names)
    return Asked(wish, [Answer(name) for name in names], blind)


@dataclass(frozen=True)
class Service:
    """`address` ends in /v1; `transport` leads into an application in this process, None over HTTP."""

    address: str
    transport: httpx.AsyncBaseTransport | None = None

    def _client(self) -> httpx.AsyncClient:
        key = os.environ.get(KEY)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.AsyncClient(
            base_url=self.address, transport=self.transport, headers=headers, timeout=PATIENCE, trust_env=False
        )

    async def models(self) -> list[str]:
        """Names of the models that it has. Raises `Mistake` where it does not answer."""
        try:
            async with self._client() as client:
                found = await client.get("models")
                found.raise_for_status()
                rows = [row for row in found.json()["data"] if "/predict" not in str(row.get("route", ""))]
                return [str(row["id"]) for row in rows]  # models of tables and labels take no prompt
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            remedy = "Start it with `dono serve`, or give its address with --service"
            raise Mistake(f"the service does not answer ({_said(error)})", where=self.address, remedy=remedy) from error

    async def fill(self, answer: Answer, wish: Wish) -> AsyncIterator[str]:
        """Ask one model, and keep what it says in `answer`; every piece as it comes. A failure is kept, not raised."""
        began = time.monotonic()
        try:
            async for piece in self._pieces(answer.model, wish):
                answer.first = time.monotonic() - began if answer.first is None else answer.first
                answer.text += piece
                yield piece
        except (httpx.HTTPError, ValueError, KeyError, TypeError, Mistake) as error:
            answer.failed = _said(error)
        finally:
            answer.seconds, answer.done = time.monotonic() - began, True

    async def _pieces(self, model: str, wish: Wish) -> AsyncIterator[str]:
        body: dict[str, Any] = {
            "model": model, "temperature": wish.temperature, "max_tokens": wish.max_tokens, "stream": True,
        }  # fmt: skip
        body |= {"messages": [{"role": "user", "content": wish.prompt}]} if wish.talk else {"prompt": wish.prompt}
        async with self._client() as client:
            path = "chat/completions" if wish.talk else "completions"
            async with client.stream("POST", path, json=body) as found:
                if found.is_error:
                    raise Mistake(_refusal(await found.aread(), found.status_code), where=model, remedy="")
                async for line in found.aiter_lines():
                    data = line.removeprefix("data:").strip()
                    if line.startswith("data:") and data != "[DONE]":
                        yield _text(json.loads(data))

    async def all(self, asked: Asked) -> None:
        """Ask all models at once, and wait for them."""

        async def whole(answer: Answer) -> None:
            async for _ in self.fill(answer, asked.wish):
                pass

        await asyncio.gather(*(whole(a) for a in asked.answers if not a.done))


def _text(chunk: dict[str, Any]) -> str:
    """What one chunk of a stream adds; an error in the stream is raised."""
    if "error" in chunk:
        raise ValueError(str(chunk["error"].get("message", "the service failed")))
    choices = chunk.get("choices") or [{}]
    found = choices[0].get("delta", {}).get("content") if "delta" in choices[0] else choices[0].get("text")
    return str(found or "")


def _refusal(body: bytes, status: int) -> str:
    """The message of OpenAI's error envelope."""
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"the service answered {status}"


def _said(error: Exception) -> str:
    if isinstance(error, Mistake):
        return error.what
    return str(error) or type(error).__name__


def checked_address(address: str) -> str:
    """The address of a service, with /v1 at its end. Raises `Mistake` for one that is not on this machine."""
    found = urlsplit(address if "://" in address else f"http://{address}")
    if found.scheme not in ("http", "https") or found.hostname not in LOOPBACK:
        remedy = "Give one on this machine, like http://127.0.0.1:8000/v1: prompts do not leave it"
        raise Mistake("no address of a service on this machine", where=f"--service {address}", remedy=remedy)
    path = found.path.rstrip("/")
    return found._replace(path=path if path.endswith("/v1") else f"{path}/v1", query="", fragment="").geturl() + "/"
