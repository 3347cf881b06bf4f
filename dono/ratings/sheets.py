"""Ratings as tables: a row for each answer that was sent, pay by rater, paid time by item."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from dono.ratings.book import Book
from dono.ratings.pay import earnings, paid_minutes
from dono.ratings.teaching import Row, Without


def rows(book: Book, without: Without = frozenset()) -> Iterator[Row]:
    """One row for each answer that was sent, changed ones too, and each item handed back."""
    for lease in book.leases.values():
        if lease.rater in without:
            continue
        item = book.items[lease.item]
        shared = {
            "rater": lease.rater, "item": item.id, "kind": item.kind, "language": item.language, "part": lease.part,
            "use_case": item.use_case, "seats": [item.answers[i].model for i in lease.order],
            "order": list(lease.order), "guidelines": lease.guidelines, "opened": iso(lease.opened),
        }  # fmt: skip
        for sent in lease.sent:
            chosen = item.answers[int(sent.said.choice) - 1].model if sent.said.choice in ("1", "2") else ""
            yield shared | {
                "sent": iso(sent.at), "choice": sent.response.choice, "winner": chosen, "scores": sent.response.scores,
                "text": sent.response.text, "comment": sent.response.comment, "holds": sent is lease.last,
                "counted": sent.counted, "ms": round(sent.seconds * 1000),
                "active_ms": None if sent.active is None else round(sent.active * 1000), "handed_back": "",
                "flag": False, "note": "",
            }  # fmt: skip
        if lease.returned is not None:
            yield shared | {
                "sent": "", "choice": "", "winner": "", "scores": {}, "text": "", "comment": "", "holds": False,
                "counted": False, "ms": None, "active_ms": None, "handed_back": lease.returned, "flag": lease.flagged,
                "note": lease.note,
            }  # fmt: skip


def pay_sheet(book: Book, without: Without) -> Iterator[Row]:
    """What each rater has earned."""
    for e in earnings(book):
        yield {
            "rater": e.rater, "items": e.items, "minutes": round(e.minutes, 2), "money": round(e.money, 2),
            "currency": e.currency,
            "minutes_each": round(e.minutes / e.items, 3) if e.items else "",
        }  # fmt: skip


def times(book: Book, without: Without) -> Iterator[Row]:
    """Paid time of each answer."""
    for lease in book.submitted():
        minutes = paid_minutes(lease, book.settings.pay)
        yield {
            "rater": lease.rater,
            "item": lease.item,
            "sent": iso(lease.sent[0].at),
            "paid_minutes": round(minutes, 3),
        }


def iso(at: float) -> str:
    """Seconds since 1970 as a date and time, UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
