"""What a rating is expected to teach: about the strengths of models, and about the item itself.

information(item) = ½ ln(1 + p(1 − p)v)  +  I(next rating; how raters see the item)

The first term is for pairs of named models (`Strengths.information`). The second is the mutual information between one
more rating and the item's distribution over what is said, after counts c and a Dirichlet(½) prior (BALD, Houlsby et al.
2011, in closed form): with a = c + ½, A = Σa, m = a ÷ A it is H(m) − Σ m (ψ(A + 1) − ψ(a + 1)). It falls as ratings
come in, slowest where raters disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from scipy.special import digamma

from dono.ratings.book import Book, Lease
from dono.ratings.bradley_terry import Comparison, Strengths, fit
from dono.ratings.tasks import SCALE, TASKS, Item

PRIOR = 0.5
REFIT = 1.02
"""Strengths are fitted anew when there are so many times the answers (assumed: 2 % change little)."""
SCORES = {"1": 1.0, "2": 0.0, "tie": 0.5, "bad": 0.5}


def comparison(item: Item, lease: Lease) -> Comparison | None:
    """A submitted pair of named models as a comparison."""
    if item.compared is None or lease.part != "work":
        return None
    return Comparison(*item.compared, SCORES[lease.said().choice], lease.rater, item.id)


def comparisons(book: Book, without: frozenset[str] = frozenset()) -> list[Comparison]:
    """All that count, those of some raters left out."""
    found = (
        comparison(book.items[lease.item], lease)
        for lease in book.submitted()
        if lease.counts and lease.rater not in without
    )
    return [c for c in found if c is not None]


@lru_cache(maxsize=100_000)
def surprise(counts: tuple[int, ...]) -> float:
    """Mutual information (nats) between the next rating and the item's distribution, after these counts."""
    a = np.array(counts, dtype=np.float64) + PRIOR
    m = a / a.sum()
    return float(-(m * np.log(m)).sum() - (m * (digamma(a.sum() + 1) - digamma(a + 1))).sum())


class Informed:
    """Values items by what is known so far; keeps the fitted strengths until enough has come in."""

    def __init__(self) -> None:
        self._answers = -1
        self._strengths: Strengths | None = None
        self._of_pair: dict[tuple[str, str], tuple[float, float]] = {}
        self._of_item: dict[str, tuple[int, int, float]] = {}

    def strengths(self, book: Book) -> Strengths:
        """Fitted to what is known, up to 2 % of it."""
        if self._strengths is None or not self._answers <= book.answers < self._answers * REFIT + 1:
            self._strengths, self._answers, self._of_pair = fit(comparisons(book)), book.answers, {}
        return self._strengths

    def _pair(self, book: Book, models: tuple[str, str]) -> tuple[float, float]:
        """Information in one more comparison of two models, and the half-width of what is known of their win rate."""
        strengths = self.strengths(book)
        if models not in self._of_pair:
            known = strengths.wins(*models).half_width if strengths.connected(*models) else float("inf")
            self._of_pair[models] = strengths.information(*models), known
        return self._of_pair[models]

    def value(self, book: Book, item: Item, taken: int) -> float:
        """Nats that one more rating of the item is expected to teach. Ratings under way count as given."""
        changed = book.changed.get(item.id, 0)
        known = self._of_item.get(item.id)
        if known is None or known[:2] != (changed, taken):
            known = self._of_item[item.id] = (changed, taken, self._own(book, item, taken))
        return known[2] + (self._pair(book, item.compared)[0] if item.compared else 0.0)

    def settled(self, book: Book, item: Item) -> bool:
        """Whether the two models of a pair are known well enough apart (`narrow` of the settings)."""
        narrow = book.settings.narrow
        return narrow is not None and item.compared is not None and self._pair(book, item.compared)[1] <= narrow

    def _own(self, book: Book, item: Item, taken: int) -> float:
        given = [lease.said() for lease in book.of_item[item.id] if lease.counts]
        under_way = taken - len(given)
        if item.kind == "rubric":
            by_criterion: list[Counter[object]] = [Counter(r.scores[c] for r in given) for c in item.criteria]
            values = [_spread(counts, SCALE, under_way) for counts in by_criterion]
            return sum(values) / len(values)
        if item.kind == "rewrite":
            return 1.0 / (1 + taken)  # texts are not compared: those with fewer first
        return _spread(Counter(r.choice for r in given), TASKS[item.kind].choices, under_way)


def _spread(counts: Mapping[object, int], choices: tuple[object, ...], under_way: int) -> float:
    """The surprise after the counts, each rating under way taken for the likeliest."""
    found = sorted((counts.get(c, 0) for c in choices), reverse=True)
    found[0] += under_way
    return surprise(tuple(found))
