"""The studio as a web application: its pages, the rating desk among them, and how mistakes are said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import HTMLResponse, Response

from dono.errors import Mistake, Mistakes
from dono.studio.desk import app as desk_app
from dono.studio.desk.access import Person, Refused, person
from dono.studio.site import corpus, home, live, models, playground, runs, verdict
from dono.studio.site.access import Guests, site_of
from dono.studio.site.pages import render
from dono.studio.site.site import Site

INSIDE = "/service"
"""Where the service answers that runs in the same process."""
PAGES = (home, corpus, runs, live, verdict, models, playground)


def make_studio(site: Site, *, open_door: bool, secure: bool = False, inside: FastAPI | None = None) -> FastAPI:
    """The application. `open_door`: whoever is at this machine needs no link; `secure`: cookies over TLS alone.

    `inside` is a service of `dono.serving` that answers at `INSIDE`, and is closed with the studio.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        if inside is not None:
            await inside.state.service.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.site = site
    app.add_middleware(GZipMiddleware, minimum_size=2000)  # never of a stream of events
    desk_app.add_desk(app, site.desk(), secure=secure, guest=Guests() if open_door else _nobody, home="/")
    for page in PAGES:
        app.include_router(page.ROUTES)
    if inside is not None:
        app.mount(INSIDE, inside)
    app.add_exception_handler(Mistake, _mistaken)
    app.add_exception_handler(404, _unknown_page)
    return app


def _nobody(request: Request) -> Person | None:
    return None


def _known(request: Request) -> Person | None:
    """Who asks, where a page must be made for them whoever they are."""
    site_of(request)
    try:
        found = person(request)
    except Refused:
        return None
    return found if found.studio else None


def _mistaken(request: Request, error: Exception) -> Response:
    """A mistake that a person can correct, a line each: the project file's, or one of what was sent."""
    assert isinstance(error, Mistake)
    who = _known(request)
    if who is None:
        return desk_app.mistaken(request, error)
    found = error.found if isinstance(error, Mistakes) else [error]
    missing = not request.app.state.site.file.is_file()
    page = render("mistake", who, title="No project here" if missing else "Something to put right", found=found,
                  missing=missing, file=request.app.state.site.file)  # fmt: skip
    return HTMLResponse(page, 404 if missing else 422)


def _unknown_page(request: Request, error: Exception) -> Response:
    who = _known(request)
    if who is None:
        return desk_app.unknown_page(request, error)
    page = render("mistake", who, title="No such page", found=[], missing=False, file="")
    return HTMLResponse(page, 404)
