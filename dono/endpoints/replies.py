"""What an endpoint answers: a reply, a fault that may pass, or a refusal that will not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dono.endpoints.pace import waited

PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
"""States of HTTP that another try may change; the last four are those of gateways in front of models."""
NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
"""What providers call a 429 that no waiting mends."""


class Failed(Exception):
    """A request without a reply. `passing`: another try may succeed; `after`: seconds that the server asks to wait.

    `billed`: whether the server may have done the work, so that it may have to be paid for.
    """

    def __init__(
        self, what: str, *, passing: bool, after: float | None = None, billed: bool = False, status: int = 0
    ) -> None:
        super().__init__(what)
        self.what, self.passing, self.after, self.billed, self.status = what, passing, after, billed, status


@dataclass(frozen=True)
class Reply:
    """One answer. Tokens are the server's own count (None where it tells none); `seconds` from request to last byte.

    `first`: the likeliest first tokens with their log-probabilities in nats, empty where they were not told.
    `refused`: why this one question has no answer (too long, filtered), None where it has one.
    """

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    cut: bool = False
    first: tuple[tuple[str, float], ...] = ()
    seconds: float = 0.0
    refused: str | None = None


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Likely(_Lenient):
    token: str
    logprob: float


class _Token(_Likely):
    top_logprobs: list[_Likely] = Field(default_factory=list)


class _Logprobs(_Lenient):
    content: list[_Token] | None = None


class _Message(_Lenient):
    content: str | None = None


class _Choice(_Lenient):
    message: _Message
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Usage(_Lenient):
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class _Completion(_Lenient):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


def read_reply(response: httpx.Response, seconds: float) -> Reply:
    """The reply in a response of /chat/completions. Raises `Failed` for all that is none."""
    if response.status_code != 200:
        raise _failure(response)
    try:
        found = _Completion.model_validate_json(response.content)
    except ValidationError as error:
        wrong = str(error.errors()[0]["msg"])
        raise Failed(f"its reply is no chat completion ({wrong})", passing=True, billed=True) from error
    choice = found.choices[0]
    told = choice.logprobs.content if choice.logprobs and choice.logprobs.content else []
    likely = [(t.token, t.logprob) for t in (told[0].top_logprobs or told[:1])] if told else []
    return Reply(
        text=choice.message.content or "",
        tokens_in=found.usage.prompt_tokens if found.usage else None,
        tokens_out=found.usage.completion_tokens if found.usage else None,
        cut=choice.finish_reason == "length",
        first=tuple(likely),
        seconds=seconds,
    )


def _failure(response: httpx.Response) -> Failed:
    status, (message, code) = response.status_code, _said(response)
    what = f"HTTP {status}" + (f": {message}" if message else "")
    if status == 429 and code in NO_MONEY:
        return Failed(what, passing=False, status=402)
    after = waited(response.headers.get("retry-after-ms"), response.headers.get("retry-after"))
    return Failed(what, passing=status in PASSING, after=after, billed=status in (500, 504, 524), status=status)


def _said(response: httpx.Response) -> tuple[str, str]:
    """The server's own message, on one line, and its code; empty where it sends none."""
    try:
        body: Any = response.json()
    except ValueError:
        return " ".join(response.text.split())[:200], ""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(error, Mapping):
        return " ".join(str(error.get("message", "")).split())[:200], str(error.get("code") or error.get("type") or "")
    return " ".join(str(error).split())[:200], ""
