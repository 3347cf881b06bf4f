"""Who rates what next. A pure decision on the book: the desk carries it out inside a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from dono.ratings.book import Book, Lease, Part, Rater
from dono.ratings.information import Informed
from dono.ratings.tasks import Item

APART = 8
"""Items that lie at least between an item and its repetition, so that it is not simply remembered (assumed)."""
Nothing = Literal["done", "settled", "no language"]


@dataclass(frozen=True)
class Choice:
    """An item for a rater, and as what. `again` is the lease that is renewed or repeated."""

    item: str
    part: Part
    again: Lease | None = None


def choose(book: Book, rater: Rater, now: float, random: Random, informed: Informed) -> Choice | Nothing:
    """In this order: what is in hand, what ran out but is wanted still, training, gold and repeats at their rate, the
    work that teaches most. Or why there is nothing.
    """
    own = book.of_rater[rater.name]
    for lease in reversed(own):
        if not lease.sent and lease.returned is None and (lease.open(now) or _wanted(book, lease, now)):
            return Choice(lease.item, lease.part, lease)
    seen = {lease.item for lease in own}
    readable = [i for i in book.items.values() if i.language in ("und", *rater.languages)]
    fresh = [i for i in readable if i.id not in seen and book.available(i.id)]
    training = next((i for i in fresh if i.purpose == "training"), None)
    if training is not None:
        return Choice(training.id, "training")
    work = sum(1 for lease in own if lease.part == "work" and lease.sent)
    gold = [i for i in fresh if i.purpose == "gold"]
    if gold and _due(book.settings.gold_every, work, sum(1 for x in own if x.part == "gold"), random):
        return Choice(random.choice(gold).id, "gold")
    repeatable = _repeatable(book, own)
    if repeatable and _due(book.settings.repeat_every, work, sum(1 for x in own if x.part == "repeat"), random):
        lease = random.choice(repeatable)
        return Choice(lease.item, "repeat", lease)
    return _work(book, readable, fresh, now, random, informed)


def _work(
    book: Book, readable: list[Item], fresh: list[Item], now: float, random: Random, informed: Informed
) -> Choice | Nothing:
    with_taken = [(i, book.taken(i.id, now)) for i in fresh if i.purpose == "work"]
    wanted = [(i, taken) for i, taken in with_taken if taken < book.settings.overlap]
    unsettled = [(i, taken) for i, taken in wanted if not informed.settled(book, i)]
    if unsettled:
        item, _ = max(unsettled, key=lambda it: (informed.value(book, *it), random.random()))
        return Choice(item.id, "work")
    if wanted:
        return "settled"
    return "done" if readable else "no language"


def _wanted(book: Book, lease: Lease, now: float) -> bool:
    """Whether an item that ran out in somebody's hands still lacks a rating."""
    if lease.part != "work":
        return True
    return book.available(lease.item) and book.taken(lease.item, now) < book.settings.overlap


def _due(every: int, work: int, given: int, random: Random) -> bool:
    """By chance one in `every`, so that nobody can count; and surely where chance fell two behind."""
    return every > 0 and work > 0 and (random.random() < 1 / every or given + 2 <= work / every)


def _repeatable(book: Book, own: list[Lease]) -> list[Lease]:
    repeated = {lease.item for lease in own if lease.part == "repeat"}
    old = [lease for lease in own[: max(0, len(own) - APART)] if lease.part == "work" and lease.sent]
    return [lease for lease in old if lease.item not in repeated and book.items[lease.item].kind != "rewrite"]
