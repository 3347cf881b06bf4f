"""Mistakes a person can correct: one line with the value, the place and the remedy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial


class Mistake(Exception):
    """Something a person can put right; printed as one line, exit code 2, never a traceback."""

    def __init__(self, what: str, *, where: str, remedy: str) -> None:
        super().__init__(f"{where}: {what}. {remedy}")
        self.what, self.where, self.remedy = what, where, remedy

    def __reduce__(self) -> tuple[Callable[..., Mistake], tuple[object, ...]]:
        return partial(Mistake, where=self.where, remedy=self.remedy), (self.what,)  # from worker to parent


class Mistakes(Mistake):
    """Several mistakes found in one reading (a project file): all of them are shown at once, a line each."""

    def __init__(self, found: list[Mistake]) -> None:
        assert found
        Exception.__init__(self, "\n".join(str(m) for m in found))
        self.found = found
        self.what, self.where, self.remedy = found[0].what, found[0].where, found[0].remedy

    def __reduce__(self) -> tuple[Callable[..., Mistake], tuple[object, ...]]:
        return Mistakes, (self.found,)


class Capped(Exception):
    """A cap in money, hours or tokens was reached; the state is saved and the same command goes on from there."""

    def __init__(self, cap: str, spent: str) -> None:
        super().__init__(f"stopped at the cap: {spent} of {cap} spent; the work so far is saved")
        self.cap, self.spent = cap, spent

    def __reduce__(self) -> tuple[type[Capped], tuple[str, str]]:
        return Capped, (self.cap, self.spent)  # from one machine to another
