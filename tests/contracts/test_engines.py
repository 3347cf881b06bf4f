"""Every engine answers OpenAI's own client alike: the embedded one, and the same behind a proxy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeVar

import httpx
import openai
import pytest
from pydantic import BaseModel

from dono.serving import ENGINES, EmbeddedEngine, Engine, ProxyEngine, ProxySettings, service
from tests.rooms.serving.conftest import asking, chat_engine, chat_folder

__all__ = ["chat_engine", "chat_folder"]
T = TypeVar("T")
Found = dict[str, Any]
MESSAGES: list[Any] = [{"role": "user", "content": "where is the parcel"}]
ODD = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "odd"}}}
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"late": {"type": "boolean"}, "days": {"enum": [1, 2, 3]}},
    "required": ["late", "days"],
    "additionalProperties": False,
}


@asynccontextmanager
async def _embedded(engine: EmbeddedEngine) -> AsyncIterator[Engine]:
    yield engine


@asynccontextmanager
async def _proxy(engine: EmbeddedEngine) -> AsyncIterator[Engine]:
    behind = httpx.ASGITransport(service([engine]))
    proxy = ProxyEngine("http://behind/v1", ProxySettings(models={"small": "small"}), transport=behind)
    yield proxy
    await proxy.close()


ROWS: dict[str, Callable[[EmbeddedEngine], AbstractAsyncContextManager[Engine]]] = {
    "embedded": _embedded,
    "proxy": _proxy,
}


class Asking(Protocol):
    """Runs questions by OpenAI's client against one engine."""

    def __call__(self, questions: Callable[[openai.AsyncOpenAI], Awaitable[T]]) -> T: ...


def test_every_engine_is_tried() -> None:
    assert ROWS.keys() == ENGINES.keys()


@pytest.fixture(params=sorted(ROWS))
def ask(request: pytest.FixtureRequest, chat_engine: EmbeddedEngine) -> Asking:
    """Run questions against each engine, through OpenAI's client."""

    def run(questions: Callable[[openai.AsyncOpenAI], Awaitable[T]]) -> T:
        async def whole() -> T:
            async with ROWS[request.param](chat_engine) as engine, asking(service([engine])) as client:
                return await questions(client)

        return asyncio.run(whole())

    return run


def plain(answer: BaseModel) -> Found:
    """An answer of OpenAI's client, whose types it has checked, as plain values."""
    return answer.model_dump()


def test_a_chat_is_answered_whole_and_in_pieces_alike(ask: Asking) -> None:
    async def both(client: openai.AsyncOpenAI) -> tuple[Found, list[Found]]:
        whole = await client.chat.completions.create(model="small", messages=MESSAGES, max_tokens=12)
        pieces = await client.chat.completions.create(
            model="small", messages=MESSAGES, max_tokens=12, stream=True, stream_options={"include_usage": True}
        )
        return plain(whole), [plain(p) async for p in pieces]

    whole, pieces = ask(both)
    choices = [c for p in pieces for c in p["choices"]]
    text = "".join(c["delta"]["content"] or "" for c in choices)
    assert text == whole["choices"][0]["message"]["content"] and text
    assert choices[0]["delta"]["role"] == "assistant"
    assert [c["finish_reason"] for c in choices if c["finish_reason"]] == [whole["choices"][0]["finish_reason"]]
    assert pieces[-1]["usage"]["completion_tokens"] == whole["usage"]["completion_tokens"] == 12
    assert pieces[-1]["usage"]["prompt_tokens"] == whole["usage"]["prompt_tokens"] > 5


def test_texts_go_on_one_by_one_and_as_a_list(ask: Asking) -> None:
    async def several(client: openai.AsyncOpenAI) -> tuple[list[Found], Found, Found]:
        alone = [await client.completions.create(model="small", prompt=p, max_tokens=6) for p in ("the parcel", "mera")]
        together = await client.completions.create(model="small", prompt=["the parcel", "mera"], max_tokens=6, n=2)
        ids = await client.completions.create(model="small", prompt=[[70, 71, 72], [80]], max_tokens=3)
        return [plain(a) for a in alone], plain(together), plain(ids)

    alone, together, ids = ask(several)
    first, second = (a["choices"][0]["text"] for a in alone)
    assert [c["text"] for c in together["choices"]] == [first, first, second, second]
    assert [c["index"] for c in together["choices"]] == [0, 1, 2, 3] and len(ids["choices"]) == 2
    assert alone[0]["usage"]["completion_tokens"] == 6


def test_a_seed_gives_the_same_answer_and_choices_differ(ask: Asking) -> None:
    async def draw(client: openai.AsyncOpenAI) -> list[list[str]]:
        async def one(seed: int) -> list[str]:
            found = await client.chat.completions.create(
                model="small", messages=MESSAGES, max_tokens=10, temperature=1.5, seed=seed, n=2,
                extra_body={"top_k": 300}, top_p=0.99,
            )  # fmt: skip
            return [c.message.content or "" for c in found.choices]

        return list(await asyncio.gather(one(5), one(5), one(6)))

    first, again, other = ask(draw)
    assert first == again != other and first[0] != first[1]


def test_a_stop_ends_the_answer_before_it(ask: Asking) -> None:
    async def stopped(client: openai.AsyncOpenAI) -> tuple[str, str, Found]:
        whole = await client.completions.create(model="small", prompt="the", max_tokens=20)
        text = whole.choices[0].text
        stop = text[len(text) // 2 : len(text) // 2 + 2]
        found = await client.completions.create(model="small", prompt="the", max_tokens=20, stop=["~~~", stop])
        return text, stop, plain(found)

    text, stop, found = ask(stopped)
    assert found["choices"][0]["text"] == text.split(stop)[0] and found["choices"][0]["finish_reason"] == "stop"


def test_chances_are_told(ask: Asking) -> None:
    async def told(client: openai.AsyncOpenAI) -> tuple[Found, Found]:
        chat = await client.chat.completions.create(
            model="small", messages=MESSAGES, max_tokens=5, logprobs=True, top_logprobs=3
        )
        return plain(chat), plain(
            await client.completions.create(model="small", prompt="the", max_tokens=5, logprobs=2)
        )

    chat, text = ask(told)
    content, chances = chat["choices"][0]["logprobs"]["content"], text["choices"][0]["logprobs"]
    assert len(content) == 5 and all(len(c["top_logprobs"]) == 3 for c in content)
    assert all(c["logprob"] == c["top_logprobs"][0]["logprob"] <= 0 for c in content)  # greedy: the likeliest
    assert len(chances["tokens"]) == len(chances["text_offset"]) == 5


def test_a_schema_is_enforced(ask: Asking) -> None:
    async def held(client: openai.AsyncOpenAI) -> list[Found]:
        form: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
        return [
            plain(
                await client.chat.completions.create(
                    model="small", messages=MESSAGES, max_tokens=80, response_format=form, temperature=t, seed=1
                )
            )
            for t in (0, 1)
        ]

    for found in ask(held):
        assert found["choices"][0]["finish_reason"] == "stop"
        said = json.loads(found["choices"][0]["message"]["content"])
        assert said.keys() == {"late", "days"} and said["days"] in (1, 2, 3) and isinstance(said["late"], bool)


def test_a_tool_is_called_where_one_must_be(ask: Asking) -> None:
    tool: Any = {"type": "function", "function": {"name": "look_up", "parameters": SCHEMA}}

    async def called(client: openai.AsyncOpenAI) -> tuple[Found, list[Found], Found]:
        whole = await client.chat.completions.create(
            model="small", messages=MESSAGES, max_tokens=120, tools=[tool], tool_choice="required"
        )
        pieces = await client.chat.completions.create(
            model="small", messages=MESSAGES, max_tokens=120, tools=[tool], tool_choice="required", stream=True
        )
        streamed = [plain(c) async for p in pieces for choice in p.choices for c in choice.delta.tool_calls or ()]
        message: Any = whole.choices[0].message.model_dump(exclude_none=True)
        answer: Any = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "late"}
        after = await client.chat.completions.create(
            model="small", messages=[*MESSAGES, message, answer], max_tokens=4, tools=[tool]
        )
        return plain(whole), streamed, plain(after)

    whole, streamed, after = ask(called)
    call = whole["choices"][0]["message"]["tool_calls"][0]
    assert whole["choices"][0]["finish_reason"] == "tool_calls" and call["function"]["name"] == "look_up"
    assert json.loads(call["function"]["arguments"]).keys() == {"late", "days"}
    assert [c["function"]["arguments"] for c in streamed] == [call["function"]["arguments"]]
    assert after["usage"]["prompt_tokens"] > whole["usage"]["prompt_tokens"]


def test_texts_become_vectors(ask: Asking) -> None:
    async def embedded(client: openai.AsyncOpenAI) -> tuple[Found, Found]:
        numbers = await client.embeddings.create(
            model="small", input=["parcel", "order", "parcel"], encoding_format="float"
        )
        packed = await client.embeddings.create(model="small", input="order")  # base64, which the client decodes
        return plain(numbers), plain(packed)

    numbers, packed = ask(embedded)
    first, second, third = (d["embedding"] for d in numbers["data"])
    assert first == third and first != second and sum(x * x for x in first) == pytest.approx(1, abs=1e-5)
    assert packed["data"][0]["embedding"] == pytest.approx(second, abs=1e-6)


def test_models_are_listed(ask: Asking) -> None:
    async def listed(client: openai.AsyncOpenAI) -> tuple[list[str], Found]:
        return [m.id async for m in client.models.list()], plain(await client.models.retrieve("small"))

    names, one = ask(listed)
    assert names == ["small"] and one["id"] == "small"


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ({"logit_bias": {"5": 3}}, "logit_bias"),
        ({"reasoning_effort": "low"}, "reasoning_effort"),
        ({"top_logprobs": 2}, None),
        ({"max_tokens": 10_000}, "messages"),
        ({"temperature": 3}, "temperature"),
        ({"n": 99}, "n"),
        ({"response_format": ODD}, "response_format"),
    ],
)  # fmt: skip
def test_what_is_not_served_is_refused_by_name(ask: Asking, asked: dict[str, object], param: str | None) -> None:
    async def refused(client: openai.AsyncOpenAI) -> openai.BadRequestError:
        with pytest.raises(openai.BadRequestError) as caught:
            await client.chat.completions.create(model="small", messages=MESSAGES, extra_body=asked)
        return caught.value

    error = ask(refused)
    assert error.type == "invalid_request_error"
    assert error.param is None or param is None or error.param.startswith(param)
    assert error.param == param or error.code == "engine_refused"


def test_an_unknown_model_is_named_with_those_that_are_there(ask: Asking) -> None:
    async def unknown(client: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.NotFoundError, match="served are: small"):
            await client.chat.completions.create(model="gpt-9", messages=MESSAGES)

    ask(unknown)
