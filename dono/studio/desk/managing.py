"""The manager's page: progress, agreement, models, raters, reports, pay, and taking the ratings out."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dono.ratings import (
    EXPORTS,
    Book,
    agreement,
    cares,
    comparisons,
    doubted,
    earnings,
    fit,
    minutes_per_rating,
    people_needed,
    seats,
    still_needed,
)
from dono.studio.desk.access import Form, Manager, Refused, TheDesk
from dono.studio.desk.pages import render

ROUTES = APIRouter(prefix="/manage")


def _progress(book: Book) -> list[dict[str, object]]:
    """Ratings given and wanted, by language."""
    wanted: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for item in book.items.values():
        if item.purpose == "work":
            wanted[item.language] += book.settings.overlap
            given[item.language] += sum(x.counts for x in book.of_item[item.id])
    return [{"language": lang, "given": given[lang], "wanted": wanted[lang]} for lang in sorted(wanted)]


def _models(book: Book, without: frozenset[str]) -> dict[str, object]:
    """Win rates of all pairs of models that something connects, and whether all are connected."""
    found = comparisons(book, without)
    strengths = fit(found)
    played = Counter(frozenset((c.first, c.second)) for c in found)
    order = sorted(strengths.models, key=lambda m: -strengths.theta[strengths.models.index(m)])
    rows = [
        {"a": a, "b": b, "played": played[frozenset((a, b))], "wins": strengths.wins(a, b)}
        for a, b in combinations(order, 2)
        if strengths.connected(a, b)
    ]
    return {"rows": rows, "parts": len(set(strengths.part)), "raters": strengths.raters}


@ROUTES.get("")
def manage(desk: TheDesk, who: Manager) -> HTMLResponse:
    """Everything at a glance."""
    with desk.store.reading() as book:
        named = doubted(book)
        reported = [i for i in book.items if book.flags(i)]
        first, longer = seats(book)
        page = render(
            "manage", who, who.rater.interface, title=book.settings.title, settings=book.settings,
            now=desk.store.clock(),
            progress=_progress(book), needed=still_needed(book), pace=minutes_per_rating(book),
            people=people_needed(book), agreement=agreement(book), believed=agreement(book, named) if named else {},
            models=_models(book, named), cares=cares(book), named=named, raters=book.raters, first=first, longer=longer,
            earned={e.rater: e for e in earnings(book)},
            reported=[(book.items[i], _reports(book, i)) for i in reported],
            available=book.available, rejected=book.rejected, exports=EXPORTS, answers=book.answers,
        )  # fmt: skip
    return HTMLResponse(page)


def _reports(book: Book, item: str) -> list[tuple[str, str, str]]:
    return [(x.rater, x.returned or "", x.note) for x in book.of_item[item] if x.flagged]


@ROUTES.get("/export/{name}")
def export(desk: TheDesk, who: Manager, name: str, believed: bool = False) -> Response:
    """Ratings in a format of `EXPORTS`; `believed`: without raters who cannot be believed."""
    if name not in EXPORTS:
        raise Refused(404, "back")
    desk.note("exported", who.rater.name, {"form": name, "believed": believed})
    with desk.store.reading() as book:
        without = doubted(book) if believed else frozenset[str]()
        text = EXPORTS[name].write(book, without)
    disposition = f'attachment; filename="{EXPORTS[name].file}"'
    return Response(text, media_type=EXPORTS[name].media, headers={"Content-Disposition": disposition})


@ROUTES.post("/look")
def look(desk: TheDesk, who: Manager, form: Form) -> Response:
    """Keep a reported item, or withdraw it."""
    desk.look(form.get("item", ""), keep=form.get("decision") == "keep")
    return RedirectResponse("/manage#reports", 303)


@ROUTES.post("/revoke")
def revoke(desk: TheDesk, who: Manager, form: Form) -> Response:
    """End a rater's token."""
    desk.revoke(form.get("name", ""))
    return RedirectResponse("/manage#raters", 303)
