"""What raters earned, what a rating costs, and what the ratings that are still needed will."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dono.costs import Range
from dono.ratings.book import Book, Lease
from dono.ratings.settings import Pay


@dataclass(frozen=True)
class PeopleNeeded:
    """Ratings that are still to be given, at so many minutes each, paid by the hour in the desk's currency."""

    ratings: float
    minutes_per_rating: float
    wage_per_hour: float

    @property
    def cost(self) -> float:
        """What they will earn, in the desk's currency."""
        return self.ratings * self.minutes_per_rating / 60 * self.wage_per_hour


@dataclass(frozen=True)
class Earning:
    """One rater's work and what it earned, in `currency`. All that was sent is paid, late or not, gold or not."""

    rater: str
    items: int
    minutes: float
    money: float
    currency: str


def paid_minutes(lease: Lease, pay: Pay) -> float:
    """Minutes at an item from first sight to first answer, the time away taken off as far as the page saw it."""
    if not lease.sent:
        return 0.0
    first = lease.sent[0]
    return min(first.seconds if first.active is None else first.active, pay.longest_minutes * 60) / 60


def earning(book: Book, rater: str) -> Earning:
    """What one rater has earned."""
    pay = book.settings.pay
    sent = [lease for lease in book.of_rater[rater] if lease.sent]
    minutes = sum(paid_minutes(lease, pay) for lease in sent)
    money = len(sent) * pay.per_item + minutes / 60 * pay.per_hour
    return Earning(rater, len(sent), minutes, money, pay.currency)


def earnings(book: Book) -> list[Earning]:
    """Of every rater, also of those whose token has ended."""
    return [earning(book, r.name) for r in book.raters.values() if r.role == "rater"]


def still_needed(book: Book) -> int:
    """Ratings until every item that may be given out has its overlap."""
    work = (i.id for i in book.items.values() if i.purpose == "work" and book.available(i.id))
    return sum(max(0, book.settings.overlap - sum(x.counts for x in book.of_item[i])) for i in work)


def minutes_per_rating(book: Book) -> Range | None:
    """Median with the middle 80 %, as measured here; None before five answers."""
    minutes = [paid_minutes(x, book.settings.pay) for x in book.submitted()]
    if len(minutes) < 5:
        return None
    lo, mid, hi = (float(q) for q in np.quantile(minutes, [0.1, 0.5, 0.9]))
    return Range(lo, mid, hi, "measured", f"{len(minutes)} answers at this desk")


def people_needed(book: Book) -> PeopleNeeded | None:
    """The ratings still needed, as `dono plan` and the `overheads` of a project file are told of them.

    Pay by the item is turned into a wage at the measured pace. None before the pace is known.
    """
    pace, pay = minutes_per_rating(book), book.settings.pay
    if pace is None or pace.mid == 0:
        return None
    wage = pay.per_hour + pay.per_item * 60 / pace.mid
    return PeopleNeeded(ratings=float(still_needed(book)), minutes_per_rating=pace.mid, wage_per_hour=wage)
