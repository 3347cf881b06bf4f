"""What a service works with: engines, predictors, keys and books; and who may ask which model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import Request

from dono.serving.engine import Engine
from dono.serving.guard import Bounds
from dono.serving.keys import ANYBODY, Key, Ledger
from dono.serving.limits import Limits
from dono.serving.metrics import Metrics
from dono.serving.predictor import Predictor
from dono.serving.refusals import Refused
from dono.serving.under_way import Books, Price


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
