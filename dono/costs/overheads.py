"""What is paid beside the machine hours of a run: people at work, raters, storage, runs that fail. A dated table.

A person replaces any row under `overheads` of the project file.
"""

from __future__ import annotations

from dataclasses import dataclass

from dono.costs.money import Exchange
from dono.costs.ranges import Range, exactly
from dono.errors import Mistake
from dono.project import Overheads, RouteName

WAGES_READ = "2026-11"
"""When the sources of the wages were read."""
ENGINEER: dict[str, Range] = {
    "INR": Range(
        500, 1000, 2200, "borrowed", "an hour in India: ₹7 to 39 lakh a year (Glassdoor and others in Coursera 2023, "
        f"upGrad 2025; read {WAGES_READ}) over 1,840 hours, and a fifth on top for the place of work",
    ),
    "USD": Range(
        54, 77, 120, "borrowed", "an hour in the USA: data scientists' median of 112,590 USD a year, May 2024 (Bureau "
        f"of Labor Statistics, read {WAGES_READ}) over 2,080 hours, times 1.42 for what an employer pays beside wages",
    ),
}  # fmt: skip
RATER: dict[str, Range] = {
    "INR": Range(100, 180, 350, "assumed", "an hour in India, of a trained annotator"),
    "USD": Range(12, 20, 40, "assumed", "an hour in the USA, of a trained annotator"),
}
"""By the currency that they are paid in; any other currency takes the row in dollars at the project's rate."""
IN_SERVICE = "engineer hours from data at hand to a model in service"
HOURS: dict[RouteName, Range] = {
    "prompt": Range(4, 12, 30, "assumed", IN_SERVICE),
    "hosted": Range(4, 12, 30, "assumed", IN_SERVICE),
    "predictive": Range(8, 20, 50, "assumed", IN_SERVICE),
    "finetune": Range(16, 40, 100, "assumed", IN_SERVICE),
    "continue": Range(40, 100, 250, "assumed", IN_SERVICE),
    "scratch": Range(60, 160, 400, "assumed", IN_SERVICE),
}
RATINGS = Range(
    200, 400, 1000, "assumed", "ratings of a use case that writes answers: 200 answers read by two people each"
)
MINUTES = Range(1.0, 2.0, 5.0, "assumed", "minutes a rating")
FAILED_RUNS = Range(
    0.0, 0.10, 0.30, "assumed", "runs that fail, over the one that succeeds; Llama 3 405B lost less than a tenth of "
    "its time (arXiv 2407.21783, 3.3.4), a first run of a small team more",
)  # fmt: skip
STORE_PER_GIGABYTE_MONTH = Range(0.01, 0.023, 0.05, "borrowed", "object storage, list prices of large clouds, USD")
SAID = "overheads of the project file"


@dataclass(frozen=True)
class OverheadPrices:
    """The table with a person's own rows in it. All money in one currency."""

    engineer: Range
    rater: Range
    storage: Range
    failed: Range
    minutes: Range
    ratings: Range
    own_hours: dict[RouteName, float]

    def hours(self, route: RouteName) -> Range:
        """Engineer hours of a route."""
        if route in self.own_hours:
            return exactly(self.own_hours[route], "assumed", f"{SAID}: engineer hours")
        return HOURS[route]

    def engineers(self, hours: Range) -> Range:
        """What so many hours of engineers cost."""
        return hours.by(self.engineer)

    def raters(self) -> Range:
        """What the ratings of one use case cost."""
        return self.ratings.by(self.minutes).times(1 / 60).by(self.rater)

    def stored(self, gigabytes: float, months: float) -> Range:
        """What so many gigabytes cost for so long."""
        return self.storage.times(gigabytes * months)


def overhead_prices(own: Overheads, exchange: Exchange) -> OverheadPrices:
    """The table in the exchange's currency. Raises `Mistake` where a row needs a rate that nobody gave."""

    def wage(given: float | None, key: str, table: dict[str, Range]) -> Range:
        if given is not None:
            return exactly(given, "assumed", f"{SAID}: {key}")
        if exchange.currency in table:
            return table[exchange.currency]
        return _converted(table["USD"], exchange, key)

    def share(given: float | None, key: str, row: Range) -> Range:
        return row if given is None else exactly(given, "assumed", f"{SAID}: {key}")

    key = "storage_per_gigabyte_month"
    if own.storage_per_gigabyte_month is None:
        storage = _converted(STORE_PER_GIGABYTE_MONTH, exchange, key)
    else:
        storage = exactly(own.storage_per_gigabyte_month, "assumed", f"{SAID}: {key}")
    return OverheadPrices(
        engineer=wage(own.engineer_per_hour, "engineer_per_hour", ENGINEER),
        rater=wage(own.rater_per_hour, "rater_per_hour", RATER),
        storage=storage,
        failed=share(own.failed_runs, "failed_runs", FAILED_RUNS),
        minutes=share(own.minutes_per_rating, "minutes_per_rating", MINUTES),
        ratings=share(own.ratings, "ratings", RATINGS),
        own_hours=dict(own.engineer_hours),
    )


def _converted(row: Range, exchange: Exchange, key: str) -> Range:
    try:
        return exchange.into(row, "USD")
    except Mistake as mistake:
        remedy = f"{mistake.remedy}, or give overheads.{key} in {exchange.currency}"
        raise Mistake(mistake.what, where=mistake.where, remedy=remedy) from mistake
