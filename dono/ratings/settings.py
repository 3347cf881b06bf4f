"""How a desk works: overlap, leases, quality, pay. The file `desk.yaml`; every field may be left out."""

from __future__ import annotations

from pydantic import Field

from dono.project import Section, SettingsFile


class Pay(Section):
    """What work earns. Both may be given; then both are paid."""

    currency: str = Field(default="INR", pattern=r"^[A-Z]{3}$")
    per_item: float = Field(default=0.0, ge=0)
    per_hour: float = Field(default=0.0, ge=0)
    longest_minutes: float = Field(default=10.0, gt=0)
    """Minutes at one item that are paid at most: somebody went to lunch (assumed)."""


class RaterSettings(Section):
    """One rater: the languages that they read, and the language of their pages."""

    name: str = Field(min_length=1, max_length=80)
    languages: tuple[str, ...] = Field(min_length=1)
    interface: str = "en"


class DeskSettings(SettingsFile):
    """The whole file."""

    title: str = "Ratings"
    guidelines: str = ""
    """What raters are told: plain text."""
    guidelines_version: str = "1"
    items: tuple[str, ...] = ("*.jsonl",)
    """Files of items, relative to the file; `*` matches."""
    raters: tuple[RaterSettings, ...] = ()
    overlap: int = Field(default=3, ge=1)
    """Ratings of each item, by different raters."""
    lease_minutes: float = Field(default=30.0, gt=0)
    gold_every: int = Field(default=10, ge=0)
    """One item in so many is one whose answer is known; 0: none."""
    repeat_every: int = Field(default=20, ge=0)
    """One item in so many is shown again to the same rater, seats swapped; 0: none."""
    floor_seconds: float = Field(default=2.0, ge=0)
    """An answer sooner than this cannot have been read (assumed)."""
    flags_to_withdraw: int = Field(default=2, ge=1)
    """Flags that take an item from the desk until somebody has looked."""
    break_after_flags: int = Field(default=3, ge=1)
    break_after_minutes: float = Field(default=50.0, gt=0)
    narrow: float | None = Field(default=None, gt=0, lt=0.5)
    """Two models are compared no further once their win rate is known to ± this (95 %)."""
    pay: Pay = Pay()
    public_url: str = ""
    """How raters reach the desk where a proxy with TLS stands before it."""
