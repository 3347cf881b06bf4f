"""What runners are given: pure functions over tasks, known before they begin or chosen while others run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")
A = TypeVar("A")
T_contra = TypeVar("T_contra", contravariant=True)

Tell = Callable[[int], None]
"""Told how far a task is."""
Work = Callable[[T, Tell], R]
Note = Callable[[str], None]
"""Told in words what a task is at; on another machine nobody listens."""
Job = Callable[[T, Note], R]


@dataclass(frozen=True)
class Tasks(Generic[S, T, R]):
    """What is to be done. `begin` makes the function that does a task, anew in each process, from `settings`.

    `begin`, `settings`, tasks and results go from one process to another, so they are picklable. `name` names a task
    for a person. The results are the same whatever runs them, if `begin` is a pure function. A task may be begun again
    where a machine is lost, even while the lost one still writes: what it leaves is put in its place by one rename.
    """

    begin: Callable[[S], Work[T, R]]
    settings: S
    tasks: Sequence[T]
    name: Callable[[T], str]


@dataclass(frozen=True)
class Needs:
    """What one task must find on a machine: processors, GPUs, and gigabytes of memory that are kept for it."""

    processors: float = 1
    gpus: float = 0
    gigabytes: float = 0.0


class Crew(Protocol[T_contra, R]):
    """Workers that are given one task after the other, as they come free."""

    @property
    def slots(self) -> int:
        """How many tasks may run at the same time."""
        ...

    def begin(self, number: int, task: T_contra) -> None:
        """Start a task; `number` is its name from here on."""
        ...

    def finished(self, wait: float) -> list[tuple[int, R]]:
        """Numbers and results of tasks that are done; waits at most so many seconds for one. Raises what one raised."""
        ...


class Runner(Protocol):
    """Where work is done: in this process and others of this machine, or on a cluster."""

    @property
    def cores(self) -> int:
        """How many processors there are."""
        ...

    def look_at(self, folder: Path) -> None:
        """Raises `Mistake` where a machine does not see `folder`, in which all of them read and write."""
        ...

    def run(self, tasks: Tasks[S, T, R], told: Callable[[int], None], *, workers: int) -> Iterator[tuple[int, R]]:
        """Number and result of each task as it is finished, `workers` at a time; `told` gets how far all are in sum.

        Raises what a task raises, `Mistake` where its process was killed.
        """
        ...

    def crew(
        self, begin: Callable[[S], Job[T, R]], settings: S, *, needs: Needs, note: Note
    ) -> AbstractContextManager[Crew[T, R]]:
        """Workers for tasks of one kind. Leaving gives up what still runs. `note` hears what tasks here say.

        Raises `Mistake` where no machine has what a task needs.
        """
        ...

    def group(self, wanted: int) -> int:
        """How many processes train one model, where the project's machines have `wanted` GPUs."""
        ...

    def together(self, work: Callable[[A], None], argument: A, *, processes: int, folder: Path) -> None:
        """`work(argument)` in each of so many processes, which meet as those that `torchrun` started do.

        Where one dies all begin again, a few times: work goes on from what it saved. `folder` keeps what
        the group notes down. Raises the `Mistake` or `Capped` that a process raised, and `Mistake` where they die again
        and again.
        """
        ...

    def close(self) -> None:
        """Leave; a cluster that was started for us ends."""
        ...


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))
