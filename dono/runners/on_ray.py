"""A Ray cluster: tasks that come back from lost machines, and groups that begin again."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from dono import __version__
from dono.errors import Capped, Mistake
from dono.runners.joining import Head, head_of, understood
from dono.runners.outcomes import Outcomes
from dono.runners.ray_group import run_group
from dono.runners.tasks import A, Crew, Job, Needs, Note, R, S, T, Tasks, Work

RETRIES = 8
"""How often a task is begun again whose process or machine was lost (assumed: enough for a long pilot on machines that
others may take back, and a task that kills every process ends)."""
AHEAD = 2
"""Tasks that are handed out for each worker: the next one need not be waited for."""
EVERY = 0.2
"""Seconds between two looks at what is done."""
GRACE = 15.0
"""Seconds in which a task that is given up may save what it has."""
GIGABYTE = 1e9


@dataclass(frozen=True)
class OnRay:
    """A cluster that was joined; `ours`: it is left in the end. `outside`: this is none of its machines."""

    ours: bool
    outside: bool = False

    @property
    def cores(self) -> int:
        """Processors of all machines."""
        return max(1, int(ray.cluster_resources().get("CPU", 1)))

    def _machines(self) -> list[Mapping[str, Any]]:
        return [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) > 0]

    def look_at(self, folder: Path) -> None:
        """Ask every machine. Raises `Mistake` for one without the folder, or with another Dono."""
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / f".seen-{uuid.uuid4().hex}"
        mark.touch()
        try:
            looks = {}
            for node in self._machines():
                here = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                looks[node["NodeManagerAddress"]] = _options(ray.remote(_look), Needs(0), here).remote(str(mark))
            for machine, look in looks.items():
                with understood(f"machine {machine}"):
                    _agree(machine, folder, ray.get(look))
        finally:
            mark.unlink()

    def run(self, tasks: Tasks[S, T, R], told: Callable[[int], None], *, workers: int) -> Iterator[tuple[int, R]]:
        """A few tasks are handed out for each worker; the others wait here, so that memory stays bounded."""
        left, far = iter(enumerate(tasks.tasks)), 0
        with self._crew(_Shared(tasks.begin, tasks.settings), Needs()) as crew:
            names = {}
            while True:
                slots = crew.slots
                while len(crew.running) < (AHEAD * slots if workers >= slots > 1 else max(1, workers)):
                    number, task = next(left, (-1, None))
                    if number < 0:
                        break
                    names[number] = tasks.name(tasks.tasks[number])
                    crew.begin(number, task)
                if not crew.running:
                    return
                for number, (result, at) in crew.finished(EVERY, names):
                    far += at
                    yield number, result
                told(far)

    @contextmanager
    def crew(self, begin: Callable[[S], Job[T, R]], settings: S, *, needs: Needs, note: Note) -> Iterator[Crew[T, R]]:
        """As many tasks at a time as the machines have room for; what a task says stays where it is."""
        with self._crew(_Silent(begin, settings), self._needs(needs)) as crew:
            yield crew

    @contextmanager
    def _crew(self, kind: _Shared[Any, T, Any] | _Silent[Any, T, Any], needs: Needs) -> Iterator[_OnCluster[T]]:
        room = self._room(needs)
        if not room:
            raise self._no_room(needs)
        with understood("the cluster"):
            crew: _OnCluster[T] = _OnCluster(self, ray.remote(_do), [ray.put(kind)], needs, head_of(self.outside))
        try:
            yield crew
        finally:
            crew.give_up()

    def _needs(self, needs: Needs) -> Needs:
        """A GPU for each task where there are GPUs."""
        gpus = 1.0 if ray.cluster_resources().get("GPU", 0) >= 1 else 0.0
        return Needs(needs.processors, needs.gpus or gpus, needs.gigabytes)

    def _room(self, needs: Needs) -> int:
        """How many such tasks the machines hold at a time."""
        return sum(self._rooms(needs).values())

    def _rooms(self, needs: Needs) -> dict[str, int]:
        """How many such tasks each machine holds, by Ray's name for it; only machines that are there."""
        asked = {"CPU": needs.processors, "GPU": needs.gpus, "memory": needs.gigabytes * GIGABYTE}
        wanted = {name: much for name, much in asked.items() if much > 0}
        return {
            node["NodeID"]: int(min(node["Resources"].get(name, 0.0) / much for name, much in wanted.items()))
            for node in self._machines()
        }

    def _no_room(self, needs: Needs) -> Mistake:
        most = {
            name: max((node["Resources"].get(name, 0.0) for node in self._machines()), default=0.0)
            for name in ("CPU", "GPU", "memory")
        }
        what = (
            f"a task needs {needs.processors:g} processors, {needs.gpus:g} GPUs and {needs.gigabytes:.2f} GB, the most "
            f"that a machine has are {most['CPU']:g}, {most['GPU']:g} and {most['memory'] / GIGABYTE:.2f}"
        )
        remedy = "Add a larger machine, or ask for less: training.batch, scratch, a smaller base"
        return Mistake(what, where="the cluster", remedy=remedy)

    def group(self, wanted: int) -> int:
        """As many as are wanted."""
        return wanted

    def together(self, work: Callable[[A], None], argument: A, *, processes: int, folder: Path) -> None:
        """Actors in one placement group; when one dies all begin again, fewer where machines are gone."""
        needs = self._needs(Needs())
        there = self._room(needs)
        if there < processes:
            kind = "GPUs" if needs.gpus else "processors"
            what = f"{processes} processes are to train together, and there are {there} {kind}"
            raise Mistake(what, where="machine.count", remedy="Lower it, or add machines to the cluster")
        outcomes = Outcomes(folder)
        with understood("the group"):
            run_group(
                outcomes, work, argument, room=self._room, processes=processes, needs=needs,
                head=head_of(self.outside),
            )  # fmt: skip
        outcomes.raise_what_was_raised()

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        if self.ours:
            ray.shutdown()


@dataclass(frozen=True)
class _Shared(Generic[S, T, R]):
    """What each worker process of a list of tasks begins with."""

    begin: Callable[[S], Work[T, R]]
    settings: S

    def begun(self) -> Callable[[T], tuple[R, int]]:
        work = self.begin(self.settings)

        def one(task: T) -> tuple[R, int]:
            far = 0

            def tell(at: int) -> None:
                nonlocal far
                far = max(far, at)

            return work(task, tell), far

        return one


@dataclass(frozen=True)
class _Silent(Generic[S, T, R]):
    """What each worker process of a crew begins with."""

    begin: Callable[[S], Job[T, R]]
    settings: S

    def begun(self) -> Callable[[T], R]:
        job = self.begin(self.settings)
        return lambda task: job(task, lambda _: None)


def _options(function: Any, needs: Needs, strategy: object) -> Any:  # noqa: ANN401
    return function.options(
        num_cpus=needs.processors, num_gpus=needs.gpus, memory=int(needs.gigabytes * GIGABYTE) or None,
        max_retries=RETRIES, scheduling_strategy=strategy,
    )  # fmt: skip


@dataclass(frozen=True)
class _Begun(Generic[T]):
    """A task that runs, and the machine that it was meant for; None: any."""

    number: int
    task: T | None
    machine: str | None


@dataclass
class _OnCluster(Generic[T]):
    """A crew. `package` is where the kind of the tasks lies; `running` are tasks by what Ray gave for them.

    Each task is meant for a machine. Of one that does not answer any more Ray gives up what it was asked only after
    minutes, where nothing was on its way to it (measured: more than five); here its tasks are given to others as soon
    as it is known to be gone.
    """

    runner: OnRay
    function: Any
    package: list[Any]
    needs: Needs
    head: Head
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    running: dict[Any, _Begun[T]] = field(default_factory=dict)

    @property
    def slots(self) -> int:
        return self.runner._room(self.needs)

    def begin(self, number: int, task: T | None) -> None:
        machine = self._least_busy()
        strategy: object = "DEFAULT"
        if machine is not None:
            strategy = NodeAffinitySchedulingStrategy(machine, soft=True, _spill_on_unavailable=True)
        given = _options(self.function, self.needs, strategy).remote(self.key, self.package, task)
        self.running[given] = _Begun(number, task, machine)

    def _least_busy(self) -> str | None:
        busy = Counter(b.machine for b in self.running.values())
        rooms = {name: room for name, room in self.runner._rooms(self.needs).items() if room}
        return min(rooms, key=lambda name: (busy[name] / rooms[name], name), default=None)

    def _begin_lost_again(self) -> None:
        """Give the tasks of machines that are gone to others; what the lost ones still write is put in place once."""
        there = self.runner._rooms(self.needs)
        for ref, begun in list(self.running.items()):
            if begun.machine is not None and begun.machine not in there:
                del self.running[ref]
                ray.cancel(ref, force=True)
                self.begin(begun.number, begun.task)

    def finished(self, wait: float, names: Mapping[int, str] | None = None) -> list[tuple[int, Any]]:
        found = list[tuple[int, Any]]()
        refs = list(self.running)
        with understood("the cluster"):
            some, _ = ray.wait(refs, num_returns=1, timeout=wait)
        if not some:
            self.head.check()
            with understood("the cluster"):
                self._begin_lost_again()
        ready = ray.wait(refs, num_returns=len(refs), timeout=0)[0] if some else []
        for ref in ready:
            number = self.running.pop(ref).number
            with understood((names or {}).get(number, "a task")):
                result = ray.get(ref)
            if isinstance(result, _Raised):
                raise result.error
            found.append((number, result))
        return found

    def give_up(self) -> None:
        """Ask what still runs to save and stop, then stop it."""
        refs = list(self.running)
        if not refs or not ray.is_initialized() or self.head.gone:
            return
        for ref in refs:
            ray.cancel(ref)
        _, left = ray.wait(refs, num_returns=len(refs), timeout=GRACE)
        for ref in left:
            ray.cancel(ref, force=True)


@dataclass(frozen=True)
class _Raised:
    """What a person can correct, raised by a task: it is no failure of the machine, and not tried again."""

    error: Exception


_kept: dict[str, Callable[[Any], Any]] = {}


def _do(key: str, package: Sequence[Any], task: object) -> object:
    """One task in a worker process, which keeps what the tasks of a crew begin with."""
    try:
        if key not in _kept:
            _kept.clear()
            _kept[key] = ray.get(package[0]).begun()
        return _kept[key](task)
    except (Mistake, Capped) as error:
        return _Raised(error)


def _look(mark: str) -> tuple[bool, str]:
    return Path(mark).exists(), __version__


def _agree(machine: str, folder: Path, found: tuple[bool, str]) -> None:
    sees, version = found
    if version != __version__:
        remedy = "Install the same version on all machines"
        raise Mistake(f"it has Dono {version}, and this is {__version__}", where=f"machine {machine}", remedy=remedy)
    if not sees:
        remedy = "Put the project on a file system that all machines mount at the same path"
        raise Mistake(f"it does not see the work folder {folder}", where=f"machine {machine}", remedy=remedy)
