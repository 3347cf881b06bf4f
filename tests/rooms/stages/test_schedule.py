from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from dono.artifacts import Reference, Store
from dono.decisions.routes import ROUTES
from dono.errors import Mistake
from dono.models import Shape
from dono.project import Budget, MachineChoice, Project, UseCase
from dono.stages.contenders import Base, Contender, TaskSize
from dono.stages.display import Display
from dono.stages.schedule import Job, ladders, total_seconds
from dono.stages.workplace import Workplace

SHAPE = Shape(1_000_000, 2, 64, 128, 1000, 1_000_000)


def place(tmp_path: Path, hours: float, share: float, most: float = 1.0) -> Workplace:
    project = Project(
        project="shop",
        use_cases=(UseCase(name="text", kind="language"),),
        budget=Budget(hours=hours, pilot_share=share, pilot_scale=most),
        machine=MachineChoice(),
    )
    return Workplace(project, Store(tmp_path), Display())


def job(
    route: str, corpus_tokens: int, corpus_seconds: float, task_seconds: float, *, base: str | None = None
) -> Job:  # fmt: skip
    arm = ROUTES[route][0]  # type: ignore[index]
    start = None if base is None else Base(base, base, Reference("base", base), SHAPE)
    name = arm.name if base is None else f"{arm.name}@{base}"
    contender = Contender(arm, name, start, "", Reference("tokenizer", "t"), SHAPE, None, None, corpus_tokens, 1e9)
    return Job(contender, corpus_seconds, {"intent": TaskSize(100, 20.0, 3)}, {"intent": task_seconds}, {"intent": 1.0})


def test_a_cheap_arm_is_run_whole_and_leaves_its_time_to_the_others(tmp_path: Path) -> None:
    jobs = [job("finetune", 0, 0.0, 5.0), job("scratch", 3_000_000, 1000.0, 20.0)]
    scales = ladders(place(tmp_path, 1.0, 0.1), jobs)
    assert scales["finetune/lora"] == (0.125, 0.25, 0.5, 1.0)
    assert max(scales["scratch/own"]) < 1


def test_no_pilot_is_larger_than_the_person_allows(tmp_path: Path) -> None:
    jobs = [job("finetune", 0, 0.0, 5.0), job("scratch", 3_000_000, 1000.0, 20.0)]
    scales = ladders(place(tmp_path, 100.0, 1.0, most=0.3), jobs)
    assert {max(s) for s in scales.values()} == {0.3}


def test_the_ladders_stay_within_the_pilots_share(tmp_path: Path) -> None:
    jobs = [job("continue", 3_000_000, 900.0, 50.0), job("scratch", 3_000_000, 1000.0, 20.0)]
    for share in (0.05, 0.1, 0.5):
        here = place(tmp_path, 1.0, share)
        assert total_seconds(jobs, ladders(here, jobs)) <= here.pilot_seconds


def test_rungs_are_halvings_and_long_enough_to_measure(tmp_path: Path) -> None:
    scales = ladders(place(tmp_path, 1.0, 0.2), [job("scratch", 3_000_000, 1000.0, 20.0)])["scratch/own"]
    assert all(b == 2 * a for a, b in pairwise(scales))
    assert min(scales) * 3_000_000 >= 8 * 16 * 128


def test_a_budget_too_small_for_a_rung_says_how_much_is_needed(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"too little for a single rung .* \(about \d+ s\)"):
        ladders(place(tmp_path, 0.001, 0.01), [job("scratch", 3_000_000, 1000.0, 20.0)])


def test_money_without_a_price_caps_nothing_and_is_refused(tmp_path: Path) -> None:
    project = Project(project="shop", use_cases=(UseCase(name="t", kind="language"),), budget=Budget(money=100))
    with pytest.raises(Mistake, match="needs a machine with a price"):
        _ = Workplace(project, Store(tmp_path), Display()).budget_seconds


def test_a_known_machine_brings_its_price(tmp_path: Path) -> None:
    project = Project(
        project="shop",
        use_cases=(UseCase(name="t", kind="language"),),
        budget=Budget(money=1000),
        machine=MachineChoice(gpu="H100-80GB", count=2),
    )
    here = Workplace(project, Store(tmp_path), Display())
    assert here.price_per_hour == pytest.approx(2.95 * 88 * 2)
    assert here.budget_seconds == pytest.approx(1000 / here.price_per_hour * 3600)
    assert here.money(3600) == pytest.approx(here.price_per_hour)
