"""Where work is done: here, or on a cluster. Stages are given a runner and do not know which.

Adding one is a file and a row; its contract suite is `tests/contracts/test_runners.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

from dono.runners.joining import join
from dono.runners.local import Local
from dono.runners.tasks import Crew, Job, Needs, Note, R, Runner, S, T, Tasks, Tell, Work

__all__ = ["HERE", "RUNNERS", "Crew", "Job", "Needs", "Note", "Runner", "Tasks", "Tell", "Work", "once", "open_runner"]

HERE = Local()


def _on_ray(address: str) -> Runner:
    ours, module = join(address), importlib.import_module("dono.runners.on_ray")  # which needs Ray
    runner: Runner = module.OnRay(ours, outside=address.startswith("ray://"))
    return runner


RUNNERS: dict[str, Callable[[str], Runner]] = {"local": lambda address: HERE, "ray": _on_ray}
"""By kind the function that opens one at an address."""


def open_runner(address: str | None, folder: Path) -> Runner:
    """The processes of this machine where no address is given, else a Ray cluster whose machines all see `folder`.

    Addresses are `local` (a Ray that is started here, for one command), `auto` (the cluster that this machine is part
    of), `HOST:PORT` and `ray://HOST:PORT`. Raises `Mistake` where it cannot be used.
    """
    runner = RUNNERS["local" if address is None else "ray"](address or "")
    runner.look_at(folder)
    return runner


def once(
    runner: Runner, begin: Callable[[S], Job[T, R]], settings: S, task: T, *, needs: Needs, note: Note | None = None
) -> R:
    """The result of a single task. Raises what it raises."""
    with runner.crew(begin, settings, needs=needs, note=note or (lambda _: None)) as crew:
        crew.begin(0, task)
        while not (found := crew.finished(60.0)):
            pass
    return found[0][1]
