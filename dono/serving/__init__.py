"""Models in use: engines behind OpenAI's contract, with keys, limits, metrics and an audit trail."""

from dono.serving.app import service
from dono.serving.contract import Cell
from dono.serving.embedded import EmbeddedEngine, EmbeddedSettings
from dono.serving.engine import Engine
from dono.serving.engines import ENGINES, engine_kind
from dono.serving.guard import Bounds
from dono.serving.keys import Key, Ledger
from dono.serving.predictor import Prediction, Predictor
from dono.serving.proxy import ProxyEngine, ProxySettings
from dono.serving.refusals import Refused
from dono.serving.running import run
from dono.serving.service_state import Service, ServiceSettings
from dono.serving.under_way import Price

__all__ = [
    "ENGINES",
    "Bounds",
    "Cell",
    "EmbeddedEngine",
    "EmbeddedSettings",
    "Engine",
    "Key",
    "Ledger",
    "Prediction",
    "Predictor",
    "Price",
    "ProxyEngine",
    "ProxySettings",
    "Refused",
    "Service",
    "ServiceSettings",
    "engine_kind",
    "run",
    "service",
]
