"""`dono studio`: pages over a project, on this machine."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from dono.artifacts import Store
from dono.errors import Mistake
from dono.project import Project
from dono.ratings import Desk
from dono.stages.display import Display, print_result
from dono.stages.gate import judged
from dono.stages.listening import listening, serve, shown_host
from dono.stages.workplace import Workplace

EXTRA = "pip install 'dono[studio]'"


def command(
    project: Path, overrides: Sequence[str], *, host: str, port: int, service: str | None, viewers: Sequence[str],
    renew: Sequence[str], proxied: bool,
) -> None:  # fmt: skip
    """Give links to those who need one, and serve until stopped."""
    try:
        site = importlib.import_module("dono.studio.site")
        access = importlib.import_module("dono.studio.site.access")
        answering = importlib.import_module("dono.studio.site.answering")
    except ImportError as error:
        raise Mistake(f"{error.name} is missing", where="dono studio", remedy=EXTRA) from error
    found = None if service is None else answering.Service(answering.checked_address(service))
    studio = site.Site(project, tuple(overrides), found, rights_needed)
    try:
        open_door = access.is_loopback(host) and not proxied
        with listening(host, port) as socket:
            address = f"http://{shown_host(host)}:{socket.getsockname()[1]}"
            admit(studio.desk(), address, viewers, renew, open_door=open_door)
            print_result(f"the studio is open on {address} (Ctrl-C closes it)")
            serve(site.make_studio(studio, open_door=open_door, secure=proxied), socket, proxied)
    finally:
        studio.close()


def rights_needed(project: Project) -> list[str]:
    """What the rights of each source still need before it may be learned from, in words."""
    place = Workplace(project, Store(project.work_folder), Display())
    return [str(found.mistake()) for found in judged(place) if found.standing]


def admit(desk: Desk, address: str, viewers: Sequence[str], renew: Sequence[str], *, open_door: bool) -> None:
    """Print links; each is shown once, since only its hash is kept. The manager has one from the first start on."""
    with desk.store.reading() as book:
        known = {name: rater.role for name, rater in book.raters.items() if rater.token_hash is not None}
    for name in sorted(set(viewers) & set(known)):
        if known[name] != "viewer":
            raise Mistake(f"{name} is a {known[name]} already", where="--viewer", remedy="Give another name")
    unknown = sorted(set(renew) - set(known) - set(viewers) - {"manager"})
    if unknown:
        raise Mistake(f"nobody is called {unknown[0]!r}", where="--renew", remedy="Name the manager, or somebody known")
    if "manager" not in known or "manager" in renew:
        token = desk.admit("manager", role="manager")
        print_result(f"manager: {address}/enter/{token}" + (" (not needed on this machine)" if open_door else ""))
    for name in viewers:
        if name not in known or name in renew:
            print_result(f"{name}, to look: {address}/enter/{desk.admit(name, role='viewer')}")
    for name in (n for n in renew if n not in viewers and n != "manager"):
        print_result(f"{name}: {address}/enter/{renewed(desk, name)}")


def renewed(desk: Desk, name: str) -> str:
    """A new token for somebody who is known, as what they are."""
    with desk.store.reading() as book:
        person = book.raters[name]
    return desk.admit(name, role=person.role, languages=person.languages, interface=person.interface)
