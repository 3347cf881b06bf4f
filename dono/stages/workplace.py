"""A project opened for work: its file, its store of artifacts, its display."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from dono.artifacts import Store, alone_in
from dono.corpus.rights import Ledger
from dono.costs import THIS, Exchange, machine_named, price_of
from dono.errors import Mistake
from dono.project import Project, load_project
from dono.runners import HERE, Runner, open_runner
from dono.stages.display import PROGRESS, Display

RIGHTS = "rights"
"""The folder of the rights ledger within a work folder."""


@dataclass(frozen=True)
class Workplace:
    """What every stage is given."""

    project: Project
    store: Store
    display: Display
    runner: Runner = HERE

    def __reduce__(self) -> tuple[Callable[..., Workplace], tuple[Project, Path]]:
        return _elsewhere, (self.project, self.store.root)

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

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Only one command at a time writes into a work folder; in the end its runner is left.

        Raises `Mistake` while another one does.
        """
        try:
            with alone_in(self.store.root):
                yield
        finally:
            self.runner.close()

    def money(self, seconds: float) -> float:
        """What so many seconds of the project's machine cost, in the project's currency."""
        return seconds / 3600 * self.price_per_hour


def _elsewhere(project: Project, root: Path) -> Workplace:
    """A workplace as it comes to another process: nobody looks at its display, and its work is done there."""
    return Workplace(project, Store(root), Display(Console(quiet=True)))


def open_workplace(
    path: Path, overrides: Sequence[str] = (), display: Display | None = None, *, on: str | None = None
) -> Workplace:
    """Read the project file at `path` and open its work folder. Raises `Mistake` for what a person can correct.

    `on` is the address of a cluster to work on, else the project's own (`machine.ray`), if there is one.
    """
    project = load_project(path, overrides)
    address = on or project.machine.ray
    if address is not None:  # other machines and processes stand in other folders
        project = project.model_copy(update={"folder": project.folder.resolve()})
    place = Workplace(project, Store(project.work_folder), display or Display(beside=project.work_folder / PROGRESS))
    assert place.budget_seconds > 0  # raises where the budget caps nothing
    return replace(place, runner=open_runner(address, place.store.root))
