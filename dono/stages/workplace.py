"""A project opened for work: its file, its store of artifacts, its display."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from dono.artifacts import Store, alone_in
from dono.corpus.rights import Ledger
from dono.costs import THIS, Exchange, machine_named, price_of
from dono.errors import Mistake
from dono.project import Project, load_project
from dono.stages.display import PROGRESS, Display

RIGHTS = "rights"
"""The folder of the rights ledger within a work folder."""


@dataclass(frozen=True)
class Workplace:
    """What every stage is given."""

    project: Project
    store: Store
    display: Display

    @property
    def ledger(self) -> Ledger:
        """The rights ledger of this work folder."""
        return Ledger(self.store.root / RIGHTS)

    @property
    def price_per_hour(self) -> float:
        """What an hour of all the project's machines costs, in its currency: the person's price, else the table's."""
        choice = self.project.machine
        if choice.price_per_hour is not None:
            return choice.price_per_hour * choice.count
        if choice.gpu == THIS:
            return 0.0
        machine = machine_named(choice.gpu)
        rate, _, _ = Exchange(self.project.currency, self.project.rates).rate(machine.currency)
        return price_of(machine).mid * rate * choice.count

    @property
    def budget_seconds(self) -> float:
        """Seconds of the project's machines that the full run may take, by the tighter of hours and money."""
        budget = self.project.budget
        caps = [] if budget.hours is None else [budget.hours * 3600]
        if budget.money is not None and self.price_per_hour > 0:
            caps.append(budget.money / self.price_per_hour * 3600)
        if not caps:
            remedy = "Add budget.hours, or machine.price_per_hour"
            raise Mistake("a budget in money needs a machine with a price", where="budget.money", remedy=remedy)
        return min(caps)

    @property
    def pilot_seconds(self) -> float:
        """Seconds that the pilots may take on this machine."""
        return self.budget_seconds * self.project.budget.pilot_share

    def alone(self) -> AbstractContextManager[None]:
        """Only one command at a time writes into a work folder. Raises `Mistake` while another one does."""
        return alone_in(self.store.root)

    def money(self, seconds: float) -> float:
        """What so many seconds of the project's machine cost, in the project's currency."""
        return seconds / 3600 * self.price_per_hour


def open_workplace(path: Path, overrides: Sequence[str] = (), display: Display | None = None) -> Workplace:
    """Read the project file at `path` and open its work folder. Raises `Mistake` for what a person can correct."""
    project = load_project(path, overrides)
    place = Workplace(project, Store(project.work_folder), display or Display(beside=project.work_folder / PROGRESS))
    assert place.budget_seconds > 0  # raises where the budget caps nothing
    return place
