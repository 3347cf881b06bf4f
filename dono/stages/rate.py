"""`dono rate`: the rating desk of a folder or a project, on this machine."""

from __future__ import annotations

import glob
import importlib
import socket
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from dono.errors import Mistake
from dono.project import load_project, read_settings
from dono.ratings import Desk, DeskSettings, EventStore, read_items
from dono.stages.display import print_result
from dono.stages.listening import listening, serve, shown_host

FILE, DATABASE, DESK = "desk.yaml", "desk.sqlite", "desk"
"""Settings and events of a desk, and the folder of a project's own desk within its work folder."""
TEMPLATE = """\
# How this desk works. All of it may be left out; `dono rate` reads it at every start.
title: Ratings
items: ["*.jsonl"]          # what is rated: Dono's own rows, TRL, Arena, OASST, Argilla, Label Studio, CSV
raters:                     # each gets a link; languages are those that they read
  - {name: Asha, languages: [hi, en], interface: hi}
overlap: 3                  # ratings of each item
gold_every: 10              # one item in so many has a known answer (purpose: gold); 0: none
repeat_every: 20            # one in so many is shown again, seats swapped; 0: none
# narrow: 0.05              # stop when a win rate is known to ± this
pay: {currency: INR, per_hour: 0, per_item: 0}
guidelines: ""
"""


def command(
    place: Path, *, host: str, port: int, database: str | None, renew: tuple[str, ...], proxied: bool, dry_run: bool
) -> None:
    """Read settings and items, give links to those who are new, and serve until stopped."""
    settings = desk_settings(place)
    desk = Desk(EventStore(database or settings.folder / DATABASE))
    try:
        desk.configure(settings)
        read_in(desk, settings)
        with listening(host, port) as found:
            own = f"http://{shown_host(host)}:{found.getsockname()[1]}"
            say_links(desk, settings, renew, settings.public_url.rstrip("/") or own)
            if not dry_run:
                print_result(f"the desk is open on {own} (Ctrl-C closes it)")
                _serve(desk, found, proxied or settings.public_url.startswith("https"))
    finally:
        desk.store.close()


def desk_settings(place: Path) -> DeskSettings:
    """Of a folder with a `desk.yaml`, of that file, or of a project (`desk/` in its work folder).

    Where there is none, one is written, and a `Mistake` says so.
    """
    file = place
    if place.is_file() and place.name != FILE:
        file = load_project(place).work_folder / DESK / FILE
    elif not place.is_file():
        if not place.is_dir():
            remedy = "Give a folder with a desk.yaml, or a dono.yaml"
            raise Mistake("no such folder or file", where=str(place), remedy=remedy)
        file = place / FILE
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(TEMPLATE, encoding="utf8")
        remedy = "It was written: name your raters in it, put items beside it, and run the command again"
        raise Mistake("there was no desk.yaml", where=str(file), remedy=remedy)
    return read_settings(file, (), DeskSettings, two_of_a_name)


def two_of_a_name(settings: DeskSettings) -> Iterator[Mistake]:
    """Raters that share a name."""
    names = [r.name for r in settings.raters]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield Mistake(f"two raters are named {name!r}", where="raters", remedy="Give each a name of their own")


def read_in(desk: Desk, settings: DeskSettings) -> None:
    """Items of all files that are not at the desk yet; rows that are none are set aside, and said."""
    with desk.store.reading() as book:
        known = {(r["file"], r["line"], r["reason"]) for r in book.rejected}
        before = len(book.items)
    files = sorted({f for pattern in settings.items for f in glob.glob(str(settings.folder / pattern))})
    for file in map(Path, files):
        items, rejected = read_items(file)
        added = desk.add_items(items)
        for row in rejected:
            print_result(f"set aside: {row.file}:{row.line}: {row.reason}")
            if (row.file, row.line, row.reason) not in known:
                desk.note("rejected", "desk", asdict(row))
        print_result(f"{file.name}: {len(items):,} items, {added:,} of them new, {len(rejected):,} rows set aside")
    if not files and not before:
        patterns = ", ".join(settings.items)
        raise Mistake(f"no file matches {patterns}", where=str(settings.folder), remedy="Put a file of items there")


def say_links(desk: Desk, settings: DeskSettings, renew: tuple[str, ...], address: str) -> None:
    """Links of those who have none, or a new one; each is shown once, since only its hash is kept."""
    with desk.store.reading() as book:
        admitted = {n: (r.languages, r.token_hash) for n, r in book.raters.items()}
    unknown = sorted(set(renew) - {r.name for r in settings.raters} - {"manager"})
    if unknown:
        raise Mistake(f"no rater {unknown[0]!r}", where="--renew", remedy=f"Name one of {FILE}, or manager")
    if "manager" not in admitted or "manager" in renew:
        print_result(f"manager: {address}/enter/{desk.admit('manager', role='manager')}")
    for rater in settings.raters:
        if rater.name == "manager":
            raise Mistake("a rater is named manager", where="raters", remedy="Give this rater another name")
        if rater.name not in admitted or rater.name in renew:
            token = desk.admit(rater.name, languages=rater.languages, interface=rater.interface)
            print_result(f"{rater.name}: {address}/enter/{token}")
    kept = [n for n in admitted if n not in renew]
    if kept:
        print_result(f"links as before: {', '.join(kept)} (a new one: --renew NAME)")


def _serve(desk: Desk, found: socket.socket, secure: bool) -> None:
    """Until somebody stops it. Loaded here: whoever does not rate needs neither."""
    try:
        app = importlib.import_module("dono.studio.desk").make_app(desk, secure=secure)
        serve(app, found, secure)
    except ImportError as error:
        raise Mistake(f"{error.name} is missing", where="dono rate", remedy="pip install 'dono[desk]'") from error
