"""Rungs that run at a time: which may, which wait, and what the time allows; then on a real cluster, with a kill."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from dono.artifacts import Artifact
from dono.decisions.information import Rung
from dono.runners import HERE, Needs, Note
from dono.stages.contenders import Contender
from dono.stages.decide import decide
from dono.stages.piloting import run_pilots
from dono.stages.pilots import Pilots, Planned
from dono.stages.prepare import Prepared
from dono.stages.rungs import Claim, Order, Overtaken, Ran
from dono.stages.workplace import Workplace, open_workplace
from tests.rooms.stages.processes import children

ARMS = ("finetune/lora", "scratch/own", "continue/kept")


@dataclass
class Slots:
    """A runner of so many workers, on which every rung takes a second; the last begun is done first."""

    slots: int
    begun: list[Rung] = field(default_factory=list)
    together: list[set[Rung]] = field(default_factory=list)
    under_way: dict[int, Order] = field(default_factory=dict)
    capped: tuple[Rung, ...] = ()

    @contextmanager
    def crew(self, begin: object, settings: object, *, needs: Needs, note: Note) -> Iterator[Slots]:
        yield self

    def begin(self, number: int, task: Order) -> None:
        assert len(self.under_way) < self.slots
        self.under_way[number] = task
        self.begun.append(task.rung)
        self.together.append({o.rung for o in self.under_way.values()})

    def finished(self, wait: float) -> list[tuple[int, Ran]]:
        number, order = self.under_way.popitem()
        if order.rung in self.capped:
            return [(number, Ran((), 1.0, capped=True))]
        run = Artifact("run", str(order.rung), "", Path(), {}, (), {"own_seconds": 1.0, "failed": None}, {})
        return [(number, Ran((("intent", run),), 1.0, capped=False))]


@pytest.fixture
def three(who: dict[str, Contender]) -> list[Contender]:
    return [who[name] for name in ARMS]


def piloted(
    place: Workplace, prepared: Prepared, who: Sequence[Contender], slots: Slots, *,
    share: float = 60.0, more: Callable[[Pilots], Sequence[Rung]] = lambda _: [], chosen: Sequence[Rung] = (),
) -> Pilots:  # fmt: skip
    """Two rungs of each arm, in `share` seconds; each is planned to take a second."""
    hours = share / 3600 / place.project.budget.pilot_share
    project = place.project.model_copy(
        update={"budget": place.project.budget.model_copy(update={"hours": hours}), "routes": ("finetune",)}
    )
    runner: Any = slots  # of a runner it has what pilots need
    site = replace(place, project=project, runner=runner)
    case = next(c for c in prepared.cases if c.use_case.name == "intent")
    return run_pilots(
        site,
        replace(prepared, cases=(case,)),
        who,
        Planned({}, {c.name: (0.1, 0.2) for c in who}, 0.0),
        more,
        chosen=chosen,
    )


def test_as_many_rungs_run_as_there_are_workers_but_one_of_an_arm_and_seed(
    place: Workplace, prepared: Prepared, three: list[Contender]
) -> None:
    slots = Slots(4)
    pilots = piloted(place, prepared, three, slots)
    assert set(slots.begun) == {(name, scale, 0) for name in ARMS for scale in (0.1, 0.2)}
    assert all(slots.begun.index((name, 0.1, 0)) < slots.begun.index((name, 0.2, 0)) for name in ARMS)
    assert max(len(some) for some in slots.together) == 3
    assert all(len({(arm, seed) for arm, _, seed in some}) == len(some) for some in slots.together)
    assert not pilots.running and pilots.seconds == 6.0 and pilots.stopped is None


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_runs_and_what_they_took_are_the_same_whatever_the_number_of_workers(
    place: Workplace, prepared: Prepared, three: list[Contender], workers: int
) -> None:
    wanted = [[(ARMS[0], 0.4, 0)], [(ARMS[1], 0.2, 1)], [(ARMS[1], 0.4, 0)]]
    slots = Slots(workers)
    pilots = piloted(place, prepared, three, slots, more=lambda _: wanted.pop(0) if wanted else [])
    alone = [(name, scale, 0) for scale in (0.1, 0.2) for name in sorted(ARMS)]
    alone += [(ARMS[0], 0.4, 0), (ARMS[1], 0.2, 1), (ARMS[1], 0.4, 0)]
    assert set(slots.begun) == set(alone) and len(slots.begun) == len(alone)
    assert workers > 1 or slots.begun == alone
    assert {(n, s, k) for n, _, s, k in pilots.runs} == set(alone) and pilots.seconds == len(alone)


def test_what_is_worth_most_is_begun_whenever_a_worker_is_free_and_what_runs_is_known(
    place: Workplace, prepared: Prepared, three: list[Contender]
) -> None:
    wanted, seen = [[(ARMS[0], 0.4, 0)], [(ARMS[1], 0.4, 0)], [(ARMS[0], 0.8, 0)]], []

    def more(pilots: Pilots) -> Sequence[Rung]:
        seen.append(set(pilots.running))
        return wanted.pop(0) if wanted else []

    slots = Slots(2)
    piloted(place, prepared, three, slots, more=more)
    assert seen[0] == set() and seen[1] == {(ARMS[0], 0.4, 0)}
    assert slots.begun[6:] == [(ARMS[0], 0.4, 0), (ARMS[1], 0.4, 0), (ARMS[0], 0.8, 0)]


def test_a_rung_is_left_out_only_once_what_runs_has_shown_what_it_takes(
    place: Workplace, prepared: Prepared, three: list[Contender], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is expected to take four seconds and takes one: all six fit in ten, though never three at a time."""
    monkeypatch.setattr(Pilots, "expected", lambda self, name, planned: 4.0)
    slots = Slots(3)
    pilots = piloted(place, prepared, three, slots, share=10.0)
    assert len(slots.begun) == 6 and pilots.stopped is None
    assert max(len(some) for some in slots.together) == 2
    slots = Slots(3)
    pilots = piloted(place, prepared, three, slots, share=7.5)
    assert len(slots.begun) == 4 and len(pilots.left_out) == 2 and pilots.seconds <= 7.5


def test_a_cap_that_is_reached_ends_the_asking_but_not_what_runs(
    place: Workplace, prepared: Prepared, three: list[Contender]
) -> None:
    wanted = [[(ARMS[0], 0.4, 0)], [(ARMS[1], 0.4, 0)], [(ARMS[2], 0.4, 0)]]
    slots = Slots(2, capped=((ARMS[1], 0.4, 0),))
    pilots = piloted(place, prepared, three, slots, more=lambda _: wanted.pop(0))
    assert slots.begun[6:] == [(ARMS[0], 0.4, 0), (ARMS[1], 0.4, 0)]
    assert pilots.left_out == [f"{ARMS[1]} at 40\u00a0%"] and pilots.unfinished == 1.0 and not pilots.running


def test_one_that_was_thought_lost_leaves_its_rung_to_whoever_took_it(place: Workplace) -> None:
    lost = Claim.take(place, (ARMS[0], 0.1, 0))
    lost.check()
    Claim.take(place, (ARMS[0], 0.2, 0))
    lost.looked -= 60
    lost.check()
    found = Claim.take(place, (ARMS[0], 0.1, 0))
    lost.looked -= 60
    with pytest.raises(Overtaken):
        lost.check()
    found.check()


def kill_a_pilot(work: Path, told: list[int]) -> None:
    """SIGKILL the first process of the cluster that is seen to train."""
    until = time.monotonic() + 120
    while time.monotonic() < until and not told:
        if any(work.glob("trunk/*/trainer_log.jsonl")):
            for pid in children(os.getpid(), "ray::_do"):
                os.kill(pid, signal.SIGKILL)
                told.append(pid)
                return
        time.sleep(0.02)


def test_a_verdict_on_a_cluster_where_a_pilot_is_killed_is_that_of_this_machine_on_the_same_measurements(
    place: Workplace, prepared: Prepared, ray_session: None, tmp_path: Path
) -> None:
    shutil.copytree(place.project.folder, tmp_path / "shop", ignore=shutil.ignore_patterns("work"))
    asked = ["budget.pilot_scale=0.06", 'routes=["scratch", "predictive"]']
    there = open_workplace(tmp_path / "shop" / "dono.yaml", asked, on="local")
    told: list[int] = []
    killer = threading.Thread(target=kill_a_pilot, args=(there.store.root, told), daemon=True)
    killer.start()
    found = decide(there)
    killer.join()
    assert found is not None and told, "nothing was killed"
    runs = [a.id for a in there.store.all() if a.kind in ("run", "trunk", "corpus-run")]
    here = decide(replace(there, runner=HERE))
    assert here is not None and [a.id for a in there.store.all() if a.kind in ("run", "trunk", "corpus-run")] == runs
    mine, theirs = (v[0].model_dump(exclude={"created"}) for v in (found, here))
    assert mine == theirs and all(arm.failed is None for case in found[0].use_cases for arm in case.arms)
