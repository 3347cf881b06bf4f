"""The playground: one prompt before up to four models, side by side; blind, the choice goes to the rating desk."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from dono.errors import Mistake
from dono.ratings import Candidate, Item, Turn
from dono.studio.desk.access import Person
from dono.studio.site.access import Form, Reader, TheSite
from dono.studio.site.answering import LONGEST_PROMPT, MOST_MODELS, MOST_TOKENS, Asked, Service, Wish, asked_of
from dono.studio.site.pages import render
from dono.studio.site.site import Site

ROUTES = APIRouter(prefix="/playground")
KEPT = 200
"""Prompts with their answers that are remembered, the newest."""
CHOICES = ("alike", "bad")


async def _models(site: Site) -> tuple[list[str], str]:
    """The models that can be asked, and why there are none."""
    if site.service is None:
        return (
            [],
            "Nobody answers prompts yet: build a model, start `dono serve`, and open the studio with --service URL.",
        )
    try:
        return await site.service.models(), ""
    except Mistake as mistake:
        return [], str(mistake)


async def _page(site: Site, who: Person, *, asked: Asked | None = None, said: str = "", status: int = 200,
                form: Mapping[str, str] | None = None, chosen: list[str] | None = None) -> HTMLResponse:  # fmt: skip
    found, none = await _models(site)
    project = await run_in_threadpool(site.project)
    wish = asked.wish if asked else Wish(prompt=(form or {}).get("prompt", ""))
    names = [a.model for a in asked.answers] if asked and not asked.blind else chosen or found[:2]
    html = render(
        "playground", who, title="Playground", here="playground", project=project, models=found, why=none, said=said,
        asked=asked, wish=wish, chosen=names, blind=bool(asked and asked.blind) or "blind" in (form or {}),
        MOST_MODELS=MOST_MODELS, MOST_TOKENS=MOST_TOKENS,
    )  # fmt: skip
    return HTMLResponse(html, status)


@ROUTES.get("")
async def playground(site: TheSite, who: Reader, again: str = "") -> HTMLResponse:
    """The form, and the answers of `again`, where they are still remembered."""
    return await _page(site, who, asked=site.asked.get(again))


def _wanted(form: Mapping[str, str], models: list[str]) -> tuple[Wish, list[str]]:
    """What the form asks, of whom. Raises `Mistake`."""
    chosen = [m for i, m in enumerate(models) if form.get(f"model-{i}") == m]
    prompt = form.get("prompt", "")
    if not prompt.strip() or len(prompt) > LONGEST_PROMPT:
        what = "there is no prompt" if not prompt.strip() else f"{len(prompt):,} characters are too many"
        raise Mistake(what, where="the prompt", remedy=f"Write 1 to {LONGEST_PROMPT:,} characters")
    if not 1 <= len(chosen) <= MOST_MODELS:
        raise Mistake(f"{len(chosen)} models are chosen", where="the models", remedy=f"Choose 1 to {MOST_MODELS}")
    if "blind" in form and len(chosen) < 2:
        raise Mistake("one model cannot be compared blind", where="the models", remedy="Choose another one beside it")
    try:
        temperature, tokens = float(form.get("temperature", "0")), int(form.get("max_tokens", "128"))
    except ValueError as error:
        raise Mistake("that is no number", where="the settings", remedy="Give numbers") from error
    if not (0 <= temperature <= 2 and 1 <= tokens <= MOST_TOKENS):
        remedy = f"Give a temperature from 0 to 2, and 1 to {MOST_TOKENS:,} tokens"
        raise Mistake("the settings are out of bounds", where="the settings", remedy=remedy)
    return Wish(prompt, form.get("mode") != "text", temperature, tokens), chosen


def _remember(site: Site, asked: Asked) -> None:
    site.asked[asked.id] = asked
    for old in list(site.asked)[:-KEPT]:
        del site.asked[old]


@ROUTES.post("")
async def ask(request: Request, site: TheSite, who: Reader, form: Form) -> Response:
    """Ask, and show the answers when all are there; for the page's script: where to listen to each."""
    scripted = "application/json" in request.headers.get("accept", "")
    models, none = await _models(site)
    try:
        if site.service is None or none:
            raise Mistake(none, where="the service", remedy="Then ask again")
        wish, chosen = _wanted(form, models)
    except Mistake as mistake:
        if scripted:
            return JSONResponse({"error": str(mistake)}, 422)
        ticked = [m for i, m in enumerate(models) if form.get(f"model-{i}") == m]
        return await _page(site, who, said=str(mistake), status=422, form=form, chosen=ticked)
    asked = asked_of(wish, chosen, blind="blind" in form)
    _remember(site, asked)
    if scripted:
        names = [f"Answer {i}" if asked.blind else a.model for i, a in enumerate(asked.answers, 1)]
        return JSONResponse({"id": asked.id, "names": names})
    await site.service.all(asked)
    return await _page(site, who, asked=asked)


@ROUTES.get("/{id_}/{seat}")
async def listen(site: TheSite, who: Reader, id_: str, seat: int) -> StreamingResponse:
    """One answer as it is written; once it was begun, what there is of it."""
    asked = site.asked.get(id_)
    if asked is None or site.service is None or not 0 <= seat < len(asked.answers):
        raise Mistake("these answers are not remembered any more", where="the playground", remedy="Ask again")
    return StreamingResponse(_written(site.service, asked, seat), media_type="text/event-stream")


async def _written(service: Service, asked: Asked, seat: int) -> AsyncIterator[str]:
    answer = asked.answers[seat]
    if not answer.done and not answer.text:
        async for piece in service.fill(answer, asked.wish):
            yield f"data: {json.dumps({'piece': piece})}\n\n"
    else:
        yield f"data: {json.dumps({'piece': answer.text})}\n\n"
    end = {"done": True, "failed": answer.failed, "seconds": round(answer.seconds, 2)}
    yield f"data: {json.dumps(end)}\n\n"


@ROUTES.post("/{id_}/rate")
async def rate(site: TheSite, who: Reader, id_: str, form: Form) -> Response:
    """Take a blind choice: it becomes pairs at the rating desk, rated by whoever chose; then names are told."""
    asked = site.asked.get(id_)
    if asked is None or not asked.blind:
        raise Mistake("these answers are not remembered any more", where="the playground", remedy="Ask again")
    choice = form.get("choice", "")
    good = [i for i, a in enumerate(asked.answers) if not a.failed]
    if choice not in (*CHOICES, *(str(i) for i in good)) or len(good) < 2:
        return await _page(site, who, asked=asked, said="Choose one of the answers, then send.", status=422)
    if not asked.told:
        await run_in_threadpool(_to_desk, site, who, asked, choice, form.get("language", "und"))
        asked.told = True
    return await _page(site, who, asked=asked)


def _to_desk(site: Site, who: Person, asked: Asked, choice: str, language: str) -> None:
    """The best against each of the others; where none is best, all pairs."""
    desk = site.desk()
    with desk.store.reading() as book:
        known = who.rater.name in book.raters
    if not known:  # the guest at this machine, at a desk that nobody has opened yet
        desk.admit(who.rater.name, role=who.rater.role)
    good = [i for i, a in enumerate(asked.answers) if not a.failed]
    best = [] if choice in CHOICES else [int(choice)]
    pairs = [(i, j) for i in good for j in good if i < j and (not best or best[0] in (i, j))]
    for first, second in pairs:
        said = {"alike": "tie", "bad": "bad"}.get(choice, "1" if best == [first] else "2")
        item = Item(
            id=f"playground-{asked.id}-{first}{second}", kind="pair", language=language[:40] or "und",
            prompt=(Turn(role="user", text=asked.wish.prompt),),
            answers=tuple(Candidate(text=asked.answers[i].text, model=asked.answers[i].model) for i in (first, second)),
        )  # fmt: skip
        desk.rate(who.rater.name, item, said, time.monotonic() - asked.since)
