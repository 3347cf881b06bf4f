"""The engine for scale: any OpenAI-compatible URL (vLLM, SGLang, llama.cpp, another Dono) behind this service.

Only what the contract knows is sent on, only what it knows comes back; the key of the URL stays here.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from dono.errors import Mistake
from dono.serving.contract import ChatRequest, CompletionRequest, EmbeddingRequest, Generating, separate
from dono.serving.engine import Chance, Event, Job, Piece, Place, State, ToolCall, Usage, Vectors
from dono.serving.refusals import Refused, invalid
from dono.serving.tools import demanded

CHARACTERS = 4
"""Of a token: what a prompt is taken to have before the engine has counted it (assumed)."""
FINISHES = {"stop", "length", "tool_calls", "content_filter"}


@dataclass(frozen=True, kw_only=True)
class ProxySettings:
    """`models` are the names that are served and what the URL calls them; empty: those that it lists."""

    models: Mapping[str, str] | None = None
    key: str | None = None
    connect_seconds: float = 5.0
    read_seconds: float = 300.0
    queue: int = 256


class ProxyEngine:
    """A URL that ends in `/v1`."""

    def __init__(self, url: str, settings: ProxySettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url, self.settings = url.rstrip("/"), settings
        headers = {} if settings.key is None else {"Authorization": f"Bearer {settings.key}"}
        seconds = httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds)
        self._client = httpx.AsyncClient(
            headers=headers, timeout=seconds, transport=transport, trust_env=False,
            limits=httpx.Limits(max_connections=settings.queue),
        )  # fmt: skip
        self._models = dict(settings.models or {})
        self._running = 0
        self._why = ""

    @classmethod
    def open(cls, name: str, place: str, settings: ProxySettings) -> ProxyEngine:
        """Ask the URL once what it serves. `name` is what its only model is called here; empty: as there.

        Raises `Mistake` where it does not answer, or serves several models and one name was given.
        """
        url = place.rstrip("/")
        key = settings.key or os.environ.get("DONO_ENDPOINT_KEY")
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        try:
            found = httpx.get(f"{url}/models", headers=headers, timeout=settings.connect_seconds, trust_env=False)
            found.raise_for_status()
            listed = [str(m["id"]) for m in found.json()["data"]]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            remedy = "Start it, or correct the URL (it ends in /v1); DONO_ENDPOINT_KEY holds its key"
            raise Mistake(f"no OpenAI-compatible service answers ({error})", where=place, remedy=remedy) from error
        if settings.models is None and name and len(listed) != 1:
            remedy = "Leave the name out: all are served at their own names"
            raise Mistake(f"it serves {len(listed)} models ({', '.join(listed[:5])})", where=place, remedy=remedy)
        models = settings.models or ({name: listed[0]} if name else {one: one for one in listed})
        made = ProxySettings(
            models=models, key=key, connect_seconds=settings.connect_seconds, read_seconds=settings.read_seconds,
            queue=settings.queue,
        )  # fmt: skip
        return cls(url, made)

    def names(self) -> Sequence[str]:
        """The model names."""
        return list(self._models)

    def has(self, name: str) -> bool:
        """Whether a name is served."""
        return name in self._models

    async def chat(self, request: ChatRequest, owner: str) -> Job:
        """A conversation."""
        size = sum(len(m.text) for m in request.messages) // CHARACTERS + 1
        most = (request.most or 0) * request.choices
        return Job(size, most, lambda: self._events("/chat/completions", request, _chat_piece))

    async def complete(self, request: CompletionRequest, owner: str) -> Job:
        """Texts that go on."""
        prompts = separate(request.prompt)
        size = sum(len(p) // CHARACTERS + 1 if isinstance(p, str) else len(p) for p in prompts)
        most = request.most * request.choices * len(prompts)
        return Job(size, most, lambda: self._events("/completions", request, _text_piece))

    async def embed(self, request: EmbeddingRequest) -> Vectors:
        """Texts as vectors."""
        body = self._body(request) | {"encoding_format": "float"}
        try:
            answer = await self._client.post(f"{self.url}/embeddings", json=body)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if answer.status_code in (404, 405):
            raise invalid("the engine behind makes no vectors of this model's texts", code="engine_refused")
        if answer.status_code != 200:
            raise _refused(answer.status_code, answer.content)
        try:
            found = answer.json()
            vectors = [list(map(float, one["embedding"])) for one in sorted(found["data"], key=lambda d: d["index"])]
            return Vectors(vectors, int(found["usage"]["prompt_tokens"]))
        except (ValueError, KeyError, TypeError) as error:
            raise _odd() from error

    def state(self) -> State:
        """How it is."""
        return State(not self._why, self._why, self._running, 0)

    async def close(self) -> None:
        """Stop."""
        await self._client.aclose()

    def _body(self, request: Generating | EmbeddingRequest) -> dict[str, Any]:
        """The request as it came, under the name that the URL knows."""
        body = request.model_dump(by_alias=True, exclude_unset=True, mode="json")
        if isinstance(request, ChatRequest) and demanded(request):
            for tool in body["tools"]:  # else vLLM holds a call to JSON alone, not to the tool's own schema
                tool["function"]["strict"] = True
        return body | {"model": self._models[request.model]}

    async def _events(
        self, route: str, request: Generating, read: Callable[[Mapping[str, Any]], Piece]
    ) -> AsyncGenerator[Event, None]:
        """The URL's stream as events: it always streams, and is always asked to count."""
        if self._running >= self.settings.queue:
            what = f"{self._running:,} requests are under way already; try again in a moment"
            raise Refused(503, what, code="queue_full", wait=2.0)
        body = self._body(request) | {"stream": True, "stream_options": {"include_usage": True}}
        usage: Usage | None = None
        self._running += 1
        try:
            async with self._client.stream("POST", self.url + route, json=body) as answer:
                if answer.status_code != 200:
                    raise _refused(answer.status_code, await answer.aread())
                self._why = ""
                async for line in answer.aiter_lines():
                    if not line.startswith("data:") or line[5:].strip() == "[DONE]":
                        continue
                    chunk = json.loads(line[5:])
                    if "error" in chunk:
                        raise _refused(_status(chunk), line[5:])
                    for choice in chunk.get("choices", ()):
                        yield read(choice)
                    if chunk.get("usage"):
                        usage = _usage(chunk["usage"])
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise _odd() from error
        finally:
            self._running -= 1
        if usage is None:
            raise Refused(502, "the engine's answer broke off")
        yield usage

    def _unreachable(self, error: httpx.HTTPError) -> Refused:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            self._why = "the engine behind cannot be reached"
            asyncio.get_running_loop().call_later(5.0, self._try_again)
            return Refused(503, self._why, code="engine_unreachable", wait=5.0)
        return Refused(502, f"the engine behind failed ({type(error).__name__})", code="engine_failed")

    def _try_again(self) -> None:
        self._why = ""


def _usage(found: Mapping[str, Any]) -> Usage:
    details = found.get("prompt_tokens_details") or {}
    reused = int(details.get("cached_tokens") or 0)
    return Usage(int(found["prompt_tokens"]), int(found.get("completion_tokens") or 0), reused)


def _finish(choice: Mapping[str, Any]) -> str | None:
    said = choice.get("finish_reason")
    return said if said in FINISHES else ("stop" if said else None)


def _chat_piece(choice: Mapping[str, Any]) -> Piece:
    delta, told = choice.get("delta") or {}, (choice.get("logprobs") or {}).get("content") or ()
    places = tuple(
        Place(_chance(t), tuple(_chance(one) for one in t.get("top_logprobs") or ())) for t in told
    )  # fmt: skip
    calls = tuple(
        ToolCall(
            str(c.get("id") or ""), str(c["function"].get("name") or ""), str(c["function"].get("arguments") or "")
        )
        for c in delta.get("tool_calls") or ()
    )
    text = str(delta.get("content") or "")
    return Piece(int(choice["index"]), text, places, calls, _finish(choice), max(1, len(places)) if text else 0)


def _chance(found: Mapping[str, Any]) -> Chance:
    text = str(found["token"])
    return Chance(text, tuple(found.get("bytes") or text.encode()), float(found["logprob"]))


def _text_piece(choice: Mapping[str, Any]) -> Piece:
    told = choice.get("logprobs") or {}
    tokens, values = told.get("tokens") or (), told.get("token_logprobs") or ()
    tops = told.get("top_logprobs") or [None] * len(tokens)
    places = tuple(
        Place(Chance(t, tuple(t.encode()), float(v)), tuple(_named(k, x) for k, x in (top or {}).items()))
        for t, v, top in zip(tokens, values, tops, strict=True)
    )
    text = str(choice.get("text") or "")
    return Piece(int(choice["index"]), text, places, (), _finish(choice), max(1, len(places)) if text else 0)


def _named(token: str, logprob: float) -> Chance:
    return Chance(token, tuple(token.encode()), float(logprob))


def _message(body: Mapping[str, Any]) -> str:
    error = body.get("error")
    said = error.get("message") if isinstance(error, dict) else error or body.get("message") or body.get("detail")
    return str(said)[:500]


def _status(chunk: Mapping[str, Any]) -> int:
    """The status that an error in a stream would have had, as vLLM tells it; 500 where none is told."""
    code = chunk["error"].get("code") if isinstance(chunk["error"], dict) else None
    return code if isinstance(code, int) else 500


def _refused(status: int, body: bytes | str) -> Refused:
    """The URL's refusal as ours: what the client asked wrongly is handed on, anything else is the engine's failure."""
    try:
        said = _message(json.loads(body))
    except (ValueError, AttributeError):
        said = f"status {status}"
    if status in (400, 404, 413, 422):
        return Refused(400, f"the engine refuses the request: {said}", code="engine_refused")
    if status in (429, 503):
        return Refused(503, f"the engine is busy: {said}", code="queue_full", wait=2.0)
    return Refused(502, "the engine behind failed", code="engine_failed")


def _odd() -> Refused:
    return Refused(502, "the engine behind answered something that is no answer", code="engine_failed")
