"""What changes while something learns, as server-sent events: the same HTML that the page was made with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from dono.errors import Mistake
from dono.studio.desk.access import Person
from dono.studio.site.access import Reader, TheSite
from dono.studio.site.runs import Compared, fragment
from dono.studio.site.site import Site

ROUTES = APIRouter(prefix="/runs")
LOOK_SECONDS, QUIET_SECONDS = 1.0, 20.0
"""How often the folder is looked at, and how often a connection in which nothing happens is proven to be there."""
MOST = 20
"""Pages that are kept up to date at once."""


@ROUTES.get("/live")
async def live(
    request: Request, site: TheSite, who: Reader, compare: Compared, seen: str = ""
) -> StreamingResponse:  # fmt: skip
    """The live part of the page, again whenever something has changed since it was `seen`."""
    headers = {"X-Accel-Buffering": "no"}
    if site.watching >= MOST:
        return StreamingResponse(iter(("retry: 30000\n\n",)), media_type="text/event-stream", headers=headers)
    return StreamingResponse(
        _events(request, site, who, compare, seen), media_type="text/event-stream", headers=headers
    )


async def _events(
    request: Request, site: Site, who: Person, compare: list[str], shown: str
) -> AsyncIterator[str]:  # fmt: skip
    quiet = 0.0
    site.watching += 1
    yield "retry: 3000\n\n"
    try:
        while not await request.is_disconnected():
            try:
                stamp = await run_in_threadpool(lambda: site.work().stamp())
                if stamp != shown:
                    html = await run_in_threadpool(fragment, site, who, compare)
                    yield f"event: now\ndata: {json.dumps(html)}\n\n"
                    shown, quiet = stamp, 0.0
            except Mistake:
                pass  # the project file is being written: the page stays as it is until it can be read again
            if quiet >= QUIET_SECONDS:
                yield ": still here\n\n"
                quiet = 0.0
            await asyncio.sleep(LOOK_SECONDS)
            quiet += LOOK_SECONDS
    finally:
        site.watching -= 1
