"""The cost of one fixed capability over the years: is it cheaper to train now, or to wait?

Two forces lower it: a FLOP gets cheaper, and fewer FLOPs are needed for the same loss. Both are other people's
measurements; what they imply together is compared with what a fixed capability was seen to cost (`CLAIMS`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dono.costs.ranges import HALF, Range

HALVING_MONTHS = Range(
    5.0, 8.0, 14.0, "borrowed", "Epoch AI: compute for a fixed language-model loss halves every 8 months, 95 % CI 5–14 "
    "(Ho et al. 2024, arXiv 2403.05812)",
)  # fmt: skip
"""Its ends are a 95 % interval; everything else here is about 80 %."""
CHEAPER_A_YEAR = Range(
    0.0, 0.25, 0.35, "borrowed", "FLOP per dollar doubles every 2.1 to 2.5 years (Hobbhahn & Besiroglu 2022), about "
    "30 % cheaper a year (Epoch AI); rental prices are not monotone: H100 1.70 USD in October 2025, 2.35 in March 2026",
)  # fmt: skip
"""By how much the price of a FLOP falls in a year."""
RENTS = ((2023.5, 9.5), (2025.8, 1.70), (2026.2, 2.35))
"""USD an hour of an H100 by year: 7 to 12 in 2023, about 1.70 in October 2025, 2.35 in March 2026 (SemiAnalysis as
cited by others; contracts of a year)."""
SWING, SWING_YEARS = math.log(2.35 / 1.70), 5 / 12
"""That rise in natural logs, and how long it took: taken for the end of an 80 % interval around the trend, growing with
the square root of time as a random walk does (assumed)."""
EXPERT = HALF / 1.96
"""From a 95 % interval to an 80 % one, in logarithms."""


@dataclass(frozen=True)
class Claim:
    """What somebody said of the fall of such a cost: a share lost in a year, seen from the year `since` on."""

    who: str
    fall: float
    since: int
    source: str


CLAIMS = (
    Claim("ARK 2023", 0.69, 2020, "GPT-3 level: 4.6 M USD in 2020, 450 k in 2022 (ark-invest.com/big-ideas-2023)"),
    Claim("ARK 2024", 0.75, 2020, "53 % hardware and 47 % algorithms (Big Ideas 2024)"),
    Claim(
        "nanochat",
        0.62,
        2019,
        "GPT-2 grade: 43,000 USD in 2019, 48 in 2026 (its README): the only one that was realised",
    ),
)


def yearly_factor() -> Range:
    """What a fixed capability costs in a year, as a share of what it costs now; both forces together.

    The logarithms of the two forces add, their spreads as if they were independent (assumed).
    """
    algorithms = [-12 / months * math.log(2) for months in (HALVING_MONTHS.lo, HALVING_MONTHS.mid, HALVING_MONTHS.hi)]
    hardware = [math.log1p(-fall) for fall in (CHEAPER_A_YEAR.hi, CHEAPER_A_YEAR.mid, CHEAPER_A_YEAR.lo)]
    mid = algorithms[1] + hardware[1]
    down = math.hypot((algorithms[1] - algorithms[0]) * EXPERT, hardware[1] - hardware[0])
    up = math.hypot((algorithms[2] - algorithms[1]) * EXPERT, hardware[2] - hardware[1])
    source = f"{HALVING_MONTHS.source}; {CHEAPER_A_YEAR.source}"
    return Range(math.exp(mid - down), math.exp(mid), math.exp(mid + up), "borrowed", source)


def cost_in(years: float, cost: float) -> Range:
    """What the same capability will cost in `years` (negative: cost in the past); the spread grows with time.

    The trend may be off by its own spread each year, and the price that is paid on the day by its swings: the two
    spreads are taken as independent.
    """
    factor = yearly_factor()
    middle = years * math.log(factor.mid)
    ends = sorted(years * math.log(part) - middle for part in (factor.lo, factor.hi))
    swing = SWING * math.sqrt(abs(years) / SWING_YEARS)
    lo, hi = -math.hypot(ends[0], swing), math.hypot(ends[1], swing)
    source = f"{factor.source}; around it rental prices swing by ±{math.expm1(SWING):.0%} in five months"
    return Range(
        cost * math.exp(middle + lo), cost * math.exp(middle), cost * math.exp(middle + hi), factor.label, source
    )


@dataclass(frozen=True)
class Waiting:
    """Waiting `months` with training: what it `saves`, and what it costs to go without the model (`forgone`)."""

    months: float
    saves: Range
    forgone: float

    @property
    def wrong_from(self) -> Range:
        """What the model must be worth a month for this waiting to be wrong, at least 0."""
        lo, mid, hi = (max(0.0, end) / self.months for end in (self.saves.lo, self.saves.mid, self.saves.hi))
        return Range(lo, mid, hi, self.saves.label, self.saves.source)

    @property
    def pays(self) -> bool | None:
        """Whether waiting pays; None where the interval holds both answers."""
        if self.saves.lo > self.forgone:
            return True
        return False if self.saves.hi < self.forgone else None


def waiting(cost: float, worth_per_month: float, months: float) -> Waiting:
    """Train now at `cost`, or in `months` at the trend's price, while having the model is worth `worth_per_month`."""
    later = cost_in(months / 12, cost)
    saves = Range(cost - later.hi, cost - later.mid, cost - later.lo, later.label, later.source)
    return Waiting(months, saves, worth_per_month * months)


def longest_wait(cost: float, worth_per_month: float) -> float:
    """Months of waiting with the most gain by the trend's middle: 0 where a model is worth more than its price falls.

    The saving cost · (1 − f^t) grows by −cost · ln f · f^t a year; waiting stops where that falls to the worth.
    """
    fall = -math.log(yearly_factor().mid)
    yearly = worth_per_month * 12
    if cost <= 0 or yearly >= cost * fall:
        return 0.0
    return 12 * math.log(cost * fall / yearly) / fall if yearly > 0 else math.inf
