"""Processes of this machine: what everything runs on where nothing else is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

from dono.runners.outcomes import Outcomes
from dono.runners.processes import alone, by_processes
from dono.runners.tasks import A, Crew, Job, Needs, Note, R, S, T, Tasks, cores


@dataclass(frozen=True)
class Local:
    """One task of a crew at a time, here; lists of tasks by as many processes as are asked for."""

    @property
    def cores(self) -> int:
        """Those that this process may use."""
        return cores()

    def look_at(self, folder: Path) -> None:
        """There is no other machine."""

    def run(self, tasks: Tasks[S, T, R], told: Callable[[int], None], *, workers: int) -> Iterator[tuple[int, R]]:
        """With one worker the tasks are done here, in their order."""
        return alone(tasks, told) if workers == 1 else by_processes(tasks, workers, told)

    @contextmanager
    def crew(self, begin: Callable[[S], Job[T, R]], settings: S, *, needs: Needs, note: Note) -> Iterator[Crew[T, R]]:
        """One task at a time, done when its result is asked for."""
        yield _Here(begin(settings), note)

    def group(self, wanted: int) -> int:
        """One: the machines that a plan is priced for are not here."""
        return 1

    def together(self, work: Callable[[A], None], argument: A, *, processes: int, folder: Path) -> None:
        """The processes are started by torch's launcher, which starts them again when one dies."""
        if processes == 1:
            work(argument)
            return
        outcomes = Outcomes(folder)
        launch = importlib.import_module("dono.runners.launching").launch  # torch is slow to load
        launch(outcomes, work, argument, processes=processes)
        outcomes.raise_what_was_raised()

    def close(self) -> None:
        """Nothing was opened."""


@dataclass
class _Here(Generic[T, R]):
    work: Job[T, R]
    note: Note
    waiting: dict[int, T] = field(default_factory=dict)
    slots: int = 1

    def begin(self, number: int, task: T) -> None:
        assert not self.waiting, "one task at a time"
        self.waiting[number] = task

    def finished(self, wait: float) -> list[tuple[int, R]]:
        found = [(number, self.work(task, self.note)) for number, task in self.waiting.items()]
        self.waiting.clear()
        return found
