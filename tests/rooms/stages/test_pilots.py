"""The pilots' share of the budget: what is planned, what is begun, and when it is stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dono.artifacts import Artifact, Reference, Store
from dono.corpus import Example
from dono.decisions.routes import ROUTES
from dono.errors import Capped
from dono.models import Shape
from dono.project import Budget, MachineChoice, Project, UseCase
from dono.stages import rungs
from dono.stages.contenders import Contender, TaskSize
from dono.stages.display import Display
from dono.stages.oversight import Oversight
from dono.stages.piloting import run_pilots
from dono.stages.pilots import Pilots, Planned, asking_seconds
from dono.stages.prepare import Case, Prepared
from dono.stages.rungs import scoring_guess
from dono.stages.runs import RunSpec
from dono.stages.schedule import Job, ladders, total_seconds
from dono.stages.workplace import Workplace

SHARE = 360.0
"""Seconds that the pilots may take here."""


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    project = Project(
        project="shop",
        routes=("prompt", "finetune"),
        use_cases=(UseCase(name="intent", kind="classify", train="a", test="b"),),
        budget=Budget(hours=1.0, pilot_share=0.1),
        machine=MachineChoice(),
    )
    return Workplace(project, Store(tmp_path), Display())


@pytest.fixture
def prepared(place: Workplace, tmp_path: Path) -> Prepared:
    rows = tuple(Example(f"where {n}", "track", "en") for n in range(100))
    sealed = Artifact("examples", "x", "intent", tmp_path, {}, (), {}, {})
    return Prepared(None, (Case(place.project.use_cases[0], sealed, rows, rows),))


def contender(route: Any) -> Contender:  # noqa: ANN401 - any route's name
    arm, shape = ROUTES[route][0], Shape(1_000_000, 2, 64, 128, 1000, 1_000_000)
    return Contender(arm, arm.name, None, "", Reference("tokenizer", "t"), shape, None, None, 0, 1e9)


@pytest.fixture
def who() -> list[Contender]:
    return [contender("prompt"), contender("finetune")]


def planned_for(place: Workplace, prepared: Prepared, who: list[Contender]) -> Planned:
    """A ladder whose top is the whole fine-tuning: 100 s of training."""
    scoring = {"intent": scoring_guess(prepared.cases[0])}
    job = Job(who[1], 0.0, {"intent": TaskSize(100, 20.0, 3)}, {"intent": 100.0}, scoring)
    before = asking_seconds(place, prepared, who)
    scales = ladders(place, [job], before=before)
    return Planned({who[1].name: job}, scales, before + total_seconds([job], scales))


def really(seconds_of: Callable[[float], float], monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """Runs take `seconds_of(scale)` seconds, asking nothing of the machine; which were begun."""
    begun, numbers = list[tuple[str, float]](), count()

    def carry_out(place: Workplace, spec: RunSpec, oversight: Oversight) -> Artifact:
        begun.append((spec.contender.name, spec.scale))
        result = {"own_seconds": seconds_of(spec.scale if spec.contender.arm.learns else 0.0)}
        return Artifact("run", str(next(numbers)), spec.name, place.store.root, {}, (), result, {})

    monkeypatch.setattr(rungs, "carry_out", carry_out)
    return begun


def never(pilots: Pilots) -> list[tuple[str, float, int]]:
    return []


def test_the_plan_has_room_for_asking_setting_up_and_scoring(
    place: Workplace, prepared: Prepared, who: list[Contender]
) -> None:
    planned = planned_for(place, prepared, who)
    job, scales = planned.jobs[who[1].name], planned.scales[who[1].name]
    assert asking_seconds(place, prepared, who) == 1.0 + scoring_guess(prepared.cases[0])
    assert planned.seconds == asking_seconds(place, prepared, who) + job.ladder_seconds(scales) <= SHARE
    assert job.ladder_seconds(scales) == pytest.approx(
        sum(100 * s for s in scales) + len(scales) * (1.0 + scoring_guess(prepared.cases[0]))
    )


def test_pilots_that_take_what_was_planned_are_all_run(
    place: Workplace, prepared: Prepared, who: list[Contender], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = really(lambda scale: 100 * scale + 3.5, monkeypatch)
    planned = planned_for(place, prepared, who)
    pilots = run_pilots(place, prepared, who, planned, never)
    assert len(begun) == 1 + len(planned.scales[who[1].name]) and pilots.stopped is None
    assert pilots.seconds <= SHARE


@pytest.mark.parametrize("slower", [1.5, 2.0, 3.0, 6.0])
def test_what_takes_longer_than_planned_is_not_begun_where_it_would_pass_the_cap(
    slower: float, place: Workplace, prepared: Prepared, who: list[Contender], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = really(lambda scale: slower * 100 * scale + 15, monkeypatch)
    more = [[(who[1].name, 1.0, 1)]] * 9
    left_at = list[float]()

    def again(pilots: Pilots) -> list[tuple[str, float, int]]:
        left_at.append(SHARE - pilots.seconds)
        return more.pop() if more else []

    pilots = run_pilots(place, prepared, who, planned_for(place, prepared, who), again)
    assert pilots.seconds <= SHARE and len(begun) > 2
    assert left_at[0] >= 0 and all(a > b for a, b in pairwise(left_at))
    assert pilots.stopped is not None and f"{who[1].name} at 100\u00a0%" in pilots.stopped


def test_a_rung_is_expected_to_take_what_the_last_one_took_and_the_slope_of_the_last_two() -> None:
    pilots = Pilots(Planned({}, {}, 0.0))
    assert pilots.expected("a", 10.0) == 10.0
    pilots.took["a"] = [(1.0, 8.0)]
    assert pilots.expected("a", 2.0) == 9.0
    pilots.took["a"] = [(1.0, 8.0), (2.0, 11.0)]
    assert pilots.expected("a", 4.0) == 17.0
    pilots.took["a"] = [(1.0, 8.0), (2.0, 8.1)]
    assert pilots.expected("a", 4.0) == 10.1  # never faster than planned


def test_training_is_stopped_by_what_all_pilots_took_with_room_left_to_score(
    place: Workplace, prepared: Prepared, who: list[Contender], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock: Iterator[float] = count(0.0, 60.0)
    monkeypatch.setattr(rungs, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    asked = list[str | None]()

    def carry_out(place: Workplace, spec: RunSpec, oversight: Oversight) -> Artifact:
        if spec.contender.arm.learns:
            for _ in range(9):  # a minute passes at each step
                asked.append(oversight.capped(0.0))
                if asked[-1]:
                    raise Capped(asked[-1], "0 s of this run")
        return Artifact("run", "1", spec.name, place.store.root, {}, (), {"own_seconds": 100.0}, {})

    monkeypatch.setattr(rungs, "carry_out", carry_out)
    planned = replace(planned_for(place, prepared, who), scales={who[1].name: (0.5,)})
    pilots = run_pilots(place, prepared, who, planned, never)
    assert asked == [None] * 4 + ["360 s for pilots"]  # 100 s of asking, and the fifth minute with scoring is too much
    assert pilots.unfinished > 0 and pilots.left_out == [f"{who[1].name} at 50\u00a0%"]
