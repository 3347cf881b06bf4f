from __future__ import annotations

from dataclasses import replace
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


@pytest.mark.parametrize(
    "jobs",
    [
        [job("scratch", 3_000_000, 1000.0, 20.0)],
        [job("finetune", 0, 0.0, 1.0), job("scratch", 3_000_000, 100_000.0, 20.0)],
        [job("finetune", 0, 0.0, 500.0), job("continue", 40_000, 3.0, 2.0), job("scratch", 3_000_000, 1000.0, 20.0)],
    ],
)
def test_the_time_that_is_said_to_be_needed_holds_a_rung_of_every_arm(tmp_path: Path, jobs: list[Job]) -> None:
    with pytest.raises(Mistake) as refused:
        ladders(place(tmp_path, 0.001, 0.01), jobs)
    needed = int(str(refused.value).partition("(about ")[2].partition(" s)")[0])
    assert len(ladders(place(tmp_path, needed / 3600, 1.0), jobs)) == len(jobs)
    with pytest.raises(Mistake, match=rf"about {needed} s"):
        ladders(place(tmp_path, 0.95 * needed / 3600, 1.0), jobs)


@pytest.mark.parametrize("hours", [0.001, 1e6])
@pytest.mark.parametrize(
    ("tokens", "budget", "said"),
    [
        (10_000, {"tokens": 10_000}, "reads 10,000. Raise budget.tokens (10,000), or lower training.batch or scratch."),
        (10_000, {}, "reads 10,000. Raise the budget, or lower training.batch or scratch.context"),
        (1_000_000, {"pilot_scale": 0.01},
         "reads 1,000,000 (budget.pilot_scale: 0.01 of them). Raise budget.pilot_scale or the budget, or lower "),
    ],
)  # fmt: skip
def test_a_corpus_stage_too_short_for_a_rung_is_refused_by_what_makes_it_short(
    tmp_path: Path, hours: float, tokens: int, budget: dict[str, float], said: str
) -> None:
    here = place(tmp_path, hours, 0.5)
    changed = Budget.model_validate({"hours": hours, **budget})
    here = replace(here, project=here.project.model_copy(update={"budget": changed}))
    with pytest.raises(Mistake) as refused:
        ladders(here, [job("finetune", 0, 0.0, 5.0), job("scratch", tokens, 100.0, 1.0)])
    assert str(refused.value).startswith(
        "scratch/own: one rung needs 16,384 tokens (8 steps of 16 × 128), and its full"
    )
    assert said in str(refused.value)


def test_a_corpus_stage_of_no_tokens_holds_no_rung(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="its full run reads 0"):
        ladders(place(tmp_path, 1.0, 0.5), [job("scratch", 0, 0.0, 1.0)])


def test_no_pilot_is_smaller_than_can_be_planned(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"budget\.pilot_scale: 0\.0001: no pilot is smaller than 0\.000244"):
        ladders(place(tmp_path, 1.0, 0.5, most=0.0001), [job("finetune", 0, 0.0, 5.0)])


def test_a_rung_that_fits_is_not_rounded_away(tmp_path: Path) -> None:
    scales = ladders(place(tmp_path, 100.0, 0.5, most=0.0104), [job("scratch", 1_600_000, 60.0, 1.0)])["scratch/own"]
    assert scales == (16_384 / 1_600_000,)


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
