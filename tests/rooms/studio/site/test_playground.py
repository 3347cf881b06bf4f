"""The playground: up to four models side by side on one prompt; blind, a choice becomes ratings at the desk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from dono.errors import Mistake
from dono.studio.site.answering import Service, checked_address
from tests.rooms.studio.site.shop import project_file, visited
from tests.rooms.studio.site.test_commands import key_in
from tests.rooms.studio.surveyed import HOSTILE

MODELS = ("amber", "birch", "cedar", "dune", "broken")
ASK = {"prompt": "मेरा पार्सल कब आएगा?", "temperature": "0", "max_tokens": "20", "mode": "chat"}


def openai() -> Service:
    """A service of OpenAI's shape in this process: every model says its own name in capitals, one always fails."""
    app = FastAPI()

    @app.get("/v1/models")
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [{"id": m, "object": "model"} for m in MODELS]}

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        body = await request.json()
        if body["model"] == "broken":
            return JSONResponse({"error": {"message": f"no memory {HOSTILE}"}}, 503)
        assert body["stream"] and body["messages"][0]["content"] == ASK["prompt"] and body["max_tokens"] == 20
        pieces = [{"role": "assistant"}, {"content": f"{body['model'].upper()} says "}, {"content": "नमस्ते"}]
        lines = [f"data: {json.dumps({'choices': [{'delta': p}]})}\n\n" for p in pieces]
        return StreamingResponse(iter([*lines, "data: [DONE]\n\n"]), media_type="text/event-stream")

    @app.post("/v1/completions")
    async def complete(request: Request) -> Response:
        body = await request.json()
        line = json.dumps({"choices": [{"text": f" goes on {body['prompt'][:2]}"}]})
        return StreamingResponse(iter([f"data: {line}\n\n", "data: [DONE]\n\n"]), media_type="text/event-stream")

    return Service("http://inside/v1/", httpx.ASGITransport(app))


def chosen(*models: str, **more: str) -> dict[str, str]:
    return {**ASK, **more, **{f"model-{MODELS.index(m)}": m for m in models}}


def test_the_same_prompt_is_answered_side_by_side_and_a_failure_says_why(tmp_path: Path) -> None:
    with visited(project_file(tmp_path), service=openai()) as (_, client):
        key = key_in(client.get("/playground").text)
        page = client.post("/playground", data=chosen("amber", "birch", "broken", key=key)).text
        text = client.post("/playground", data=chosen("amber", key=key, mode="text")).text
    assert "AMBER says नमस्ते" in page and "BIRCH says नमस्ते" in page
    assert "no memory &lt;script&gt;" in page and "<script>alert" not in page
    assert "मेरा पार्सल कब आएगा?</textarea>" in page
    assert "goes on मे" in text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (chosen(), "0 models are chosen"),
        (chosen(*MODELS), "5 models are chosen"),
        (chosen("amber", prompt=" "), "there is no prompt"),
        (chosen("amber", prompt="x" * 20_001), "characters are too many"),
        (chosen("amber", temperature="hot"), "that is no number"),
        (chosen("amber", max_tokens="0"), "out of bounds"),
        (chosen("amber", blind="on"), "cannot be compared blind"),
    ],
)
def test_what_cannot_be_asked_is_said_and_the_prompt_is_kept(tmp_path: Path, form: dict[str, str], said: str) -> None:
    with visited(project_file(tmp_path), service=openai()) as (_, client):
        key = key_in(client.get("/playground").text)
        found = client.post("/playground", data={**form, "key": key})
        scripted = client.post("/playground", data={**form, "key": key}, headers={"Accept": "application/json"})
    assert found.status_code == 422 and said in found.text
    assert form["prompt"][:99] in found.text
    assert scripted.status_code == 422 and said in scripted.json()["error"]


def test_blind_names_are_told_after_the_choice_which_is_rated_at_the_desk(tmp_path: Path) -> None:
    with visited(project_file(tmp_path), service=openai()) as (site, client):
        site.desk().admit("manager", role="manager")
        key = key_in(client.get("/playground").text)
        form = chosen("amber", "birch", "cedar", key=key, blind="on")
        told = client.post("/playground", data=form, headers={"Accept": "application/json"}).json()
        assert told["names"] == ["Answer 1", "Answer 2", "Answer 3"]
        heard = [client.get(f"/playground/{told['id']}/{seat}").text for seat in range(3)]
        again = client.get(f"/playground/{told['id']}/0").text
        page = client.get("/playground", params={"again": told["id"]}).text
        answers = page.split('<div id="answers">')[1]
        assert "Answer 3" in answers and not any(f"<bdi>{m}</bdi>" in answers for m in MODELS)
        best = next(i for i, said in enumerate(heard) if "BIRCH" in said)
        assert client.post(f"/playground/{told['id']}/rate", data={"key": key}).status_code == 422
        rated = client.post(f"/playground/{told['id']}/rate", data={"key": key, "choice": str(best)}).text
        client.post(f"/playground/{told['id']}/rate", data={"key": key, "choice": "bad"})
        with site.desk().store.reading() as book:
            items = list(book.items.values())
            won = [i.answers[int(x.said().choice) - 1].model for i in items for x in book.of_item[i.id]]
    assert json.loads(again.split("data: ")[1])["piece"] == "".join(
        json.loads(line.removeprefix("data: ")).get("piece", "") for line in heard[0].splitlines() if line
    )
    assert "<bdi>birch</bdi>" in rated and "the names are told" in rated
    assert won == ["birch", "birch"] and all(i.prompt[0].text == ASK["prompt"] for i in items)


def test_all_alike_is_a_tie_of_every_pair_and_a_model_that_failed_is_in_none(tmp_path: Path) -> None:
    with visited(project_file(tmp_path), service=openai()) as (site, client):
        site.desk().admit("manager", role="manager")
        key = key_in(client.get("/playground").text)
        page = client.post("/playground", data=chosen("amber", "birch", "cedar", "broken", key=key, blind="on")).text
        id_ = page.split('action="/playground/')[1].split("/")[0]
        client.post(f"/playground/{id_}/rate", data={"key": key, "choice": "alike"})
        with site.desk().store.reading() as book:
            pairs = [i.compared for i in book.items.values()]
            said = {x.said().choice for x in book.submitted()}
    assert len(pairs) == 3 and "broken" not in {m for p in pairs if p for m in p}
    assert said == {"tie"}


def test_without_a_service_or_with_one_that_is_away_the_page_says_so(tmp_path: Path) -> None:
    file = project_file(tmp_path)
    with visited(file) as (_, client):
        assert "dono serve" in client.get("/playground").text
        assert client.get("/playground/nothing/0").status_code == 422
    with visited(file, service=Service("http://127.0.0.1:9/v1/")) as (_, client):
        assert "the service does not answer" in client.get("/playground").text


@pytest.mark.parametrize(
    "address", ["https://api.example.org/v1", "http://10.0.0.3:8000", "ftp://127.0.0.1", "127.0.0.1.evil.org"]
)
def test_a_service_elsewhere_is_refused_since_prompts_would_leave(address: str) -> None:
    with pytest.raises(Mistake, match="prompts do not leave it"):
        checked_address(address)


def test_an_address_is_completed() -> None:
    assert checked_address("127.0.0.1:8000") == "http://127.0.0.1:8000/v1/"
    assert checked_address("http://localhost:8000/v1/") == "http://localhost:8000/v1/"
    assert checked_address("http://[::1]:8000") == "http://[::1]:8000/v1/"
