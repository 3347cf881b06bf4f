"""Oversight: what a run is told to say while it works, and when it must stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dono.costs import Meter
from dono.stages.workplace import Workplace
from dono.training import Logbook, Progress, sentence


def _silent(note: str) -> None:
    pass


def _endless(seconds: float) -> str | None:
    return None


@dataclass(frozen=True)
class Oversight:
    """`show` is told what the run at hand is doing; `capped` names the cap that so many seconds reach, or None.

    Seconds are those of the run with all that it was made from, so that a run in several parts meets the cap once.
    """

    show: Callable[[str], None] = _silent
    capped: Callable[[float], str | None] = _endless

    def watching(self, title: str, book: Logbook) -> Callable[[Progress], None]:
        """What the training loop calls after each step: the step is written down, and said."""

        def show(progress: Progress) -> None:
            row = book.write(progress)
            self.show(f"{title} step {progress.step}/{progress.stop}: {sentence(row, book.scale)}")

        return show

    def after(self, seconds: float) -> Callable[[float], str | None]:
        """The cap as seen by a loop before which `seconds` were spent."""
        return lambda own: self.capped(seconds + own)


def budget_cap(place: Workplace) -> Callable[[float], str | None]:
    """The project's budget as a cap: names money or hours once so many seconds have used them up."""
    budget = place.project.budget

    def reached(seconds: float) -> str | None:
        meter = Meter(
            place.price_per_hour, currency=place.project.currency, cap_money=budget.money, cap_hours=budget.hours,
            seconds=seconds,
        )  # fmt: skip
        return meter.reached()

    return reached
