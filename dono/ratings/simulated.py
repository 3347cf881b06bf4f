"""Raters that are made, with a known truth: what shows that estimates recover it and that the careless are named.

Each prompt has its own difference between two answers: that of the models' strengths plus logistic noise, so that over
prompts P(a is the better) = σ(θ_a − θ_b), which is what Bradley and Terry's model should find.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from random import Random

import numpy as np
from scipy.special import expit

from dono.ratings.book import Lease
from dono.ratings.desk import Desk
from dono.ratings.settings import DeskSettings
from dono.ratings.store import EventStore
from dono.ratings.tasks import Candidate, Item, Response, Turn

GOLD_MARGIN = 1.5
"""Items with a known answer are the plain ones: the difference is at least so large."""


@dataclass(frozen=True)
class World:
    """Models with their strengths, and for each item how much better its first answer truly is."""

    strengths: Mapping[str, float]
    items: tuple[Item, ...]
    margin: Mapping[str, float]

    def wins(self, a: str, b: str) -> float:
        """The true share of prompts on which a is better."""
        return float(expit(self.strengths[a] - self.strengths[b]))


def make_world(prompts: int, gold: int, seed: int, strengths: Mapping[str, float] | None = None) -> World:
    """`prompts` items for each pair of models, and `gold` items whose answer is known."""
    known = strengths or {"amber": 0.0, "birch": 0.6, "cedar": 1.2, "delta": -0.5}
    random = np.random.default_rng(seed)
    items, margin = [], {}
    pairs = list(combinations(known, 2))
    for number in range(len(pairs) * prompts + gold):
        a, b = pairs[number % len(pairs)]
        is_gold = number >= len(pairs) * prompts
        off = random.logistic()
        better = float(np.copysign(GOLD_MARGIN + abs(off), off)) if is_gold else known[a] - known[b] + float(off)
        name = f"item {number}"
        margin[name] = better
        texts = ["words " * int(n) for n in random.integers(3, 30, 2)]
        expected = Response(choice="1" if better > 0 else "2") if is_gold else None
        items.append(
            Item(
                id=name, kind="pair", prompt=(Turn(role="user", text=f"question {number}"),), language="en",
                answers=tuple(Candidate(text=f"{t}{number}", model=m) for t, m in zip(texts, (a, b), strict=True)),
                purpose="gold" if is_gold else "work", expected=expected,
            )
        )  # fmt: skip
    return World(known, tuple(items), margin)


def _judge(accuracy: float) -> Callable[[float, Item, Lease, Random], str]:
    """Sees which answer is better, and says so with this probability."""

    def choose(margin: float, item: Item, lease: Lease, random: Random) -> str:
        better = 0 if margin > 0 else 1
        seat = lease.order.index(better)
        return str((seat if random.random() < accuracy else 1 - seat) + 1)

    return choose


def _first_seat(margin: float, item: Item, lease: Lease, random: Random) -> str:
    return "1" if random.random() < 0.5 else _judge(0.95)(margin, item, lease, random)


def _longer(margin: float, item: Item, lease: Lease, random: Random) -> str:
    if random.random() < 0.5:
        return _judge(0.95)(margin, item, lease, random)
    sizes = [len(item.answers[i].text) for i in lease.order]
    return "1" if sizes[0] >= sizes[1] else "2"


@dataclass(frozen=True)
class Temper:
    """How a rater of a kind chooses, and the seconds that it takes; `honest` ones should not be named."""

    choose: Callable[[float, Item, Lease, Random], str]
    seconds: float
    honest: bool


TEMPERS: dict[str, Temper] = {
    "careful": Temper(_judge(0.95), 25.0, True),
    "noisy": Temper(_judge(0.8), 25.0, True),
    "first seat": Temper(_first_seat, 20.0, False),
    "longer": Temper(_longer, 20.0, False),
    "lazy": Temper(lambda margin, item, lease, random: "1", 1.0, False),
    "random": Temper(lambda margin, item, lease, random: random.choice("12"), 15.0, False),
    "malicious": Temper(_judge(0.05), 25.0, False),
}
"""Kinds of raters. The numbers are assumed."""


@dataclass
class SimulatedDesk:
    """A desk in memory with a crowd: kinds and how many of each. Time passes as they work."""

    world: World
    crowd: Mapping[str, int]
    seed: int = 0
    settings: DeskSettings = field(default_factory=DeskSettings)

    def __post_init__(self) -> None:
        self.now = 1.8e9
        self.random = Random(self.seed)
        self.desk = Desk(EventStore("sqlite://", lambda: self.now), Random(self.seed + 1))
        self.desk.configure(self.settings)
        self.desk.add_items(self.world.items)
        self.kind_of = {f"{kind} {i}": kind for kind, number in self.crowd.items() for i in range(number)}
        for name in self.kind_of:
            self.desk.admit(name, languages=["en"])
        self._items = {i.id: i for i in self.world.items}

    def work(self, most: int | None = None) -> int:
        """Everybody rates in turn until nobody has anything left, or `most` answers were given; how many."""
        given, waiting = 0, list(self.kind_of)
        while waiting and given != most:
            name = waiting.pop(0)
            lease = self.desk.next(name)
            if isinstance(lease, str):
                continue
            temper = TEMPERS[self.kind_of[name]]
            self.now += temper.seconds * self.random.uniform(0.7, 1.6)
            choice = temper.choose(self.world.margin[lease.item], self._items[lease.item], lease, self.random)
            self.desk.submit(name, lease.id, {"choice": choice})
            given += 1
            waiting.append(name)
        return given
