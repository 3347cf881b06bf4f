"""What every page over HTTP shares: headers that keep strangers out, style sheets, fonts, scripts."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from markupsafe import Markup
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dono.studio.pages import page_environment
from dono.studio.typefaces import FAMILIES, FOLDER, TYPEFACES

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
OFFLINE = (
    "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox"
)
"""The policy of a page that was written as a file: what it needs is in it, and it is nobody."""
STYLES = {
    "desk.css": ("style/desk.css",),
    "studio.css": ("style/report.css", "style/survey.css", "style/frame.css", "style/site.css"),
}
"""Style sheets, and the templates that each is made of."""
SCRIPTS = {"desk.js": "desk/static/desk.js", "studio.js": "site/static/studio.js"}
KEPT = {"Cache-Control": "max-age=3600"}
"""What a browser may keep: it is the same for everybody."""
ROUTES = APIRouter()


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


@ROUTES.get("/health")
def health() -> Response:
    """Whether it is up."""
    return PlainTextResponse("ok\n")


@ROUTES.get("/static/{name}")
def static(name: str) -> Response:
    """A style sheet, a script or a font."""
    found = _static(name)
    if found is None:
        return PlainTextResponse("no such file\n", 404)
    return Response(found[0], media_type=found[1], headers=KEPT)


@lru_cache
def _static(name: str) -> tuple[bytes, str] | None:
    if name in STYLES:
        return _style(name).encode(), "text/css"
    if name in SCRIPTS:
        return files("dono.studio").joinpath(*SCRIPTS[name].split("/")).read_bytes(), "text/javascript"
    if name.endswith(".woff2") and name.removesuffix(".woff2") in {t.file for t in TYPEFACES}:
        return (FOLDER / name).read_bytes(), "font/woff2"
    return None


def _style(name: str) -> str:
    environment = page_environment({"families": Markup(FAMILIES)})
    return _font_faces() + "".join(environment.get_template(part).render() for part in STYLES[name])


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
