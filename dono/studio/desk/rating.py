"""The rater's pages: the next item, sending, changing, skipping, reporting, own work and earnings."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from dono.ratings import FLAGS, SKIPS, Book, Lease, Taken, agrees, earning
from dono.studio.desk.access import Form, Person, Refused, TheDesk, Whoever
from dono.studio.desk.pages import break_due, left_for, minutes_of, render, said_shortly, seated, shown
from dono.studio.desk.texts import names, texts

ROUTES = APIRouter()


def _progress(book: Book, who: Person) -> dict[str, int]:
    done = sum(1 for lease in book.of_rater[who.rater.name] if lease.sent)
    return {"done": done, "left": left_for(book, who.rater.name)}


def _item_page(desk: TheDesk, who: Person, held: Lease) -> HTMLResponse:
    with desk.store.reading() as book:
        now = desk.store.clock()
        name = who.rater.name
        sent = [x for x in book.of_rater[name] if x.sent and x.part in ("work", "repeat") and x.id != held.id]
        last = max(sent, key=lambda x: x.sent[-1].at, default=None)
        page = render(
            "item", who, who.rater.interface, title=book.settings.title, item=shown(book.items[held.item], held),
            progress=_progress(book, who), last=last.id if last else "", skips=SKIPS, flags=FLAGS,
            guidelines=book.settings.guidelines, rest=break_due(book, name, now),
        )  # fmt: skip
    return HTMLResponse(page)


@ROUTES.get("/work")
def work(desk: TheDesk, who: Whoever) -> Response:
    """The next item."""
    if who.rater.role == "manager":
        return RedirectResponse("/manage", 303)
    held = desk.next(who.rater.name)
    if not isinstance(held, str):
        return _item_page(desk, who, held)
    with desk.store.reading() as book:
        done = [x for x in book.of_rater[who.rater.name] if x.sent and x.part in ("work", "repeat")]
        last = max(done, key=lambda x: x.sent[-1].at, default=None)
        page = render(
            "rest", who, who.rater.interface, title=book.settings.title, why=held.replace(" ", "_"),
            progress={**_progress(book, who), "left": 0}, last=last.id if last else "",
        )  # fmt: skip
    return HTMLResponse(page)


@ROUTES.get("/work/{lease}")
def again(desk: TheDesk, who: Whoever, lease: str) -> HTMLResponse:
    """An item in hand, or one whose answer may be changed."""
    with desk.store.reading() as book:
        held = book.leases.get(lease)
    if held is None or held.rater != who.rater.name or held.returned is not None:
        raise Refused(404, "error_hands")
    if held.sent and held.part in ("training", "gold"):
        raise Refused(404, "error_hands")
    return _item_page(desk, who, held)


def _next(request: Request, where: str) -> Response:
    """Where to go on: as JSON for the page's script, else as a redirection."""
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"next": where})
    return RedirectResponse(where, 303)


def _after(taken: Taken) -> str:
    if taken.right is not None or taken.late:
        return f"/told/{taken.lease.id}"
    return "/work"


@ROUTES.post("/work/{lease}")
def send(request: Request, desk: TheDesk, who: Whoever, lease: str, form: Form) -> Response:
    """Take an answer."""
    return _next(request, _after(desk.submit(who.rater.name, lease, form)))


@ROUTES.post("/work/{lease}/draft")
def draft(desk: TheDesk, who: Whoever, lease: str, form: Form) -> Response:
    """Keep what is typed."""
    kept = {k: v for k, v in form.items() if k in ("choice", "text", "comment") or k.startswith("score-")}
    desk.draft(who.rater.name, lease, kept)
    return Response(status_code=204)


@ROUTES.post("/work/{lease}/{kind}")
def hand_back(
    request: Request, desk: TheDesk, who: Whoever, lease: str, kind: Literal["skip", "flag"], form: Form
) -> Response:
    """Skip or report an item."""
    desk.hand_back(who.rater.name, lease, kind, form.get("reason", ""), form.get("note", ""))
    return _next(request, "/work")


@ROUTES.get("/told/{lease}")
def told(desk: TheDesk, who: Whoever, lease: str) -> HTMLResponse:
    """What was expected of a training or gold item; that an answer came late."""
    with desk.store.reading() as book:
        held = book.leases.get(lease)
        if held is None or held.rater != who.rater.name or held.last is None:
            raise Refused(404, "error_hands")
        item, t = book.items[held.item], texts(who.rater.interface)
        expected = seated(item.expected, held) if item.expected and held.part != "work" else None
        page = render(
            "told", who, who.rater.interface, title=book.settings.title, item=shown(item, held),
            expected=said_shortly(t, item, expected) if expected else "",
            said=said_shortly(t, item, held.last.response),
            right=expected is not None and agrees(item, held.last.response, expected), explanation=item.explanation,
            progress=_progress(book, who),
        )  # fmt: skip
    return HTMLResponse(page)


@ROUTES.get("/mine")
def mine(desk: TheDesk, who: Whoever) -> HTMLResponse:
    """Own work and earnings."""
    with desk.store.reading() as book:
        t, name = texts(who.rater.interface), who.rater.name
        sent = sorted((x for x in book.of_rater[name] if x.sent), key=lambda x: x.sent[-1].at, reverse=True)
        known = [(x, seated(e, x)) for x in sent if x.part != "work" and (e := book.items[x.item].expected)]
        rows = [
            {
                "lease": x.id, "at": x.sent[-1].at, "kind": book.items[x.item].kind, "minutes": minutes_of(book, x),
                "said": said_shortly(t, book.items[x.item], x.sent[-1].response),
                "changeable": x.part in ("work", "repeat"), "language": book.items[x.item].language,
            }
            for x in sent[:200]
        ]  # fmt: skip
        page = render(
            "mine", who, who.rater.interface, title=book.settings.title, earned=earning(book, name), rows=rows,
            right=(sum(agrees(book.items[x.item], x.sent[-1].response, e) for x, e in known), len(known)),
            pay=book.settings.pay, progress=_progress(book, who),
        )  # fmt: skip
    return HTMLResponse(page)


@ROUTES.post("/language")
def language(request: Request, desk: TheDesk, who: Whoever, form: Form) -> Response:
    """The language of one's own pages."""
    if form.get("interface") in names():
        desk.speak(who.rater.name, form["interface"])
    return _next(request, "/manage" if who.rater.role == "manager" else "/work")
