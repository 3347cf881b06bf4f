"""Who may see the studio, and who may act in it: readers (manager, viewer) and the manager alone."""

from __future__ import annotations

import ipaddress
import secrets
from typing import Annotated

from fastapi import Depends, Request

from dono.ratings import Rater, form_key
from dono.studio.desk.access import Person, Refused, manager, person, trusted
from dono.studio.site.site import Site

HOSTS = ("localhost", "127.0.0.1", "::1")
"""What this machine is called by a browser on it: another name would be a stranger's page that points here."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Guests:
    """On loopback nobody signs in: whoever is at this machine is the manager."""

    def __init__(self) -> None:
        self.key = form_key(secrets.token_urlsafe(24))

    def __call__(self, request: Request) -> Person | None:
        """The manager, where the request comes from this machine and was meant for it."""
        client = request.client.host if request.client else ""
        if request.url.hostname not in HOSTS or not is_loopback(client):
            return None
        return Person(Rater("manager", "manager", (), "en", None), self.key, studio=True)


def site_of(request: Request) -> Site:
    """The studio that the application serves."""
    site: Site = request.app.state.site
    request.app.state.desk = site.desk()  # a project that was not there at the start may be by now
    return site


def reader(site: Annotated[Site, Depends(site_of)], who: Annotated[Person, Depends(person)]) -> Person:
    """A manager or a viewer. Raises `Refused` (403)."""
    if who.rater.role == "rater":
        raise Refused(403, "error_role")
    return who


TheSite = Annotated[Site, Depends(site_of)]
Reader = Annotated[Person, Depends(reader)]
Owner = Annotated[Person, Depends(manager)]
Form = Annotated[dict[str, str], Depends(trusted)]
