"""What the desk's pages show, made from the book: never an item's id, a model, or an order to a rater."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from jinja2 import Environment

from dono.ratings import TASKS, Book, Item, Lease, Response
from dono.ratings.pay import paid_minutes
from dono.studio import amounts
from dono.studio.desk.access import Person
from dono.studio.desk.texts import names, texts
from dono.studio.pages import PLACES, page_environment

PAUSE_SECONDS = 300.0
"""Time without an answer that is a pause (assumed)."""
RECENT_SECONDS = 3600.0


def when(at: float) -> str:
    """A time as date and hour, UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="minutes")


@lru_cache
def environment() -> Environment:
    """Of all pages of the desk."""
    return page_environment(
        {"money": amounts.money, "duration": amounts.duration, "when": when, "names": names(), "PLACES": PLACES}
    )


def render(template: str, who: Person | None, interface: str, **fields: object) -> str:
    """A page as HTML."""
    chosen = interface if interface in names() else "en"
    shown = {"t": texts(chosen), "interface": chosen, "who": who, **fields}
    return environment().get_template(f"desk/{template}.html.j2").render(shown)


@dataclass(frozen=True)
class Shown:
    """An item as its rater sees it: answers by seat. `values` fill the form, `once` marks it."""

    lease: str
    kind: str
    practice: bool
    prompt: tuple[tuple[str, str], ...]
    answers: tuple[str, ...]
    language: str
    criteria: tuple[str, ...]
    choices: tuple[str, ...]
    values: Mapping[str, str]
    once: str
    changing: bool


def shown(item: Item, lease: Lease) -> Shown:
    """The item in the order that was drawn for this rater."""
    last = lease.last
    values = _values(item, last.response) if last else dict(lease.draft)
    if item.kind == "rewrite" and "text" not in values:
        values = {**values, "text": item.answers[0].text}
    return Shown(
        lease.id, item.kind, lease.part == "training", tuple((t.role, t.text) for t in item.prompt),
        tuple(item.answers[i].text for i in lease.order), item.language, item.criteria, TASKS[item.kind].choices,
        values, secrets.token_urlsafe(12), last is not None,
    )  # fmt: skip


def _values(item: Item, response: Response) -> dict[str, str]:
    scores = {f"score-{i}": str(response.scores[c]) for i, c in enumerate(item.criteria) if c in response.scores}
    return {"choice": response.choice, "text": response.text, "comment": response.comment, **scores}


def seated(response: Response, lease: Lease) -> Response:
    """What was expected by answer, as seen from this rater's seats."""
    if response.choice not in ("1", "2"):
        return response
    return response.model_copy(update={"choice": str(lease.order.index(int(response.choice) - 1) + 1)})


def said_shortly(t: Mapping[str, str], item: Item, response: Response) -> str:
    """A response in a few words."""
    if item.kind == "rubric":
        return ", ".join(f"{c} {response.scores[c]}" for c in item.criteria)
    return response.text if item.kind == "rewrite" else t[f"choice_{response.choice}"]


def left_for(book: Book, name: str) -> int:
    """Items that a rater could still be given: of their languages, wanted, not done by them."""
    rater = book.raters[name]
    seen = {lease.item for lease in book.of_rater[name] if lease.sent or lease.returned}
    return sum(
        1
        for i in book.items.values()
        if i.purpose == "work"
        and i.id not in seen
        and i.language in ("und", *rater.languages)
        and book.available(i.id)
        and sum(x.counts for x in book.of_item[i.id]) < book.settings.overlap
    )


def break_due(book: Book, name: str, now: float) -> str:
    """`break_flags` or `break_minutes` where somebody should pause, else nothing."""
    own = book.of_rater[name]
    flags = [x for x in own if x.flagged and now - x.opened < RECENT_SECONDS]
    finished = [x for x in own if x.sent or x.returned]
    if len(flags) >= book.settings.break_after_flags and finished[-1].flagged:
        return "break_flags"
    times = sorted((s.at for x in own for s in x.sent), reverse=True)
    began = now
    for at in times:
        if began - at > PAUSE_SECONDS:
            break
        began = at
    return "break_minutes" if now - began > book.settings.break_after_minutes * 60 else ""


def minutes_of(book: Book, lease: Lease) -> float:
    """Paid minutes of a lease."""
    return paid_minutes(lease, book.settings.pay)
