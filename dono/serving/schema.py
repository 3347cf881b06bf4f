"""The service's OpenAPI: errors in OpenAI's envelope, streams beside JSON, keys as bearer tokens."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel


class Failure(BaseModel):
    """What is wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class Envelope(BaseModel):
    """OpenAI's envelope of errors."""

    error: Failure


_SAID = {
    400: "The request cannot be served as it is", 401: "No valid key", 403: "Not permitted", 404: "No such model",
    405: "No such method", 408: "The body came too slowly", 413: "The body is too large", 415: "The body is no JSON",
    429: "A limit or a quota is reached", 500: "The service failed", 502: "The engine behind failed",
    503: "The queue is full, or the service is going down",
}  # fmt: skip
ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"model": Envelope, "description": said} for status, said in _SAID.items()
}
_STREAMED = ("/v1/chat/completions", "/v1/completions")
_PLAIN = {"/health": (200,), "/ready": (200, 503), "/metrics": (200,)}


def documented(app: FastAPI) -> None:
    """Make the application's OpenAPI say what it does: 400 where FastAPI would say 422, streams, keys."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = make()
            for path, methods in found["paths"].items():
                for operation in methods.values():
                    operation["responses"].pop("422", None)
                    if path in _STREAMED:
                        operation["responses"]["200"]["content"]["text/event-stream"] = {"schema": {"type": "string"}}
                    for status in _PLAIN.get(path, ()):
                        operation["responses"].setdefault(str(status), {"description": "As text"})
                        operation["responses"][str(status)]["content"] = {"text/plain": {"schema": {"type": "string"}}}
                    if path not in ("/health", "/ready"):
                        operation["security"] = [{"key": []}]
            schemas = found.get("components", {}).get("schemas", {})
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            found.setdefault("components", {})["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
