"""The service: one FastAPI application that owns contract, keys, limits, metrics and audit, over any engines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from dono.serving.engine import Engine
from dono.serving.guard import Guard
from dono.serving.keys import Ledger
from dono.serving.predictor import Predictor
from dono.serving.refusals import Refused
from dono.serving.routes import ROUTES
from dono.serving.schema import ANSWERS, documented
from dono.serving.service_state import Service, ServiceSettings


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
