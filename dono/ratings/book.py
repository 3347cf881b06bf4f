"""What the events come to: items, raters, leases and what was said under them. Read off the events, never kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dono.ratings.events import Event
from dono.ratings.settings import DeskSettings
from dono.ratings.tasks import Item, Response, by_answer

Role = Literal["rater", "manager", "viewer"]
Part = Literal["work", "training", "gold", "repeat"]


@dataclass
class Rater:
    """Somebody with a role. `token_hash` is the SHA-256 of the token that they hold; None once it is revoked."""

    name: str
    role: Role
    languages: tuple[str, ...]
    interface: str
    token_hash: str | None


@dataclass(frozen=True)
class Submission:
    """One answer: `response` as it was sent, `said` by answer of the item instead of by seat.

    `seconds` is the time at the item, `active` what the page saw of it (None: no script). `counted` is
    false where it came so late that others had the item in full: kept and paid, but one too many.
    """

    event: int
    at: float
    response: Response
    said: Response
    seconds: float
    active: float | None
    counted: bool
    once: str


@dataclass
class Lease:
    """One item given to one rater. `order[seat]` is the answer shown at that seat; only the server knows it."""

    id: str
    item: str
    rater: str
    part: Part
    order: tuple[int, ...]
    opened: float
    expires: float
    guidelines: str
    number: int
    sent: list[Submission] = field(default_factory=list)
    draft: Mapping[str, str] = field(default_factory=dict)
    returned: str | None = None
    flagged: bool = False
    note: str = ""

    @property
    def last(self) -> Submission | None:
        """What holds: the newest."""
        return self.sent[-1] if self.sent else None

    @property
    def counts(self) -> bool:
        """Whether it is one of the item's ratings."""
        return self.part == "work" and bool(self.sent) and self.sent[-1].counted

    def open(self, now: float) -> bool:
        """Whether the item is in this rater's hands."""
        return not self.sent and self.returned is None and now < self.expires

    def said(self) -> Response:
        """What holds, by answer of the item."""
        assert self.last is not None
        return self.last.said


class Book:
    """The state after `last` events."""

    def __init__(self) -> None:
        self.last = 0
        self.settings = DeskSettings()
        self.items: dict[str, Item] = {}
        self.raters: dict[str, Rater] = {}
        self.leases: dict[str, Lease] = {}
        self.of_item: dict[str, list[Lease]] = defaultdict(list)
        self.of_rater: dict[str, list[Lease]] = defaultdict(list)
        self.by_token: dict[str, str] = {}
        self.flagged_by: dict[str, set[str]] = {}
        self.kept_items: set[str] = set()
        """Items that were flagged, looked at, and may be rated."""
        self.withdrawn: set[str] = set()
        self.rejected: list[Mapping[str, Any]] = []
        self.changed: dict[str, int] = {}
        """The last event that said something of an item."""
        self.answers = 0
        """Submissions that count: what estimates are made from grows with it."""

    def apply(self, event: Event) -> None:
        """Take in the next event; those of a kind unknown here (a newer Dono wrote them) are passed over."""
        assert event.id == self.last + 1, f"event {event.id} after {self.last}: the store has a gap"
        self.last = event.id
        apply = getattr(self, f"_{event.kind}", None)
        if apply is not None:
            apply(event, event.body)

    def submitted(self) -> Iterator[Lease]:
        """Leases with an answer that holds."""
        return (lease for lease in self.leases.values() if lease.sent)

    def taken(self, item: str, now: float) -> int:
        """Ratings that an item has or is about to get."""
        return sum(1 for lease in self.of_item[item] if lease.counts or (lease.part == "work" and lease.open(now)))

    def flags(self, item: str) -> int:
        """How many raters flagged it."""
        return len(self.flagged_by.get(item, ()))

    def available(self, item: str) -> bool:
        """Whether an item may be given out: not withdrawn, not flagged by too many."""
        if item in self.withdrawn:
            return False
        return item in self.kept_items or self.flags(item) < self.settings.flags_to_withdraw

    def _desk(self, event: Event, body: Mapping[str, Any]) -> None:
        self.settings = DeskSettings.model_validate(body)

    def _item(self, event: Event, body: Mapping[str, Any]) -> None:
        item = Item.model_validate(body)
        self.items.setdefault(item.id, item)

    def _rejected(self, event: Event, body: Mapping[str, Any]) -> None:
        self.rejected.append(body)

    def _rater(self, event: Event, body: Mapping[str, Any]) -> None:
        old = self.raters.get(body["name"])
        if old is not None and old.token_hash is not None:
            self.by_token.pop(old.token_hash, None)
        rater = Rater(body["name"], body["role"], tuple(body["languages"]), body["interface"], body["token_hash"])
        self.raters[rater.name] = rater
        assert rater.token_hash is not None
        self.by_token[rater.token_hash] = rater.name

    def _revoked(self, event: Event, body: Mapping[str, Any]) -> None:
        rater = self.raters[body["name"]]
        if rater.token_hash is not None:
            self.by_token.pop(rater.token_hash, None)
        rater.token_hash = None

    def _interface(self, event: Event, body: Mapping[str, Any]) -> None:
        self.raters[event.actor].interface = body["interface"]

    def _assigned(self, event: Event, body: Mapping[str, Any]) -> None:
        lease = Lease(
            body["lease"], body["item"], event.actor, body["part"], tuple(body["order"]), event.at, body["expires"],
            body["guidelines"], len(self.leases),
        )  # fmt: skip
        self.leases[lease.id] = lease
        self.of_item[lease.item].append(lease)
        self.of_rater[lease.rater].append(lease)

    def _renewed(self, event: Event, body: Mapping[str, Any]) -> None:
        self.leases[body["lease"]].expires = body["expires"]

    def _draft(self, event: Event, body: Mapping[str, Any]) -> None:
        self.leases[body["lease"]].draft = body["form"]

    def _submitted(self, event: Event, body: Mapping[str, Any]) -> None:
        lease = self.leases[body["lease"]]
        before = lease.counts
        response = Response.model_validate(body["response"])
        lease.sent.append(
            Submission(
                event.id, event.at, response, by_answer(response, lease.order), body["seconds"], body["active"],
                body["counted"], body["once"],
            )
        )  # fmt: skip
        lease.draft = {}
        self.answers += lease.counts and not before
        self.changed[lease.item] = event.id

    def _returned(self, event: Event, body: Mapping[str, Any]) -> None:
        lease = self.leases[body["lease"]]
        lease.returned, lease.flagged, lease.note = body["reason"], body["flag"], body["note"]
        if lease.flagged:
            self.flagged_by.setdefault(lease.item, set()).add(lease.rater)

    def _looked(self, event: Event, body: Mapping[str, Any]) -> None:
        (self.kept_items if body["keep"] else self.withdrawn).add(body["item"])
        (self.withdrawn if body["keep"] else self.kept_items).discard(body["item"])
