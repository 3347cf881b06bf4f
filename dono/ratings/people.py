"""Who made the ratings: what a model card says of the people behind a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from dono.ratings.book import Book
from dono.ratings.bradley_terry import Interval, fit
from dono.ratings.information import comparisons
from dono.ratings.pay import earnings
from dono.ratings.quality import agreement, doubted


@dataclass(frozen=True)
class Agreed:
    """Krippendorff's alpha of a kind of task, over all languages; None where it is undefined, and `why`."""

    kind: str
    value: float | None
    lo: float | None
    hi: float | None
    why: str


@dataclass(frozen=True)
class People:
    """How many rated, for how long, for what pay, and how far they agreed. `left_out`: whose ratings do not count."""

    raters: int
    ratings: int
    hours: float
    pay: float
    currency: str
    left_out: frozenset[str]
    agreement: tuple[Agreed, ...]

    def as_json(self) -> dict[str, Any]:
        """For a record: nobody is named."""
        return asdict(self) | {"left_out": len(self.left_out)}


def people_of(book: Book, *, believed: bool = True) -> People:
    """Everybody who has answered anything; hours and pay are of all, ratings and agreement of those believed."""
    without = doubted(book) if believed else frozenset[str]()
    earned = [e for e in earnings(book) if e.items]
    counted = [x for x in book.submitted() if x.counts and x.rater not in without]
    alphas = agreement(book, without)
    whole = {kind: a for (kind, criterion, language), a in sorted(alphas.items(), reverse=True) if not criterion}
    return People(
        raters=len(earned), ratings=len(counted), hours=round(sum(e.minutes for e in earned) / 60, 3),
        pay=round(sum(e.money for e in earned), 2), currency=book.settings.pay.currency, left_out=without,
        agreement=tuple(Agreed(kind, a.value, a.lo, a.hi, a.why) for kind, a in sorted(whole.items())),
    )  # fmt: skip


def wins_between(book: Book, without: frozenset[str]) -> list[tuple[str, str, Interval, int]]:
    """Of every two models that were shown side by side: how often the first wins, with its interval; ratings."""
    found = comparisons(book, without)
    strengths = fit(found)
    pairs = sorted({tuple(sorted((c.first, c.second))) for c in found if c.first != c.second})
    return [(a, b, strengths.wins(a, b), sum({c.first, c.second} == {a, b} for c in found)) for a, b in pairs]
