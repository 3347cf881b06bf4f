"""Who may see what: tokens in a cookie, roles, forms that another site cannot send, limits on requests and sizes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from dono.ratings import Desk, Rater, form_key, same, token_hash

COOKIE = "dono_desk"
LARGEST = 20 << 20
"""Bytes of a request: two million characters of any script, as a form encodes them."""
FIELDS = 200
"""Fields of a form at most."""


class Refused(Exception):
    """A request that is not served: status, and the key of its text in the catalogue."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@dataclass
class Buckets:
    """Requests allowed by whoever asks: `burst` at once, then `rate` a second (token bucket)."""

    rate: float
    burst: float
    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def take(self, who: str) -> None:
        """Count one request. Raises `Refused` (429) when there were too many."""
        with self._mutex:
            now = self.clock()
            if len(self._left) > 10_000:  # full buckets are those that nobody has used lately
                self._left = {k: v for k, v in self._left.items() if v[0] + (now - v[1]) * self.rate < self.burst}
            left, at = self._left.get(who, (self.burst, now))
            left = min(self.burst, left + (now - at) * self.rate)
            if left < 1:
                raise Refused(429, "error_fast")
            self._left[who] = (left - 1, now)


@dataclass(frozen=True)
class Person:
    """Who asks, and the key that their forms carry. `studio`: whether the pages around the desk are theirs too."""

    rater: Rater
    key: str
    studio: bool = False


def desk_of(request: Request) -> Desk:
    """The desk that the application serves."""
    desk: Desk = request.app.state.desk
    return desk


def person(request: Request) -> Person:
    """Whoever holds the token in the cookie, else the guest that the application knows. Raises `Refused` (401)."""
    token = request.cookies.get(COOKIE, "")
    found = holder(desk_of(request), token)
    guest = request.app.state.guest
    if found is None:
        known: Person | None = None if guest is None else guest(request)
        if known is None:
            request.app.state.strangers.take(address(request))
            raise Refused(401, "enter")
        return known
    request.app.state.buckets.take(found.name)
    return Person(found, form_key(token), studio=guest is not None and found.role != "rater")


def holder(desk: Desk, token: str) -> Rater | None:
    """Whose token it is."""
    with desk.store.reading() as book:
        name = book.by_token.get(token_hash(token))
        return book.raters[name] if name is not None else None


def address(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else "?"


def manager(who: Annotated[Person, Depends(person)]) -> Person:
    """A person with the manager's role. Raises `Refused` (403)."""
    if who.rater.role != "manager":
        raise Refused(403, "error_role")
    return who


async def read_fields(request: Request) -> Mapping[str, str]:
    """The fields of a form, read only after its size is known to be bearable. Raises `Refused` (413, 400)."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise Refused(413, "error_large")
    try:
        pairs = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError as error:
        raise Refused(400, "error_form") from error
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


def trusted(
    request: Request,
    who: Annotated[Person, Depends(person)],
    fields: Annotated[Mapping[str, str], Depends(read_fields)],
) -> Mapping[str, str]:
    """The fields of a form that one of our own pages sent. Raises `Refused` (403), and leaves it in the trail."""
    if not same(fields.get("key", ""), who.key):
        desk_of(request).note("refused", who.rater.name, {"path": request.url.path, "why": "key"})
        raise Refused(403, "error_form")
    return fields


TheDesk = Annotated[Desk, Depends(desk_of)]
Whoever = Annotated[Person, Depends(person)]
Manager = Annotated[Person, Depends(manager)]
Form = Annotated[Mapping[str, str], Depends(trusted)]
