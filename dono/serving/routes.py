"""The published routes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from dono.serving.contract import ChatRequest, CompletionRequest, EmbeddingRequest, PredictRequest
from dono.serving.engine import Event, Job, Piece, Usage
from dono.serving.keys import Key
from dono.serving.refusals import Refused, invalid
from dono.serving.service_state import Service
from dono.serving.under_way import GONE, UnderWay, status_of
from dono.serving.wire import DONE, Form, Writer, embeddings_json, sse

T = TypeVar("T")
ROUTES = APIRouter()
STARTED = int(time.time())


def _service(request: Request) -> Service:
    found: Service = request.app.state.service
    if found.draining:
        raise Refused(503, "the service is going down; ask another one", code="draining", wait=5.0)
    return found


async def _key(request: Request) -> Key:
    found: Service = request.app.state.service
    return found.key_of(request)


Whoever = Annotated[Key, Depends(_key)]


@ROUTES.post("/v1/chat/completions", summary="Answer a conversation")
async def chat(request: Request, key: Whoever, body: ChatRequest) -> Response:
    """OpenAI's chat completions."""
    job = await _service(request).engine_of(body.model, key).chat(body, key.name)
    return await _answered(request, key, body, job, "chat")


@ROUTES.post("/v1/completions", summary="Go on with texts")
async def complete(request: Request, key: Whoever, body: CompletionRequest) -> Response:
    """OpenAI's completions; prompts are texts or token ids."""
    job = await _service(request).engine_of(body.model, key).complete(body, key.name)
    return await _answered(request, key, body, job, "text")


@ROUTES.post("/v1/embeddings", summary="Texts as vectors")
async def embed(request: Request, key: Whoever, body: EmbeddingRequest) -> Response:
    """OpenAI's embeddings."""
    made = _service(request)
    engine = made.engine_of(body.model, key)
    under_way = UnderWay(made.books, key, "/v1/embeddings", body.model)
    await under_way.begin(request.state.request_id, body.user, 0)
    status = 200
    try:
        found = await _unless_gone(request, engine.embed(body))
        under_way.count(Usage(found.tokens, 0, seconds=found.seconds))
        encoding = body.encoding_format or "float"
        return JSONResponse(embeddings_json(body.model, found.vectors, found.tokens, encoding))
    except BaseException as error:
        status = status_of(error)
        raise
    finally:
        await under_way.end(status)


@ROUTES.post("/v1/predict/{name}", summary="Predict rows of a table, or classes of texts")
async def predict(request: Request, key: Whoever, name: str, body: PredictRequest) -> Response:
    """A use case without a language model."""
    made = _service(request)
    predictor = made.predictor_of(name, key)
    given = body.rows if predictor.takes == "rows" else body.texts
    if given is None:
        raise invalid(f"{name} reads `{predictor.takes}`", predictor.takes)
    under_way = UnderWay(made.books, key, "/v1/predict", name)
    await under_way.begin(request.state.request_id, None, 0)
    status, began = 200, time.monotonic()
    try:
        async with made.predicting:
            found = await asyncio.to_thread(predictor.predict, given)
        data = [
            {"index": i, "label": p.label, "probabilities": dict(p.probabilities)}
            | ({} if p.uplift is None else {"uplift": p.uplift})
            for i, p in enumerate(found)
        ]
        under_way.count(Usage(0, 0, seconds=time.monotonic() - began))
        return JSONResponse({"object": "list", "model": name, "data": data, "usage": {"rows": len(data)}})
    except BaseException as error:
        status = status_of(error)
        raise
    finally:
        await under_way.end(status)


@ROUTES.get("/v1/models", summary="What is served")
async def models(request: Request, key: Whoever) -> Response:
    """The model names that this key may ask."""
    names = _service(request).names(key)
    return JSONResponse({"object": "list", "data": [_model(name, route) for name, route in names.items()]})


@ROUTES.get("/v1/models/{name:path}", summary="One model")
async def model(request: Request, key: Whoever, name: str) -> Response:
    """One model name."""
    names = _service(request).names(key)
    if name not in names:
        raise Refused(404, f"no model {name[:100]!r}", param="model", code="model_not_found")
    return JSONResponse(_model(name, names[name]))


def _model(name: str, route: str) -> dict[str, object]:
    at = f"/v1/predict/{name}" if route == "predict" else "/v1/chat/completions"
    return {"id": name, "object": "model", "created": STARTED, "owned_by": "dono", "route": at}


@ROUTES.get("/health", summary="Whether the process lives")
async def health() -> Response:
    """Always `ok` while it answers."""
    return PlainTextResponse("ok\n")


@ROUTES.get("/ready", summary="Whether requests may be sent here")
async def ready(request: Request) -> Response:
    """503 with the reason, where they should go elsewhere."""
    why = request.app.state.service.why_not_ready()
    return PlainTextResponse(f"{why or 'ready'}\n", 503 if why else 200)


@ROUTES.get("/metrics", summary="Figures for Prometheus")
async def metrics(request: Request, key: Whoever) -> Response:
    """Prometheus' text form."""
    made: Service = request.app.state.service
    for engine in made.engines:
        state, name = engine.state(), next(iter(engine.names()), "none")
        made.books.metrics.running.labels(name).set(state.running)
        made.books.metrics.waiting.labels(name).set(state.waiting)
        for figure, value in state.figures.items():
            made.books.metrics.figures.labels(name, figure).set(value)
    return Response(made.books.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _answered(
    request: Request, key: Key, body: ChatRequest | CompletionRequest, job: Job, form: Form
) -> Response:  # fmt: skip
    route = "/v1/chat/completions" if form == "chat" else "/v1/completions"
    under_way = UnderWay(request.app.state.service.books, key, route, body.model)
    identity: str = request.state.request_id
    await under_way.begin(identity, body.user, job.prompt)
    writer = Writer(form, f"{'chatcmpl' if form == 'chat' else 'cmpl'}-{identity}", body.model)
    events = under_way.events(job)
    try:
        if not body.stream:
            whole = await _unless_gone(request, _collect(writer, events))
            await under_way.end(200)
            return JSONResponse(whole)
        first = await _unless_gone(request, anext(events))  # refusals are told before the stream begins
    except BaseException as error:
        await under_way.end(status_of(error))
        raise
    counted = body.stream_options is not None and body.stream_options.include_usage
    return _EventStream(_stream(writer, first, events, counted, under_way), under_way)


async def _collect(writer: Writer, events: AsyncIterator[Event]) -> dict[str, object]:
    found = [event async for event in events]
    usage = found[-1]
    assert isinstance(usage, Usage)
    return writer.whole([e for e in found if isinstance(e, Piece)], usage)


async def _stream(
    writer: Writer, first: Event, events: AsyncIterator[Event], counted: bool, under_way: UnderWay
) -> AsyncGenerator[bytes, None]:
    try:
        event = first
        while True:
            if isinstance(event, Usage):
                if counted:
                    yield sse(writer.count(event))
                break
            if event.text or event.places or event.calls or event.finish:
                yield sse(writer.piece(event, counted=counted))
            event = await anext(events)
        yield DONE
    except Refused as refused:
        under_way.failed = refused.status
        yield sse(refused.envelope())


class _EventStream(StreamingResponse):
    """A stream whose request is ended however the connection ends."""

    def __init__(self, content: AsyncGenerator[bytes, None], under_way: UnderWay) -> None:
        super().__init__(content, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self.under_way, self.content = under_way, content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except (ClientDisconnect, OSError):  # it went away, or does not take what it is sent (a timeout)
            pass
        finally:
            await self.content.aclose()
            await asyncio.shield(self.under_way.end(self.under_way.streamed_status))


async def _unless_gone(request: Request, work: Awaitable[T]) -> T:
    """The result of some work, which is stopped when the client goes away. Raises `Refused` (499) then."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Refused(GONE, "the client went away")
        return task.result()
    finally:
        gone.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
