"""The desk as a web application: routes, what goes out with every answer, and how mistakes are said."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dono.errors import Mistake
from dono.ratings import Desk
from dono.studio.desk import managing, rating
from dono.studio.desk.access import COOKIE, Buckets, Refused, address, holder
from dono.studio.desk.pages import render
from dono.studio.typefaces import FAMILIES, FOLDER, TYPEFACES

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
KEPT = ("/static/",)
"""What a browser may keep: it is the same for everybody."""
MONTH = 30 * 24 * 3600


class WithHeaders:
    """Adds `HEADERS` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, sending)


def make_app(desk: Desk, *, secure: bool = False) -> FastAPI:
    """The application over a desk. `secure`: cookies over TLS alone, for a desk behind a proxy."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    app.state.buckets = Buckets(rate=5.0, burst=60.0)  # a person: far above what hands can do (assumed)
    app.state.strangers = Buckets(rate=0.2, burst=20.0)  # tries with unknown tokens, by address (assumed)
    app.add_middleware(WithHeaders)
    app.include_router(rating.ROUTES)
    app.include_router(managing.ROUTES)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Mistake, _mistaken)
    app.add_exception_handler(404, _unknown_page)

    @app.get("/enter/{token}")
    def enter(request: Request, token: str) -> Response:
        """The link that a person was given: it becomes a cookie, and leaves the address bar.

        Only unknown tokens are counted: fifty people of one office come from one address on their first morning.
        """
        found = holder(desk, token)
        if found is None:
            request.app.state.strangers.take(address(request))
            raise Refused(401, "enter")
        answer = RedirectResponse("/manage" if found.role == "manager" else "/work", 303)
        answer.set_cookie(COOKIE, token, max_age=MONTH, httponly=True, samesite="lax", secure=secure)
        return answer

    @app.get("/")
    def root() -> Response:
        return RedirectResponse("/work", 303)

    @app.get("/health")
    def health() -> Response:
        return PlainTextResponse("ok\n")

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        found = _static(name)
        if found is None:
            raise Refused(404, "back")
        return Response(found[0], media_type=found[1], headers={"Cache-Control": "max-age=3600"})

    return app


@lru_cache
def _static(name: str) -> tuple[bytes, str] | None:
    if name == "desk.css":
        return (_font_faces() + _file("desk.css").decode("utf8").replace("FAMILIES", FAMILIES)).encode(), "text/css"
    if name == "desk.js":
        return _file("desk.js"), "text/javascript"
    if name.endswith(".woff2") and name.removesuffix(".woff2") in {t.file for t in TYPEFACES}:
        return (FOLDER / name).read_bytes(), "font/woff2"
    return None


def _file(name: str) -> bytes:
    return files("dono.studio").joinpath("desk", "static", name).read_bytes()


def _font_faces() -> str:
    """Whole fonts, fetched only where a page holds their script."""
    rules = []
    for typeface in TYPEFACES:
        ranges = ", ".join(f"U+{lo:04X}-{hi:04X}" for lo, hi in (*typeface.ranges, (0x200C, 0x200D), (0x25CC, 0x25CC)))
        rules.append(
            f'@font-face {{ font-family: "{typeface.family}"; font-weight: 100 900; font-display: swap; '
            f'unicode-range: {ranges}; src: url("/static/{typeface.file}.woff2") format("woff2"); }}\n'
        )
    return "".join(rules)


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


def _mistaken(request: Request, error: Exception) -> Response:
    assert isinstance(error, Mistake)
    keys = {"the answer": "error_large" if "too many" in error.what else "error_choice", "this item": "error_hands"}
    return _answer(request, 400, keys.get(error.where, "error_form"), str(error))


def _unknown_page(request: Request, error: Exception) -> Response:
    return _answer(request, 404, "back")
