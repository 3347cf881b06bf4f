"""What is known of each rater's care, and which raters cannot be believed, with the reasons."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, binomtest

from dono.ratings.agreement import Alpha, alpha
from dono.ratings.book import Book, Lease
from dono.ratings.tasks import TASKS, Level, agrees

GOLD_BAR, REPEAT_BAR = 0.7, 0.6
"""Shares right, and the same again, that a careful rater reaches (assumed)."""
DOUBT = 0.05
"""How unlikely a result at the bar must be before somebody is named."""
SEAT_DOUBT = 0.001
"""For seats: nobody prefers one for a good reason, but many raters are looked at."""
FAST_SHARE, FAST_LEAST = 0.2, 5
ALONE_LEAST = 30
"""Comparisons with others before their absence of agreement says anything."""


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    of: int
    n: int

    @property
    def value(self) -> float | None:
        """The share, or None of nothing."""
        return self.of / self.n if self.n else None


SAID = {
    "gold": "{of} of {n} items with a known answer right", "repeats": "{of} of {n} repeated items answered as before",
    "fast": "{of} of {n} answers sooner than they can be read", "seat": "the first seat chosen {of} times of {n}",
    "chance": "agrees with others no more than by chance",
}  # fmt: skip
"""Concerns in English; the pages have them in their own languages."""


@dataclass(frozen=True)
class Concern:
    """A reason not to believe a rater, a row of `SAID`: so many of so many."""

    kind: str
    of: int = 0
    n: int = 0

    def __str__(self) -> str:
        return SAID[self.kind].format(of=self.of, n=self.n)


@dataclass(frozen=True)
class Care:
    """One rater's work: how much, how careful; `concerns` are reasons not to believe it."""

    rater: str
    answers: int
    gold: Share
    repeats: Share
    fast: Share
    first_seat: Share
    with_others: Share
    by_chance: float
    longer_wins: Share
    skipped: int
    flagged: int
    concerns: tuple[Concern, ...]


def care(book: Book, rater: str) -> Care:
    """Read a rater's work."""
    own = book.of_rater[rater]
    sent = [lease for lease in own if lease.sent]
    gold = [agrees(i, x.said(), i.expected) for x in sent if x.part == "gold" and (i := book.items[x.item]).expected]
    earlier = {lease.item: lease for lease in sent if lease.part == "work"}
    again = [x for x in sent if x.part == "repeat"]
    same = [agrees(book.items[x.item], x.said(), earlier[x.item].said()) for x in again if x.item in earlier]
    fast = [x.sent[0].seconds < book.settings.floor_seconds for x in sent if x.part != "training"]
    seats = [x.last.response.choice for x in sent if x.last and x.last.response.choice in ("1", "2")]
    agreed, chance = _with_others(book, sent)
    longer = _longer(book, sent)
    found = Care(
        rater, len(sent), _share(gold), _share(same), _share(fast), Share(seats.count("1"), len(seats)), agreed, chance,
        longer, sum(1 for x in own if x.returned and not x.flagged), sum(1 for x in own if x.flagged), (),
    )  # fmt: skip
    return Care(**{**found.__dict__, "concerns": tuple(_concerns(found))})


def cares(book: Book) -> list[Care]:
    """Of every rater who has answered anything."""
    return [care(book, r.name) for r in book.raters.values() if r.role == "rater" and book.of_rater[r.name]]


def doubted(book: Book) -> frozenset[str]:
    """Raters with concerns: estimates are given with and without them."""
    return frozenset(c.rater for c in cares(book) if c.concerns)


def _concerns(c: Care) -> list[Concern]:
    said = []
    if c.gold.n and binom.cdf(c.gold.of, c.gold.n, GOLD_BAR) < DOUBT:
        said.append(Concern("gold", c.gold.of, c.gold.n))
    if c.repeats.n and binom.cdf(c.repeats.of, c.repeats.n, REPEAT_BAR) < DOUBT:
        said.append(Concern("repeats", c.repeats.of, c.repeats.n))
    if c.fast.of >= FAST_LEAST and c.fast.of > FAST_SHARE * c.fast.n:
        said.append(Concern("fast", c.fast.of, c.fast.n))
    if c.first_seat.n and binomtest(c.first_seat.of, c.first_seat.n).pvalue < SEAT_DOUBT:
        said.append(Concern("seat", c.first_seat.of, c.first_seat.n))
    spread = np.sqrt(c.by_chance * (1 - c.by_chance) / max(1, c.with_others.n))
    if c.with_others.n >= ALONE_LEAST and c.with_others.of / c.with_others.n < c.by_chance + 1.64 * spread:
        said.append(Concern("chance"))
    return said


def _share(of: list[bool]) -> Share:
    return Share(sum(of), len(of))


def _with_others(book: Book, sent: list[Lease]) -> tuple[Share, float]:
    """How often others said the same of the same item, and how often they would by chance (choices only)."""
    pairs: list[tuple[str, str]] = []
    for lease in sent:
        if lease.counts and TASKS[book.items[lease.item].kind].choices:
            others = (x for x in book.of_item[lease.item] if x.counts and x.rater != lease.rater)
            pairs += [(lease.said().choice, x.said().choice) for x in others]
    mine, theirs = (Counter(p[side] for p in pairs) for side in (0, 1))
    n = len(pairs)
    chance = sum(mine[c] * theirs[c] for c in mine) / n**2 if n else 0.0
    return Share(sum(a == b for a, b in pairs), n), chance


def _longer(book: Book, sent: list[Lease]) -> Share:
    """How often the longer answer of a decided pair won."""
    won = []
    for lease in sent:
        item, choice = book.items[lease.item], lease.said().choice
        if choice in ("1", "2") and lease.part == "work":
            sizes = [len(a.text) for a in item.answers]
            if sizes[0] != sizes[1]:
                won.append(sizes[int(choice) - 1] == max(sizes))
    return _share(won)


def agreement(book: Book, without: frozenset[str] = frozenset()) -> dict[tuple[str, str, str], Alpha]:
    """Alpha by kind of task, criterion (of a rubric) and language; "" is all languages, where there are several."""
    units: dict[tuple[str, str, str], dict[str, list[object]]] = defaultdict(lambda: defaultdict(list))
    levels: dict[str, Level] = {kind: task.level for kind, task in TASKS.items()}
    for lease in book.submitted():
        item = book.items[lease.item]
        if not lease.counts or lease.rater in without or item.kind == "rewrite":
            continue
        said = lease.said()
        values = said.scores if item.kind == "rubric" else {"": said.choice}
        for criterion, value in values.items():
            for language in ("", item.language):
                units[item.kind, criterion, language][item.id].append(value)
    several = {key[:2] for key, found in units.items() if key[2] and len(found) < len(units[*key[:2], ""])}
    kept = {k: found for k, found in sorted(units.items()) if k[2] or k[:2] in several}
    return {key: alpha(found.values(), levels[key[0]]) for key, found in kept.items()}


def seats(book: Book) -> tuple[Share, Share]:
    """Over all raters: how often the first seat won, and how often the longer answer."""
    found = cares(book)
    first = Share(sum(c.first_seat.of for c in found), sum(c.first_seat.n for c in found))
    return first, Share(sum(c.longer_wins.of for c in found), sum(c.longer_wins.n for c in found))
