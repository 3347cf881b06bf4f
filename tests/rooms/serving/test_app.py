from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx
import openai
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from dono.serving import (
    Bounds,
    Cell,
    EmbeddedEngine,
    Key,
    Ledger,
    Prediction,
    Price,
    Service,
    ServiceSettings,
    service,
)
from tests.rooms.serving.conftest import asking

T = TypeVar("T")


class Coin:
    """A predictor of rows."""

    takes: Literal["rows", "texts"] = "rows"

    def predict(self, given: Sequence[Mapping[str, Cell]] | Sequence[str]) -> list[Prediction]:
        return [Prediction("yes", {"no": 0.25, "yes": 0.75}) for _ in given]


def ask(app: FastAPI, question: Callable[[httpx.AsyncClient], Awaitable[T]]) -> T:
    async def whole() -> T:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://dono") as http:
            return await question(http)

    return asyncio.run(whole())


def post(app: FastAPI, route: str, body: object, **headers: str) -> httpx.Response:
    async def send(http: httpx.AsyncClient) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return await http.post(route, content=content, headers=sent)

    return ask(app, send)


def get(app: FastAPI, route: str, **headers: str) -> httpx.Response:
    async def send(http: httpx.AsyncClient) -> httpx.Response:
        return await http.get(route, headers=headers)

    return ask(app, send)


CHAT = {"model": "small", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 3}


def test_without_a_valid_key_nothing_is_served(chat_engine: EmbeddedEngine) -> None:
    ledger = Ledger(":memory:")
    token = ledger.add(Key("asha", models=("small",)))
    app = service([chat_engine], ledger=ledger, predictors={"coin": Coin()})
    for headers in ({}, {"Authorization": "Bearer dono-wrong"}, {"Authorization": f"Basic {token}"}):
        refused = post(app, "/v1/chat/completions", CHAT, **headers)
        assert refused.status_code == 401 and refused.json()["error"]["code"] == "invalid_api_key"
    mine = {"Authorization": f"Bearer {token}"}
    assert post(app, "/v1/chat/completions", CHAT, **mine).status_code == 200
    assert [m["id"] for m in get(app, "/v1/models", **mine).json()["data"]] == ["small"]
    other = post(app, "/v1/predict/coin", {"rows": [{"a": 1}]}, **mine)
    assert other.status_code == 403 and "may not ask 'coin'" in other.json()["error"]["message"]
    assert get(app, "/metrics").status_code == 401 and get(app, "/health").text == "ok\n"


def test_what_was_asked_is_counted_priced_and_kept_without_its_text(chat_engine: EmbeddedEngine) -> None:
    ledger = Ledger(":memory:")
    token = ledger.add(Key("asha"))
    price = Price(per_hour=3600.0, per_million_out=1e6)
    app = service([chat_engine], ledger=ledger, settings=ServiceSettings(price=price))
    answer = post(app, "/v1/chat/completions", {**CHAT, "user": "u7"}, Authorization=f"Bearer {token}")
    usage, used = answer.json()["usage"], ledger.used("asha")
    assert used.requests == 1 and used.tokens == usage["total_tokens"] == usage["prompt_tokens"] + 3
    assert used.money > 3  # three tokens at one each, and the machine's seconds
    (row,) = ledger.audit()
    assert row["status"] == 200 and row["request"] == answer.headers["x-request-id"] and row["key"] == "asha"
    assert "u7" not in str(row) and "hi" not in str(row)
    page = get(app, "/metrics", Authorization=f"Bearer {token}").text
    assert 'dono_tokens_total{kind="completion",model="small"} 3.0' in page
    assert 'dono_requests_total{model="small",route="/v1/chat/completions",status="200"} 1.0' in page
    assert "dono_time_to_first_token_seconds_count" in page and 'dono_cost_total{model="small"} 3' in page


def test_a_limit_is_told_with_the_time_to_wait(chat_engine: EmbeddedEngine) -> None:
    ledger = Ledger(":memory:")
    token = ledger.add(Key("asha", requests_per_minute=1))
    app = service([chat_engine], ledger=ledger)

    async def twice() -> openai.RateLimitError:
        async with asking(app, token) as client:
            await client.completions.create(model="small", prompt="a", max_tokens=1)
            with pytest.raises(openai.RateLimitError) as caught:
                await client.completions.create(model="small", prompt="a", max_tokens=1)
            return caught.value

    error = asyncio.run(twice())
    assert error.code == "rate_limit_exceeded" and 50 <= int(error.response.headers["retry-after"]) <= 61


def test_predictions_have_their_own_route(chat_engine: EmbeddedEngine) -> None:
    app = service([chat_engine], predictors={"coin": Coin()})
    found = post(app, "/v1/predict/coin", {"rows": [{"a": 1}, {"a": None}]}).json()
    assert found["data"][1] == {"index": 1, "label": "yes", "probabilities": {"no": 0.25, "yes": 0.75}}
    assert "reads `rows`" in post(app, "/v1/predict/coin", {"texts": ["a"]}).json()["error"]["message"]
    for model, route, other in (("coin", "/v1/chat/completions", "/v1/predict/coin"), ("small", None, "/v1/chat")):
        body = {**CHAT, "model": model} if route else {"rows": [{"a": 1}]}
        refused = post(app, route or f"/v1/predict/{model}", body)
        assert refused.status_code == 400 and other in refused.json()["error"]["message"]


def test_bodies_that_are_none_are_refused_in_the_envelope(chat_engine: EmbeddedEngine) -> None:
    app = service([chat_engine], settings=ServiceSettings(bounds=Bounds(largest=2000, hosts=frozenset({"dono"}))))
    route = "/v1/chat/completions"
    tried = [
        (post(app, route, b"{broken"), 400, "no JSON"),
        (post(app, route, b"\xff\xfe"), 400, "no JSON"),
        (post(app, route, []), 400, ""),
        (post(app, route, {**CHAT, "max_tokens": 1.5}), 400, "max_tokens"),
        (post(app, route, {**CHAT, "max_tokens": "3"}), 400, "max_tokens"),
        (post(app, route, {**CHAT, "messages": []}), 400, "messages"),
        (
            post(app, route, {**CHAT, "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}),
            400,
            "content",
        ),
        (post(app, route, {**CHAT, "messages": [{"role": "system", "content": "x"}]}), 400, "nobody asks"),
        (post(app, route, {**CHAT, "surprise": 1}), 400, "`surprise` is not served"),
        (post(app, route, {**CHAT, "max_tokens": 3, "max_completion_tokens": 4}), 400, "differ"),
        (post(app, route, b"x" * 2001), 413, "2,000 bytes"),
        (post(app, route, CHAT, Content_Type="text/plain"), 415, "application/json"),
        (post(app, route, CHAT, Host="evil.example"), 403, "evil.example"),
        (post(app, "/v1/nothing", {}), 404, "/v1/nothing"),
        (get(app, route), 405, "GET"),
        (post(app, "/v1/completions", {"model": "small", "prompt": [[999999]]}), 400, "beyond the vocabulary"),
        (post(app, "/v1/completions", {"model": "small", "prompt": "a", "echo": True}), 400, "echo"),
        (post(app, "/v1/embeddings", {"model": "small", "input": "a", "dimensions": 3}), 400, "dimensions"),
    ]
    for answer, status, said in tried:
        assert answer.status_code == status, answer.text
        error = answer.json()["error"]
        assert said in error["message"] and set(error) == {"message", "type", "param", "code"}


def test_a_body_that_does_not_come_is_not_waited_for(chat_engine: EmbeddedEngine) -> None:
    app = service([chat_engine], settings=ServiceSettings(bounds=Bounds(body_seconds=0.05)))
    sent: list[dict[str, object]] = []

    async def slowly() -> None:
        scope = {
            "type": "http", "method": "POST", "path": "/v1/completions", "raw_path": b"", "query_string": b"",
            "headers": [(b"content-type", b"application/json")], "http_version": "1.1", "scheme": "http",
        }  # fmt: skip

        async def receive() -> dict[str, object]:
            await asyncio.sleep(0.02)
            return {"type": "http.request", "body": b" ", "more_body": True}

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        await app(scope, receive, send)  # type: ignore[arg-type]

    asyncio.run(slowly())
    assert sent[0]["status"] == 408


def test_a_service_that_goes_down_says_so(chat_engine: EmbeddedEngine) -> None:
    app = service([chat_engine])
    assert get(app, "/ready").status_code == 200
    made: Service = app.state.service
    made.drain()
    assert get(app, "/ready").text == "the service is going down\n" and get(app, "/health").status_code == 200
    assert post(app, "/v1/chat/completions", CHAT).status_code == 503


def test_it_can_be_mounted_into_another_application(chat_engine: EmbeddedEngine) -> None:
    outer = FastAPI()
    outer.mount("/api", service([chat_engine]))
    assert post(outer, "/api/v1/chat/completions", CHAT).json()["choices"][0]["message"]["role"] == "assistant"
    assert get(outer, "/api/health").text == "ok\n"


def test_use_cases_templates_are_put_around_what_is_said(plain_folder: Path) -> None:
    from dono.serving import EmbeddedSettings  # noqa: PLC0415

    settings = EmbeddedSettings(device="cpu", slots=1, template="{text}\nanswer>>")
    engine = EmbeddedEngine.open("case", str(plain_folder), settings)
    app = service([engine])
    chat = post(app, "/v1/chat/completions", {**CHAT, "model": "case"}).json()
    text = post(app, "/v1/completions", {"model": "case", "prompt": "hi\nanswer>>", "max_tokens": 3}).json()
    engine.batcher.close()
    assert chat["choices"][0]["message"]["content"] == text["choices"][0]["text"].removeprefix(" ")
    assert chat["usage"] == text["usage"] | {"prompt_tokens_details": chat["usage"]["prompt_tokens_details"]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["messages", "temperature", "n", "stop", "max_tokens", "tools", "tool_choice", "response_format", "logprobs",
          "top_logprobs", "seed", "stream", "stream_options", "user", "top_k", "top_p"]  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4))
def test_no_body_breaks_the_service(chat_engine: EmbeddedEngine, odd: dict[str, object]) -> None:
    answer = post(service([chat_engine]), "/v1/chat/completions", {**CHAT, **odd})
    assert answer.status_code in (200, 400), answer.text


def test_the_service_does_what_its_openapi_says(chat_engine: EmbeddedEngine) -> None:
    app = service([chat_engine], predictors={"coin": Coin()})
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    tried = 0
    for operation in schema.get_all_operations():
        cases = operation.ok().as_strategy()  # type: ignore[union-attr]

        @settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=cases)
        def hold(case: schemathesis.Case[Any]) -> None:
            case.headers["Content-Type"] = "application/json"
            answer = case.call()
            case.validate_response(answer, checks=[status_code_conformance, response_schema_conformance])
            assert answer.status_code < 500

        hold()
        tried += 1
    assert tried == 9
