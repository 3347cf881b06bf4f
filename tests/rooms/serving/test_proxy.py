"""A service behind ours that answers as the real vLLM does (0.32): what it refuses, and what it is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import openai
import pytest

from dono.serving import ProxyEngine, ProxySettings, service
from tests.rooms.serving.conftest import asking

MESSAGES: list[Any] = [{"role": "user", "content": "where is the parcel"}]
TOOL: Any = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
CALL = {"name": "look_up", "arguments": "{}"}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2}


def answering(
    answer: Callable[[httpx.Request], httpx.Response], question: Callable[[openai.AsyncOpenAI], Awaitable[object]]
) -> None:
    """Ask a question of a service before a URL that answers so."""

    async def whole() -> None:
        settings = ProxySettings(models={"small": "theirs"})
        engine = ProxyEngine("http://behind/v1", settings, transport=httpx.MockTransport(answer))
        async with asking(service([engine])) as client:
            await question(client)
        await engine.close()

    asyncio.run(whole())


def stream(*chunks: object) -> httpx.Response:
    """A stream of server-sent events."""
    text = "".join(f"data: {json.dumps(c)}\n\n" for c in chunks) + "data: [DONE]\n\n"
    return httpx.Response(200, text=text, headers={"content-type": "text/event-stream"})


def test_a_request_that_vllm_refuses_in_its_stream_is_the_clients_mistake() -> None:
    async def question(client: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.BadRequestError, match="the engine refuses the request: Grammar error") as caught:
            await client.chat.completions.create(model="small", messages=MESSAGES)
        assert caught.value.code == "engine_refused"

    error = {"message": "Grammar error: Invalid type: odd", "type": "BadRequestError", "param": None, "code": 400}
    answering(lambda _: stream({"error": error}), question)


@pytest.mark.parametrize("error", [{"message": "EngineCore died", "code": 500}, {"message": "?"}, "broken"])
def test_an_engine_that_fails_in_its_stream_is_not_the_clients_mistake(error: object) -> None:
    async def question(client: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.InternalServerError, match="the engine behind failed") as caught:
            await client.chat.completions.create(model="small", messages=MESSAGES)
        assert caught.value.status_code == 502

    answering(lambda _: stream({"error": error}), question)


def test_a_model_that_makes_no_vectors_is_said_to_make_none() -> None:
    async def question(client: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.BadRequestError, match="makes no vectors"):
            await client.embeddings.create(model="small", input="parcel")

    answering(lambda _: httpx.Response(404, json={"detail": "Not Found"}), question)


@pytest.mark.parametrize(
    ("choice", "strict"),
    [("required", True), ({"type": "function", "function": {"name": "look_up"}}, True), ("auto", None)],
)
def test_a_tool_that_must_be_called_is_held_to_its_own_schema(choice: Any, strict: bool | None) -> None:  # noqa: ANN401
    asked: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content))
        delta = {"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": CALL}]}
        return stream(
            {"choices": [{"index": 0, "delta": delta, "finish_reason": "tool_calls"}]}, {"choices": [], "usage": USAGE}
        )

    async def question(client: openai.AsyncOpenAI) -> None:
        told = await client.chat.completions.create(model="small", messages=MESSAGES, tools=[TOOL], tool_choice=choice)
        assert told.choices[0].finish_reason == "tool_calls"

    answering(answer, question)
    assert asked[0]["model"] == "theirs" and asked[0]["tools"][0]["function"].get("strict") is strict
