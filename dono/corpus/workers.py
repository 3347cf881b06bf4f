"""Tasks shared out among processes: results as they come, progress, and a process that dies named in one line."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from multiprocessing.sharedctypes import RawArray, RawValue
from typing import Any, Generic, TypeVar

from dono.errors import Mistake

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")
Tell = Callable[[int], None]
"""Told how far a task is."""
Work = Callable[[T, Tell], R]

NOT_BEGUN, EVERY = -1, 0.2
"""How far a task is that nobody has begun; seconds between two looks at how far all are."""
REMEDY = "Run the same command again: what was finished is kept; with fewer `cleaning.workers` it needs less memory"


class Stopped(Exception):
    """The parent gave up; nobody waits for the result."""


@dataclass(frozen=True)
class Tasks(Generic[S, T, R]):
    """What is to be done. `begin` makes the function that does a task, anew in each process, from `settings`.

    `begin`, `settings`, tasks and results go from one process to another, so they are picklable. `name` names a task
    for a person. The results are the same whatever the number of processes, if `begin` is a pure function.
    """

    begin: Callable[[S], Work[T, R]]
    settings: S
    tasks: Sequence[T]
    name: Callable[[T], str]

    def run(self, workers: int, told: Callable[[int], None]) -> Iterator[tuple[int, R]]:
        """Number and result of each task as it is finished; `told` gets how far all tasks are in sum.

        With one worker the tasks are done here, in their order. Raises what a task raises, `Mistake` where a process
        was killed.
        """
        return self._alone(told) if workers == 1 else self._together(workers, told)

    def _alone(self, told: Callable[[int], None]) -> Iterator[tuple[int, R]]:
        work, before, done = self.begin(self.settings), 0, 0

        def tell(at: int) -> None:
            nonlocal done
            done = max(done, at)
            told(before + done)

        for number, task in enumerate(self.tasks):
            try:
                result = work(task, tell)
            except MemoryError as error:
                raise self._too_large([number]) from error
            before, done = before + done, 0
            yield number, result

    def _together(self, workers: int, told: Callable[[int], None]) -> Iterator[tuple[int, R]]:
        context = multiprocessing.get_context("spawn")
        done, stop = RawArray("q", [NOT_BEGUN] * len(self.tasks)), RawValue("b", 0)
        pool = ProcessPoolExecutor(workers, context, _begin, (self.begin, self.settings, done, stop))
        unfinished = set(range(len(self.tasks)))
        try:
            waiting: dict[Future[Any], int] = {pool.submit(_do, n, task): n for n, task in enumerate(self.tasks)}
            while waiting:
                for future in wait(waiting, timeout=EVERY, return_when=FIRST_COMPLETED).done:
                    number = waiting.pop(future)
                    try:
                        result = future.result()
                    except (BrokenProcessPool, MemoryError) as error:
                        raise self._too_large([n for n in sorted(unfinished) if done[n] != NOT_BEGUN]) from error
                    unfinished.remove(number)
                    yield number, result
                told(sum(max(0, at) for at in done))
        finally:
            stop.value = 1
            pool.shutdown(cancel_futures=True)

    def _too_large(self, begun: Sequence[int]) -> Mistake:
        where = " or ".join(self.name(self.tasks[number]) for number in begun)
        what = "a worker was killed, or its memory did not suffice"
        return Mistake(what, where=where or "starting the workers", remedy=REMEDY)


_work: Work[Any, Any]
_done: Any
_stop: Any


def _begin(begin: Callable[[S], Work[T, R]], settings: S, done: object, stop: object) -> None:
    """Make this process a worker. One whose parent was killed ends, as nobody could end it later."""
    global _work, _done, _stop  # what a process pool gives a worker can only be kept so
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and says when to stop
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _work, _done, _stop = begin(settings), done, stop


def _end_with(parent: int) -> None:
    wait_for([parent])
    os._exit(1)


def _do(number: int, task: object) -> object:
    def tell(at: int) -> None:
        if _stop.value:
            raise Stopped
        _done[number] = max(at, _done[number])

    tell(0)
    return _work(task, tell)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))
