"""`dono studio`: pages over a project, on this machine."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dono.artifacts import Store
from dono.errors import Mistake
from dono.project import Project, read_settings
from dono.ratings import Desk, DeskSettings
from dono.stages.display import Display, print_result
from dono.stages.gate import judged
from dono.stages.listening import listening, serve, shown_host
from dono.stages.rate import FILE, read_in, say_links, two_of_a_name
from dono.stages.workplace import Workplace

if TYPE_CHECKING:
    from fastapi import FastAPI

EXTRA = "pip install 'dono[studio]'"


def command(
    project: Path, overrides: Sequence[str], *, host: str, port: int, service: str | None, serves: bool,
    viewers: Sequence[str], renew: Sequence[str], proxied: bool,
) -> None:  # fmt: skip
    """Give links to those who need one, and serve until stopped; `serves`: the models that were built answer here."""
    try:
        site = importlib.import_module("dono.studio.site")
        access = importlib.import_module("dono.studio.site.access")
        answering = importlib.import_module("dono.studio.site.answering")
    except ImportError as error:
        raise Mistake(f"{error.name} is missing", where="dono studio", remedy=EXTRA) from error
    open_door = access.is_loopback(host) and not proxied
    check_serving(service, serves=serves, open_door=open_door)
    with listening(host, port) as socket:
        address = f"http://{shown_host(host)}:{socket.getsockname()[1]}"
        inside = own_service(project) if serves else None
        answers = f"{address}{site.INSIDE}/v1" if serves else service
        found = None if answers is None else answering.Service(answering.checked_address(answers))
        studio = site.Site(project, tuple(overrides), found, rights_needed)
        try:
            say_who(studio.project, studio.desk, address, viewers, renew)
            signing = "" if open_door else "; everybody signs in by their link"
            print_result(f"the studio is open on {address} (Ctrl-C closes it{signing})")
            if inside is not None:
                print_result(f"the models that were built answer on {answers}")
            serve(site.make_studio(studio, open_door=open_door, secure=proxied, inside=inside), socket, proxied)
        finally:
            studio.close()


def check_serving(service: str | None, *, serves: bool, open_door: bool) -> None:
    """Raise `Mistake` where two would answer, or where others could ask the models without a key."""
    if serves and service is not None:
        raise Mistake("two would answer the playground", where="--serve", remedy="Give --serve or --service URL")
    if serves and not open_door:
        remedy = "Run `dono serve` beside the studio, with keys, and give --service URL"
        raise Mistake("others could ask the models without a key", where="--serve", remedy=remedy)


def own_service(project: Path) -> FastAPI:
    """The models that were built for a project, in this process. Raises `Mistake` where there are none."""
    stage, serving = (importlib.import_module(f"dono.{name}") for name in ("stages.serve", "serving"))
    order = stage.Order(places=(str(project),))
    app: FastAPI = stage.application(order, stage.open_places(order), serving.Ledger(":memory:"))
    return app


def say_who(
    project: Callable[[], Project], desk: Callable[[], Desk], address: str, viewers: Sequence[str], renew: Sequence[str]
) -> None:
    """Print links, where there is a project; where there is none yet, why."""
    try:
        settings = open_desk(project(), desk())
    except Mistake as mistake:  # the pages say so too, until it is put right
        print_result(f"not yet: {mistake}")
    else:
        admit(desk(), settings, settings.public_url.rstrip("/") or address, viewers, renew)


def rights_needed(project: Project) -> list[str]:
    """What the rights of each source still need before it may be learned from, in words."""
    place = Workplace(project, Store(project.work_folder), Display())
    return [str(found.mistake()) for found in judged(place) if found.standing]


def open_desk(project: Project, desk: Desk) -> DeskSettings:
    """Put the settings of the project's desk in force, and its items; the usual ones where there are none."""
    file = project.work_folder / "desk" / FILE
    if not file.is_file():
        return DeskSettings(folder=file.parent)
    settings = read_settings(file, (), DeskSettings, two_of_a_name)
    desk.configure(settings)
    read_in(desk, settings)
    return settings


def admit(desk: Desk, settings: DeskSettings, address: str, viewers: Sequence[str], renew: Sequence[str]) -> None:
    """Print links of those who need one; each is shown once, since only its hash is kept.

    The manager and the raters of the desk get theirs as `dono rate` gives them, viewers one to look.
    """
    with desk.store.reading() as book:
        known = {name: rater.role for name, rater in book.raters.items() if rater.token_hash is not None}
    for name in viewers:
        if known.get(name, "viewer") != "viewer" or name in {r.name for r in settings.raters}:
            what = f"{name} is a {known.get(name, 'rater')} already"
            raise Mistake(what, where="--viewer", remedy="Give another name")
    looking = {*viewers, *(name for name, role in known.items() if role == "viewer")}
    for name in sorted(looking):
        if name not in known or name in renew:
            print_result(f"{name}, to look: {address}/enter/{desk.admit(name, role='viewer')}")
    say_links(desk, settings, tuple(name for name in renew if name not in looking), address)
