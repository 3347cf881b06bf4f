"""`dono serve`: a project's use cases, model directories or other services, behind OpenAI's contract."""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dono.errors import Mistake
from dono.stages.display import print_result
from dono.stages.listening import listening, shown_host
from dono.stages.served import Built, built_models, columns_of
from dono.stages.workplace import Workplace, open_workplace

if TYPE_CHECKING:
    from fastapi import FastAPI

    from dono.serving import EmbeddedSettings, Engine, Ledger, Predictor, Price

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
KEYS = "serving.sqlite"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the command line asks."""

    places: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 8000
    keys: Path | None = None
    adapters: Path | None = None
    device: str | None = None
    dtype: str | None = None
    slots: int = 32
    context: int | None = None
    queue: int = 128
    drain: int = 30
    price_in: float = 0.0
    price_out: float = 0.0
    price_per_hour: float | None = None
    currency: str = "INR"
    proxied: bool = False
    dry_run: bool = False


@dataclass
class Found:
    """What is served: engines, predictors, where the keys are, and what it costs."""

    engines: list[Engine]
    predictors: dict[str, Predictor]
    lines: list[str]
    keys: Path
    price_per_hour: float
    currency: str


def command(order: Order) -> None:
    """Open everything that is named, print where it is, and serve until stopped."""
    try:
        serving = importlib.import_module("dono.serving")
    except ImportError as error:
        raise Mistake(f"{error.name} is missing", where="dono serve", remedy="pip install 'dono[serve]'") from error
    with listening(order.host, order.port) as door:
        found = open_places(order)
        ledger: Ledger = serving.Ledger(found.keys)
        _refuse_open(order, ledger)
        port = door.getsockname()[1]
        app = application(order, found, ledger)
        for line in found.lines:
            print_result(line)
        who = f"with a key of {found.keys}" if ledger.any() else "by whoever is on this machine (dono keys add NAME)"
        print_result(f"http://{shown_host(order.host)}:{port}/v1 may be asked {who}; Ctrl-C closes it")
        if not order.dry_run:
            serving.run(app, door, drain_seconds=order.drain, proxied=order.proxied)


def application(order: Order, found: Found, ledger: Ledger) -> FastAPI:
    """The service over what was found, to run alone or to mount."""
    serving = importlib.import_module("dono.serving")
    app: FastAPI = serving.service(
        found.engines, predictors=found.predictors, ledger=ledger, settings=_settings(order, found)
    )
    return app


def _settings(order: Order, found: Found) -> object:
    serving = importlib.import_module("dono.serving")
    price: Price = serving.Price(found.price_per_hour, order.price_in, order.price_out, found.currency)
    names = LOOPBACK if order.host in LOOPBACK and not order.proxied else None
    return serving.ServiceSettings(price=price, bounds=serving.Bounds(hosts=names), open=order.host in LOOPBACK)


def _refuse_open(order: Order, ledger: Ledger) -> None:
    if (order.host not in LOOPBACK or order.proxied) and not ledger.any():
        remedy = f"Make one first: dono keys add NAME --keys {ledger.path}"
        raise Mistake("others could ask without a key", where=f"--host {order.host}", remedy=remedy)


def open_places(order: Order) -> Found:
    """The engines and predictors of all places. Raises `Mistake` where a name is used twice, or a place is none."""
    first = _parted(order.places[0])[1]
    keys = order.keys or (Path(first).parent if first.endswith((".yaml", ".yml")) else Path()) / KEYS
    found = Found([], {}, [], keys, order.price_per_hour or 0.0, order.currency)
    for text in order.places:
        name, place = _parted(text)
        if place.endswith((".yaml", ".yml")):
            _open_project(order, Path(place), found)
        else:
            _open_place(order, name, place, found)
    names = [n for e in found.engines for n in e.names()] + list(found.predictors)
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        remedy = "Name one of them otherwise: OTHER=PLACE"
        raise Mistake(f"two models would answer at {twice[0]!r}", where="dono serve", remedy=remedy)
    return found


def _parted(text: str) -> tuple[str, str]:
    """NAME=PLACE, or a place alone."""
    name, separator, place = text.partition("=")
    return (name, place) if separator and "/" not in name and ":" not in name else ("", text)


def _running(order: Order) -> EmbeddedSettings:
    settings: EmbeddedSettings = importlib.import_module("dono.serving").EmbeddedSettings(
        device=order.device, dtype=order.dtype, slots=order.slots, context=order.context, queue=order.queue,
        adapters=order.adapters,
    )  # fmt: skip
    return settings


def _open_place(order: Order, name: str, place: str, found: Found) -> None:
    serving = importlib.import_module("dono.serving")
    kind = serving.engine_kind(place)
    if kind == "embedded":
        folder = Path(place)
        place = str(folder.resolve()) if folder.exists() else place
        name = name or folder.name
    engine: Engine = serving.ENGINES[kind](name, place, _running(order))
    found.engines.append(engine)
    for one in engine.names():
        found.lines.append(f"{one}: {place} ({_said(engine)})")


def _said(engine: Engine) -> str:
    slots, context = getattr(engine, "slots", None), getattr(engine, "context", None)
    if slots is None:
        return "asked by proxy"
    together = "together" if getattr(engine, "together", False) else "one by one: its cache cannot be batched"
    return f"{slots} answers at a time, {together}, context {context:,}"


def _open_project(order: Order, path: Path, found: Found) -> None:
    place = open_workplace(path)
    found.currency = place.project.currency
    if order.price_per_hour is None:
        found.price_per_hour = place.price_per_hour
    by_base: dict[str, list[Built]] = defaultdict(list)
    for built in built_models(place):
        if not built.is_language_model:
            _open_predictor(place, built, found)
        elif built.adapter is not None and (base := base_of(built.adapter)) is not None:
            by_base[base].append(built)
        else:
            _open_built(order, built, found)
    for base, several in by_base.items():
        if len(several) == 1:
            _open_built(order, several[0], found)  # merged: nothing is to be added at each step
        else:
            _open_shared(order, base, several, found)


def _open_predictor(place: Workplace, built: Built, found: Found) -> None:
    predictors = importlib.import_module("dono.stages.predictors")
    train = built.use_case.train
    known = columns_of(place.project.path(train)) if train is not None else frozenset[str]()
    found.predictors[built.name] = predictors.predictor_of(built.arm, built.folder, known)
    found.lines.append(f"{built.name}: {built.arm} at /v1/predict/{built.name}")


def _open_built(order: Order, built: Built, found: Found) -> None:
    serving = importlib.import_module("dono.serving")
    settings = replace(_running(order), template=_template(built), adapters=None)
    engine: Engine = serving.ENGINES["embedded"](built.name, str(built.folder), settings)
    found.engines.append(engine)
    found.lines.append(f"{built.name}: {built.arm} ({_said(engine)})")


def _open_shared(order: Order, base: str, several: Sequence[Built], found: Found) -> None:
    """Use cases whose models are one base with an adapter each: one set of weights for all."""
    serving = importlib.import_module("dono.serving")
    named = {b.name: b.adapter for b in several if b.adapter is not None}
    templates = {b.name: _template(b) for b in several}
    settings = replace(_running(order), adapters=None, named=named, templates=templates)
    engine: Engine = serving.ENGINES["embedded"](Path(base).name, base, settings)
    found.engines.append(engine)
    for built in several:
        found.lines.append(f"{built.name}: {built.arm}, an adapter on {Path(base).name} ({_said(engine)})")


def _template(built: Built) -> str | None:
    """What a use case puts around what is said; none where it is judged on text alone."""
    from dono.tokens import TEMPLATES  # noqa: PLC0415 - loads transformers

    usual = TEMPLATES.get(built.use_case.kind)
    return None if usual is None else built.use_case.prompt or usual


def base_of(adapter: Path) -> str | None:
    """The directory of the base that an adapter names, if it is still there."""
    from peft import PeftConfig  # noqa: PLC0415 - loads torch

    named = PeftConfig.from_pretrained(str(adapter)).base_model_name_or_path
    return str(named) if named and (Path(str(named)) / "config.json").is_file() else None
