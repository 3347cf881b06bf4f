"""The sample's world: states, windows, what is bought when (the truth), and the orders drawn from it."""

from __future__ import annotations

import csv
import datetime as dt
import random
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

HERE = Path(__file__).parent
NO_WINDOW = "none"
HELD_OUT_OF = 4  # one pair of item and city in four is kept for tests: assumed
ORDERS_PER_CUSTOMER = 3  # assumed


def held_out_pair(item: str, city: str) -> bool:
    """Whether this item and this city may meet in the tasks' test files only (a hash decides: stable everywhere)."""
    return zlib.crc32(f"{item}/{city}".encode()) % HELD_OUT_OF == 0


def weighted(weights: Mapping[str, float], rng: random.Random) -> str:
    """One key, drawn by weight."""
    return rng.choices(list(weights), weights=list(weights.values()))[0]


class Closed(BaseModel):
    """Frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Category(Closed):
    """Items of a category and its price range in rupees."""

    items: tuple[str, ...]
    price: tuple[int, int]


class Window(Closed):
    """First and last day ("MM-DD") and the rate of orders per day relative to an ordinary day."""

    days: tuple[str, str]
    rate: float


class State(Closed):
    """A state: its share of orders, its windows, its own base weights and factors."""

    weight: float
    windows: tuple[str, ...]
    base: dict[str, float] = Field(default_factory=dict)
    factors: dict[str, dict[str, float]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Lift:
    """The truth of one cell: P(category | state, window) and P(category | state)."""

    state: str
    window: str
    category: str
    probability: float
    base_probability: float

    @property
    def lift(self) -> float:
        """P(category | state, window) / P(category | state)."""
        return self.probability / self.base_probability


@dataclass(frozen=True)
class Order:
    """One located, timed order; `amount` in rupees."""

    customer: str
    ordered_at: dt.datetime
    state: str
    window: str
    category: str
    item: str
    amount: int


class World(Closed):
    """Everything true about the bazaar (`world.yaml`)."""

    year: int
    categories: dict[str, Category]
    base: dict[str, float]
    item_weights: dict[str, float]
    windows: dict[str, Window]
    seasons: tuple[str, ...]
    factors: dict[str, dict[str, float]]
    item_factors: dict[str, dict[str, float]]
    states: dict[str, State]
    state_item_factors: dict[str, dict[str, dict[str, float]]]
    corpus_bytes: dict[str, int]

    def span(self, window: str) -> tuple[dt.date, dt.date]:
        """First and last day of a window."""
        first, last = (dt.date.fromisoformat(f"{self.year}-{day}") for day in self.windows[window].days)
        return first, last

    @cached_property
    def free_days(self) -> dict[str, list[dt.date]]:
        """For each state, the days of the year that lie in none of its windows."""
        year = [dt.date(self.year, 1, 1) + dt.timedelta(days=day) for day in range(365)]
        spans = {name: [self.span(window) for window in state.windows] for name, state in self.states.items()}
        return {name: [day for day in year if not any(a <= day <= b for a, b in spans[name])] for name in self.states}

    @cached_property
    def window_shares(self) -> dict[str, dict[str, float]]:
        """P(window | state): days times the rate of orders per day, normalised; `none` is the rest of the year."""
        shares = {}
        for name, state in self.states.items():
            raw = {NO_WINDOW: float(len(self.free_days[name]))}
            for window in state.windows:
                first, last = self.span(window)
                raw[window] = ((last - first).days + 1) * self.windows[window].rate
            total = sum(raw.values())
            shares[name] = {window: weight / total for window, weight in raw.items()}
        return shares

    @cached_property
    def category_shares(self) -> dict[tuple[str, str], dict[str, float]]:
        """P(category | state, window)."""
        shares = {}
        for name, state in self.states.items():
            base = {**self.base, **state.base}
            for window in (NO_WINDOW, *state.windows):
                factors = {**self.factors.get(window, {}), **state.factors.get(window, {})}
                raw = {category: base[category] * factors.get(category, 1.0) for category in self.categories}
                total = sum(raw.values())
                shares[name, window] = {category: weight / total for category, weight in raw.items()}
        return shares

    def item_weights_in(self, state: str, window: str, category: str) -> dict[str, float]:
        """Weights of the items of a category inside a window."""
        own = self.state_item_factors.get(state, {}).get(window, {})
        general = self.item_factors.get(window, {})
        return {
            item: self.item_weights.get(item, 1.0) * general.get(item, 1.0) * own.get(item, 1.0)
            for item in self.categories[category].items
        }

    def lifts(self) -> list[Lift]:
        """The exact truth for every state, each of its windows (and `none`) and every category."""
        rows = []
        for state, shares in self.window_shares.items():
            for window in shares:
                for category, probability in self.category_shares[state, window].items():
                    base = sum(share * self.category_shares[state, other][category] for other, share in shares.items())
                    rows.append(Lift(state, window, category, probability, base))
        return rows

    def draw_item(self, state: str, window: str, rng: random.Random) -> tuple[str, str]:
        """A category and one of its items."""
        category = weighted(self.category_shares[state, window], rng)
        return category, weighted(self.item_weights_in(state, window, category), rng)

    def draw_price(self, category: str, rng: random.Random) -> int:
        """Rupees ending in 9, spread evenly on a log scale over the category's range."""
        low, high = self.categories[category].price
        return int(low * (high / low) ** rng.random()) // 10 * 10 + 9

    def draw_day(self, state: str, window: str, rng: random.Random) -> dt.date:
        """A day inside the window (for `none`: inside no window of the state)."""
        if window == NO_WINDOW:
            return rng.choice(self.free_days[state])
        first, last = self.span(window)
        return first + dt.timedelta(days=rng.randint(0, (last - first).days))


def load_world() -> World:
    """Read `world.yaml`."""
    return World.model_validate(yaml.safe_load((HERE / "world.yaml").read_text(encoding="utf8")))


def draw_order(world: World, rng: random.Random, *, customers: int) -> Order:
    """One order; each state has its own `customers` customers."""
    state = weighted({name: place.weight for name, place in world.states.items()}, rng)
    window = weighted(world.window_shares[state], rng)
    category, item = world.draw_item(state, window, rng)
    moment = dt.datetime.combine(world.draw_day(state, window, rng), dt.time(rng.randint(7, 22), rng.randint(0, 59)))
    customer = f"{list(world.states).index(state) + 1:02d}-{rng.randrange(customers):05d}"
    return Order(customer, moment, state, window, category, item, world.draw_price(category, rng))


def draw_orders(world: World, count: int, rng: random.Random) -> list[Order]:
    """`count` orders, oldest first."""
    customers = max(10, count // ORDERS_PER_CUSTOMER // len(world.states))
    drawn = [draw_order(world, rng, customers=customers) for _ in range(count)]
    return sorted(drawn, key=lambda order: (order.ordered_at, order.customer, order.item, order.amount))


def write_orders(path: Path, orders: Sequence[Order]) -> None:
    """One row per order, oldest first."""
    with path.open("w", encoding="utf8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["customer_id", "ordered_at", "state", "festival_window", "category", "item", "amount"])
        for order in orders:
            when = order.ordered_at.isoformat(timespec="minutes")
            rows.writerow([order.customer, when, order.state, order.window, order.category, order.item, order.amount])


def write_lifts(path: Path, lifts: Sequence[Lift]) -> None:
    """The truth as a table."""
    with path.open("w", encoding="utf8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["state", "festival_window", "category", "probability", "base_probability", "lift"])
        for row in lifts:
            numbers = (f"{number:.6f}" for number in (row.probability, row.base_probability, row.lift))
            rows.writerow([row.state, row.window, row.category, *numbers])
