"""The service: one FastAPI application that owns contract, keys, limits, metrics and audit, over any engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from dono.serving.engine import Engine
from dono.serving.guard import Bounds, Guard
from dono.serving.keys import ANYBODY, Key, Ledger
from dono.serving.limits import Limits
from dono.serving.metrics import Metrics
from dono.serving.predictor import Predictor
from dono.serving.refusals import Refused
from dono.serving.routes import ROUTES
from dono.serving.schema import ANSWERS, documented
from dono.serving.under_way import Books, Price

__all__ = ["Service", "ServiceSettings", "service"]


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """How requests are taken. `open`: nobody needs a key while there are none (for this machine alone)."""

    bounds: Bounds = field(default_factory=Bounds)
    price: Price = field(default_factory=Price)
    open: bool = True


class Service:
    """What the routes work with: engines, predictors, books; and whether the service is going down."""

    def __init__(
        self, engines: Sequence[Engine], predictors: Mapping[str, Predictor], ledger: Ledger, settings: ServiceSettings
    ) -> None:
        self.engines, self.predictors, self.settings = list(engines), dict(predictors), settings
        self.books = Books(ledger, Limits(), Metrics(settings.price.currency), settings.price)
        self.draining = False
        self.predicting = asyncio.Semaphore(4)

    def key_of(self, request: Request) -> Key:
        """Who asks. Raises `Refused` (401)."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not self.books.ledger.any() and self.settings.open:
            return ANYBODY
        found = self.books.ledger.holder(token.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            what = "no valid key: send `Authorization: Bearer KEY`"
            raise Refused(401, what, code="invalid_api_key")
        return found

    def engine_of(self, model: str, key: Key) -> Engine:
        """The engine that answers at a model name. Raises `Refused` (403, 404, 400)."""
        self._permit(model, key)
        for engine in self.engines:
            if engine.has(model):
                return engine
        if model in self.predictors:
            what = f"{model} is no language model; it answers at /v1/predict/{model}"
            raise Refused(400, what, param="model", code="other_route")
        raise self._unknown(model, key)

    def predictor_of(self, model: str, key: Key) -> Predictor:
        """The predictor of that name. Raises `Refused` (403, 404, 400)."""
        self._permit(model, key)
        if model in self.predictors:
            return self.predictors[model]
        if any(engine.has(model) for engine in self.engines):
            what = f"{model} is a language model; it answers at /v1/chat/completions and /v1/completions"
            raise Refused(400, what, param="model", code="other_route")
        raise self._unknown(model, key)

    def names(self, key: Key) -> dict[str, str]:
        """The model names that a key may ask, and their route."""
        found = {name: "chat" for engine in self.engines for name in engine.names()}
        found |= dict.fromkeys(self.predictors, "predict")
        return {n: route for n, route in found.items() if key.models is None or n in key.models}

    def _permit(self, model: str, key: Key) -> None:
        if key.models is not None and model not in key.models:
            raise Refused(403, f"this key may not ask {model[:100]!r}", param="model", code="model_not_permitted")

    def _unknown(self, model: str, key: Key) -> Refused:
        known = ", ".join(self.names(key)) or "none"
        return Refused(404, f"no model {model[:100]!r}; served are: {known}", param="model", code="model_not_found")

    def why_not_ready(self) -> str:
        """Why requests should go elsewhere; empty where they need not."""
        if self.draining:
            return "the service is going down"
        return next((s.why or "not ready" for s in (e.state() for e in self.engines) if not s.ready), "")

    def drain(self) -> None:
        """Take no more requests; those under way end."""
        self.draining = True

    async def close(self) -> None:
        """Stop the engines; what is under way fails."""
        self.drain()
        for engine in self.engines:
            await engine.close()
        self.books.ledger.close()


def service(
    engines: Sequence[Engine] = (),
    *,
    predictors: Mapping[str, Predictor] | None = None,
    ledger: Ledger | None = None,
    settings: ServiceSettings | None = None,
) -> FastAPI:
    """The application over some engines, to run alone or to mount into another one.

    Its `Service` is `app.state.service`. Alone it closes the engines when it goes down; whoever mounts it calls
    `service.close()` (a mounted application is not told). Without a ledger there are no keys, and the audit trail is
    kept in memory.
    """
    made = Service(engines, predictors or {}, ledger or Ledger(":memory:"), settings or ServiceSettings())
    made.books.ledger.mark_interrupted()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await made.close()

    app = FastAPI(
        title="Dono", summary="OpenAI-compatible answers of models that were built or chosen by measurement.",
        lifespan=lifespan, docs_url=None, redoc_url=None, responses=ANSWERS,
    )  # fmt: skip
    app.state.service = made
    app.add_middleware(Guard, bounds=made.settings.bounds)
    app.include_router(ROUTES)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _unknown)
    app.add_exception_handler(Exception, _broken)
    documented(app)
    return app


def _answer(refused: Refused) -> JSONResponse:
    return JSONResponse(refused.envelope(), refused.status, refused.headers())


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    made: Service = request.app.state.service
    made.books.metrics.errors.labels(_route(request), error.code or str(error.status)).inc()
    return _answer(error)


async def _unfit(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return await _refused(request, unfit(error))


def unfit(error: RequestValidationError) -> Refused:
    """The first thing that is wrong with a body, with its place."""
    first = error.errors()[0]
    kind = str(first["type"])
    if kind == "json_invalid":
        return Refused(
            400, f"the body is no JSON ({first.get('ctx', {}).get('error', first['msg'])})", code="invalid_json"
        )
    place = [str(step) for step in first["loc"] if step != "body"]
    param = ".".join(place) or None
    if kind == "extra_forbidden":
        return Refused(400, f"`{param}` is not served here, and nothing is ignored silently", param=param,
                       code="unsupported_parameter")  # fmt: skip
    said = str(first["msg"]).removeprefix("Value error, ")
    return Refused(400, f"`{param}`: {said}" if param else said, param=param, code="invalid_value")


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    what = {404: f"there is no {request.url.path[:200]}", 405: f"{request.method} is not served here"}
    refused = Refused(error.status_code, what.get(error.status_code, str(error.detail)))
    answer = _answer(refused)
    answer.headers.update(error.headers or {})
    return answer


async def _broken(request: Request, error: Exception) -> Response:
    """Starlette logs the exception with its traceback; the client is told nothing of it."""
    return _answer(Refused(500, "the service failed; the operator's log says why"))


def _route(request: Request) -> str:
    return getattr(request.scope.get("route"), "path", "none")
