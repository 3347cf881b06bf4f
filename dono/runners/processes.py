"""Tasks shared out among processes: results as they come, progress, and a process that dies named in one line."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from multiprocessing.sharedctypes import RawArray, RawValue
from typing import Any

from dono.errors import Mistake
from dono.runners.tasks import R, S, T, Tasks, Work

NOT_BEGUN, EVERY = -1, 0.2
"""How far a task is that nobody has begun; seconds between two looks at how far all are."""
REMEDY = "Run the same command again: what was finished is kept; with fewer `cleaning.workers` it needs less memory"


class Stopped(Exception):
    """The parent gave up; nobody waits for the result."""


def alone(tasks: Tasks[S, T, R], told: Callable[[int], None]) -> Iterator[tuple[int, R]]:
    """The tasks done here, in their order."""
    work, before, done = tasks.begin(tasks.settings), 0, 0

    def tell(at: int) -> None:
        nonlocal done
        done = max(done, at)
        told(before + done)

    for number, task in enumerate(tasks.tasks):
        try:
            result = work(task, tell)
        except MemoryError as error:
            raise too_large(tasks, [number]) from error
        before, done = before + done, 0
        yield number, result


def by_processes(tasks: Tasks[S, T, R], workers: int, told: Callable[[int], None]) -> Iterator[tuple[int, R]]:
    """The tasks shared out among so many processes of this machine."""
    context = multiprocessing.get_context("spawn")
    done, stop = RawArray("q", [NOT_BEGUN] * len(tasks.tasks)), RawValue("b", 0)
    pool = ProcessPoolExecutor(workers, context, _begin, (tasks.begin, tasks.settings, done, stop))
    unfinished = set(range(len(tasks.tasks)))
    try:
        waiting: dict[Future[Any], int] = {pool.submit(_do, n, task): n for n, task in enumerate(tasks.tasks)}
        while waiting:
            for future in wait(waiting, timeout=EVERY, return_when=FIRST_COMPLETED).done:
                number = waiting.pop(future)
                try:
                    result = future.result()
                except (BrokenProcessPool, MemoryError) as error:
                    begun = [n for n in sorted(unfinished) if done[n] != NOT_BEGUN]
                    raise too_large(tasks, begun) from error
                unfinished.remove(number)
                yield number, result
            told(sum(max(0, at) for at in done))
    finally:
        stop.value = 1
        pool.shutdown(cancel_futures=True)


def too_large(tasks: Tasks[S, T, R], begun: Sequence[int]) -> Mistake:
    """A process was killed while these tasks were under way."""
    where = " or ".join(tasks.name(tasks.tasks[number]) for number in begun)
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
