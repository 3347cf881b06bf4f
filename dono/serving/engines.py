"""The engines by name: adding one is a class with `Engine`'s methods, a row here, a row in its contract test."""

from __future__ import annotations

from collections.abc import Callable

from dono.serving.embedded import EmbeddedEngine, EmbeddedSettings
from dono.serving.engine import Engine
from dono.serving.proxy import ProxyEngine, ProxySettings

Opening = Callable[[str, str, EmbeddedSettings], Engine]
"""A name, a place (a directory, a URL) and how models are run here, to an engine."""

ENGINES: dict[str, Opening] = {
    "embedded": EmbeddedEngine.open,
    "proxy": lambda name, place, settings: ProxyEngine.open(name, place, ProxySettings(queue=settings.queue)),
}


def engine_kind(place: str) -> str:
    """A URL is asked by proxy; a directory is run here."""
    return "proxy" if place.startswith(("http://", "https://")) else "embedded"
