"""What people do at a desk: take an item, answer, change the answer, skip, flag. Each is one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Literal

from dono.errors import Mistake
from dono.ratings.assignment import Nothing, choose
from dono.ratings.book import Book, Lease, Rater, Role
from dono.ratings.information import Informed
from dono.ratings.settings import DeskSettings
from dono.ratings.store import EventStore, Transaction
from dono.ratings.tasks import Item, agrees, read_form
from dono.ratings.tokens import new_token, token_hash

SKIPS = ("unclear", "not my language", "too hard", "other")
FLAGS = ("harmful", "personal data", "broken", "other")
"""Reasons that a rater may give for handing an item back."""


@dataclass(frozen=True)
class Taken:
    """An answer was kept. `right` is None unless its rater is told (training and gold items); `late` where others had
    the item in full meanwhile.
    """

    lease: Lease
    right: bool | None
    late: bool


class Desk:
    """One desk over its store. `random` draws seats and items: the system's own, unless a simulation brings one."""

    def __init__(self, store: EventStore, random: Random | None = None) -> None:
        self.store = store
        self.random = random or SystemRandom()
        self.informed = Informed()

    def configure(self, settings: DeskSettings) -> None:
        """Put settings in force, where they differ from those that are."""
        wanted = settings.model_dump(mode="json")
        with self.store.transaction() as t:
            if t.book.last == 0 or t.book.settings.model_dump(mode="json") != wanted:
                t.add("desk", "manager", wanted)

    def add_items(self, items: Sequence[Item]) -> int:
        """Add those that are not there yet; how many. Raises `Mistake` where one of the same id says something else."""
        with self.store.transaction() as t:
            new = [i for i in items if t.book.items.get(i.id) != i]
            for item in new:
                if item.id in t.book.items:
                    remedy = "Give it a new id: what was rated is never changed under its ratings"
                    raise Mistake("another item has this id already", where=f"item {item.id!r}", remedy=remedy)
                t.add("item", "manager", item.model_dump(mode="json"))
        return len(new)

    def admit(self, name: str, *, role: Role = "rater", languages: Sequence[str] = (), interface: str = "en") -> str:
        """Give somebody a role and a new token (an old one ends); the token is told this once."""
        token = new_token()
        body = {"name": name, "role": role, "languages": list(languages), "interface": interface}
        with self.store.transaction() as t:
            t.add("rater", "manager", {**body, "token_hash": token_hash(token)})
        return token

    def revoke(self, name: str) -> None:
        """End somebody's token; what they rated stays."""
        with self.store.transaction() as t:
            if name not in t.book.raters:
                raise _nobody(name)
            t.add("revoked", "manager", {"name": name})

    def speak(self, name: str, interface: str) -> None:
        """Set the language of somebody's pages."""
        with self.store.transaction() as t:
            t.add("interface", name, {"interface": interface})

    def next(self, name: str) -> Lease | Nothing:
        """What this rater does next, or why there is nothing. Asked again, the same item is given until it is done."""
        with self.store.transaction() as t:
            rater = _rater(t.book, name)
            choice = choose(t.book, rater, t.now, self.random, self.informed)
            if isinstance(choice, str):
                return choice
            settings = t.book.settings
            expires = t.now + settings.lease_minutes * 60
            if choice.again is not None and choice.part == choice.again.part:
                if not choice.again.open(t.now):
                    t.add("renewed", name, {"lease": choice.again.id, "expires": expires})
                return choice.again
            item = t.book.items[choice.item]
            order = list(range(len(item.answers)))
            if choice.again is not None:
                order = list(reversed(choice.again.order))
            else:
                self.random.shuffle(order)
            lease = secrets.token_urlsafe(16)
            body = {"lease": lease, "item": item.id, "part": choice.part, "order": order, "expires": expires}
            t.add("assigned", name, {**body, "guidelines": settings.guidelines_version})
            return t.book.leases[lease]

    def draft(self, name: str, lease: str, form: Mapping[str, str]) -> None:
        """Keep what is typed but not sent."""
        with self.store.transaction() as t:
            held = _held(t.book, name, lease)
            if not held.sent and held.returned is None and dict(held.draft) != dict(form):
                t.add("draft", name, {"lease": lease, "form": dict(form)})

    def submit(self, name: str, lease: str, form: Mapping[str, str]) -> Taken:
        """Take an answer, or a changed one. The same form sent again (`once`) is taken once.

        Late answers are kept: they count where the item still lacks a rating. Raises `Mistake`.
        """
        with self.store.transaction() as t:
            held = _held(t.book, name, lease)
            item = t.book.items[held.item]
            once = form.get("once", "")[:64]
            if not (once and any(s.once == once for s in held.sent)):
                _changeable(held, item)
                response = read_form(item, form)
                seconds = held.sent[0].seconds if held.sent else t.now - held.opened
                body = {"lease": lease, "response": response.model_dump(mode="json", exclude_defaults=True)}
                more = {"seconds": seconds, "active": _seconds(form.get("active", ""), seconds), "once": once}
                t.add("submitted", name, {**body, **more, "counted": _counted(t, held)})
            right = agrees(item, held.said(), item.expected) if item.expected and held.part != "work" else None
            assert held.last is not None
            return Taken(held, right, late=held.part == "work" and not held.last.counted)

    def rate(self, name: str, item: Item, choice: str, seconds: float) -> None:
        """Take what somebody said of an item that was not given out to them: the item, and their answer to it.

        `choice` is by answer of the item, `seconds` what they took to say it. Said again, it is one rating still.
        Raises `Mistake`.
        """
        response = read_form(item, {"choice": choice})
        with self.store.transaction() as t:
            _rater(t.book, name)
            if item.id not in t.book.items:
                t.add("item", name, item.model_dump(mode="json"))
            if any(x.rater == name for x in t.book.of_item[item.id]):
                return
            lease, order = secrets.token_urlsafe(16), list(range(len(item.answers)))
            body = {"lease": lease, "item": item.id, "part": "work", "order": order, "expires": t.now}
            t.add("assigned", name, {**body, "guidelines": t.book.settings.guidelines_version})
            said = {"lease": lease, "response": response.model_dump(mode="json", exclude_defaults=True)}
            t.add("submitted", name, {**said, "seconds": seconds, "active": None, "once": "", "counted": True})

    def hand_back(self, name: str, lease: str, kind: Literal["skip", "flag"], reason: str, note: str = "") -> None:
        """Skip an item, or flag it as something that nobody should have to read. Raises `Mistake`."""
        if reason not in (SKIPS if kind == "skip" else FLAGS):
            raise Mistake(f"no reason {reason[:40]!r}", where="the form", remedy="Choose one of the reasons shown")
        with self.store.transaction() as t:
            held = _held(t.book, name, lease)
            if held.sent:
                raise Mistake("it is answered already", where="this item", remedy="Change the answer instead")
            if held.returned is None:
                t.add("returned", name, {"lease": lease, "reason": reason, "flag": kind == "flag", "note": note[:2000]})

    def look(self, item: str, *, keep: bool) -> None:
        """The manager's decision on a flagged item. Raises `Mistake`."""
        with self.store.transaction() as t:
            if item not in t.book.items:
                raise Mistake(f"no item {item[:40]!r}", where="the form", remedy="Choose one that is shown")
            t.add("looked", "manager", {"item": item, "keep": keep})

    def note(self, kind: str, actor: str, body: Mapping[str, object]) -> None:
        """Put something into the trail that changes nothing: a refused form, an export, a row set aside."""
        with self.store.transaction() as t:
            t.add(kind, actor, body)


def _nobody(name: str) -> Mistake:
    return Mistake(f"no rater {name[:40]!r}", where="the desk", remedy="Ask the manager for a new link")


def _rater(book: Book, name: str) -> Rater:
    rater = book.raters.get(name)
    if rater is None or rater.token_hash is None:
        raise _nobody(name)
    return rater


def _held(book: Book, name: str, lease: str) -> Lease:
    _rater(book, name)
    held = book.leases.get(lease)
    if held is None or held.rater != name:
        raise Mistake("it is not in your hands", where="this item", remedy="Go on with the next one")
    return held


def _changeable(held: Lease, item: Item) -> None:
    if held.returned is not None:
        raise Mistake("you handed it back", where="this item", remedy="Go on with the next one")
    if held.sent and held.part in ("training", "gold"):
        raise Mistake("its answer was shown", where="this item", remedy="Go on with the next one")


def _counted(t: Transaction, held: Lease) -> bool:
    if held.part != "work":
        return False
    if held.sent:
        return held.sent[-1].counted
    return held.open(t.now) or t.book.taken(held.item, t.now) < t.book.settings.overlap


def _seconds(said: str, at_most: float) -> float | None:
    """What the page counted, never more than the server's clock."""
    try:
        seconds = float(said)
    except ValueError:
        return None
    return min(seconds, at_most) if seconds >= 0 else None
