"""A full run spread over many processes: they train it together, and one of them goes on to measure it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dono.artifacts import Artifact, Json, Reference, Store, read_artifact
from dono.runners import Job, Needs, Note, once
from dono.stages.oversight import Oversight, budget_cap
from dono.stages.runs import RunSpec, carry_out
from dono.stages.workplace import Workplace
from dono.training.world import World, joined

GROUPS = ".groups"
"""What groups note down, in the work folder."""
TRAINED = ("trunk", "corpus-run", "run")
"""Kinds of directories that all processes make together; others are made by the leader alone."""


class Left(Exception):
    """What one process does for a directory is done."""


class SharedStore(Store):
    """The store as the processes of a group see it: all of them train, the leader writes and seals."""

    def __init__(self, root: Path, world: World) -> None:
        super().__init__(root)
        self.world = world

    def make(
        self,
        kind: str,
        spec: Mapping[str, Json],
        make: Callable[[Path], Mapping[str, Json]],
        *,
        made_from: Sequence[Reference] = (),
        name: str = "",
        keep_partial: bool = False,
    ) -> Artifact:
        """As `Store.make`, in every process; a directory that one of them finds sealed is taken as it is by all."""
        path = self.path(kind, spec)
        (sealed,) = self.world.agreed(read_artifact(path) is not None)
        if self.world.leads or sealed:
            made = super().make(kind, spec, make, made_from=made_from, name=name, keep_partial=keep_partial)
            self.world.together()
            return made
        if kind in TRAINED:
            with suppress(Left):
                make(path)
        self.world.together()
        found = read_artifact(path)
        assert found is not None, f"{path} is not sealed: do all machines see the same folder?"
        return found

    def lead(self) -> None:
        """The others leave off here."""
        if not self.world.leads:
            raise Left

    def leave(self) -> None:
        """All leave off here, the leader too."""
        raise AllLeft


class AllLeft(Exception):
    """The group's work is done; what is left is one process's."""


@dataclass(frozen=True)
class Errand:
    """A full run of a project."""

    place: Workplace
    spec: RunSpec


def training(errand: Errand) -> None:
    """One process's part of a full run: up to the last checkpoint of its last training."""
    with joined() as world:
        place = Workplace(errand.place.project, SharedStore(errand.place.store.root, world), errand.place.display)
        with suppress(AllLeft):
            carry_out(place, errand.spec, Oversight(capped=budget_cap(place)))


def measuring(place: Workplace) -> Job[RunSpec, Artifact]:
    """The function that carries a run out in one process, going on from what a group has trained."""
    return lambda spec, note: carry_out(place, spec, Oversight(note, budget_cap(place)))


def full_run(place: Workplace, spec: RunSpec, note: Note) -> Artifact:
    """The whole run, on as many processes as the runner gives it; what is sealed is not repeated.

    Raises `Capped` where the budget is spent: the same command goes on under a larger one.
    """
    many = place.runner.group(place.project.machine.count)
    if many > 1:
        folder = place.store.root / GROUPS
        folder.mkdir(parents=True, exist_ok=True)
        place.runner.together(training, Errand(place, spec), processes=many, folder=folder)
    needs = Needs(gigabytes=spec.contender.gigabytes(place.project.training.batch))
    return once(place.runner, measuring, place, spec, needs=needs, note=note)
