"""The desk as a web application: routes, what goes out with every answer, and how mistakes are said."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from dono.errors import Mistake
from dono.ratings import Desk
from dono.studio import web
from dono.studio.desk import managing, rating
from dono.studio.desk.access import COOKIE, Buckets, Person, Refused, address, holder
from dono.studio.desk.pages import render

MONTH = 30 * 24 * 3600
Guest = Callable[[Request], Person | None]
"""Who somebody without a token is."""


def make_app(desk: Desk, *, secure: bool = False) -> FastAPI:
    """The application over a desk alone. `secure`: cookies over TLS alone, for a desk behind a proxy."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_desk(app, desk, secure=secure)

    @app.get("/")
    def root() -> Response:
        return RedirectResponse("/work", 303)

    return app


def add_desk(app: FastAPI, desk: Desk, *, secure: bool, guest: Guest | None = None, home: str = "/manage") -> None:
    """The pages of the desk, and the door to all pages: links with a token. A manager's link leads `home`."""
    app.state.desk, app.state.guest = desk, guest
    app.state.buckets = Buckets(rate=5.0, burst=60.0)  # a person: far above what hands can do (assumed)
    app.state.strangers = Buckets(rate=0.2, burst=20.0)  # tries with unknown tokens, by address (assumed)
    app.add_middleware(web.WithHeaders)
    for routes in (rating.ROUTES, managing.ROUTES, web.ROUTES):
        app.include_router(routes)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Mistake, mistaken)
    app.add_exception_handler(404, unknown_page)

    @app.get("/enter/{token}")
    def enter(request: Request, token: str) -> Response:
        """The link that a person was given: it becomes a cookie, and leaves the address bar.

        Only unknown tokens are counted: fifty people of one office come from one address on their first morning.
        """
        found = holder(desk, token)
        if found is None:
            request.app.state.strangers.take(address(request))
            raise Refused(401, "enter")
        answer = RedirectResponse("/work" if found.role == "rater" else home, 303)
        answer.set_cookie(COOKIE, token, max_age=MONTH, httponly=True, samesite="lax", secure=secure)
        return answer


def _answer(request: Request, status: int, key: str, said: str = "") -> Response:
    """A refusal as a page in the asker's language, or as JSON for the page's script."""
    found = holder(request.app.state.desk, request.cookies.get(COOKIE, ""))
    interface = found.interface if found else request.headers.get("accept-language", "en")[:2]
    headers = {"Retry-After": "5"} if status == 429 else {}
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"error": key}, status, headers=headers)
    page = render("refused", None, interface, key=key, said=said, status=status, title="Dono", known=found is not None)
    return HTMLResponse(page, status, headers=headers)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _answer(request, error.status, error.text)


def mistaken(request: Request, error: Exception) -> Response:
    """What the form lacks, in the asker's language."""
    assert isinstance(error, Mistake)
    keys = {"the answer": "error_large" if "too many" in error.what else "error_choice", "this item": "error_hands"}
    return _answer(request, 400, keys.get(error.where, "error_form"), str(error))


def unknown_page(request: Request, error: Exception) -> Response:
    """No such page."""
    return _answer(request, 404, "back")
