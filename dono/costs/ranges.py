"""A number with its likely range and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Label = Literal["measured", "extrapolated", "borrowed", "assumed"]

HALF = 1.2816
"""Half an 80 % interval of the normal distribution, in standard deviations."""

_WEAKNESS: dict[Label, int] = {"measured": 0, "extrapolated": 1, "borrowed": 2, "assumed": 3}


@dataclass(frozen=True)
class Range:
    """A value between `lo` and `hi` (about 80 %), how it is known, and its source."""

    lo: float
    mid: float
    hi: float
    label: Label
    source: str

    def __post_init__(self) -> None:
        assert self.lo <= self.mid <= self.hi, f"{self.lo} ≤ {self.mid} ≤ {self.hi} does not hold"

    def times(self, factor: float) -> Range:
        """The range with each end multiplied by a positive number."""
        assert factor >= 0
        return Range(self.lo * factor, self.mid * factor, self.hi * factor, self.label, self.source)

    def under(self, numerator: float) -> Range:
        """`numerator` divided by the range: the ends change places."""
        assert self.lo > 0
        return Range(numerator / self.hi, numerator / self.mid, numerator / self.lo, self.label, self.source)

    def by(self, other: Range) -> Range:
        """The product with another range, low with low and high with high; the weaker label counts."""
        label = weakest(self.label, other.label)
        source = sources(self.source, other.source)
        return Range(self.lo * other.lo, self.mid * other.mid, self.hi * other.hi, label, source)

    def plus(self, other: Range) -> Range:
        """The sum with another range, low with low and high with high; the weaker label counts."""
        label = weakest(self.label, other.label)
        source = sources(self.source, other.source)
        return Range(self.lo + other.lo, self.mid + other.mid, self.hi + other.hi, label, source)


def sources(*named: str) -> str:
    """All sources that are named, each once: one may itself name several."""
    return "; ".join(dict.fromkeys(source for several in named if several for source in several.split("; ")))


def exactly(value: float, label: Label, source: str) -> Range:
    """A range without width."""
    return Range(value, value, value, label, source)


def weakest(*labels: Label) -> Label:
    """What a number is, that was made from numbers with these labels."""
    return max(labels, key=_WEAKNESS.__getitem__)
