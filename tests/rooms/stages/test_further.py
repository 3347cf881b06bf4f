"""What a person pays for further pilots: amounts, grants that survive a kill, and refusals in one line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from dono.artifacts import Store
from dono.decisions import Elimination, compare, worth_of_more
from dono.errors import Mistake
from dono.project import Budget, MachineChoice, Project, UseCase
from dono.stages.choosing import best_of_more, refusal
from dono.stages.display import Display
from dono.stages.further import FILE, Further, open_further, seconds_for
from dono.stages.pilots import Pilots, Planned
from dono.stages.schedule import FIRST_OF_MANY, FIRST_SHARE, ladders, total_seconds
from dono.stages.workplace import Workplace
from tests.rooms.decisions.evidence import SCALES, arm, pilot, question
from tests.rooms.stages.test_schedule import job

GONE = Elimination(arm="finetune/lora", round=1, scale=0.1, p_best=0.01, regret=0.001)


def place(tmp_path: Path, price: float | None = 36.0) -> Workplace:
    project = Project(
        project="shop", use_cases=(UseCase(name="t", kind="language"),), budget=Budget(hours=1, pilot_share=0.1),
        machine=MachineChoice(price_per_hour=price),
    )  # fmt: skip
    return Workplace(project, Store(tmp_path), Display())


def planned(seconds: float = 200.0, top: float = 0.25) -> Planned:
    jobs = {"scratch/own": job("scratch", 3_000_000, 1000.0, 20.0)}
    return Planned(jobs, {"scratch/own": (top / 2, top)}, seconds)


def reopened(tmp_path: Path) -> Further:
    return open_further(place(tmp_path), planned())


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("1", 100), ("0.5", 50), ("1,000", 100_000), ("30m", 1800), ("2h", 7200), ("1.5 h", 5400), ("90s", 90)],
)  # fmt: skip
def test_an_amount_is_money_or_a_time(tmp_path: Path, asked: str, seconds: float) -> None:
    assert seconds_for(place(tmp_path), asked) == pytest.approx(seconds)


@pytest.mark.parametrize("asked", ["0", "-5", "nan", "inf", "0m", "-2h", "much", "", "5 rupees", "1e999"])
def test_what_is_no_amount_is_refused_in_one_line(tmp_path: Path, asked: str) -> None:
    with pytest.raises(
        Mistake, match=r"^--more: '.*' buys no pilots\. Give an amount above 0 in INR, like 500"
    ) as told:
        seconds_for(place(tmp_path), asked)
    assert "\n" not in str(told.value)


def test_money_on_a_machine_without_a_price_is_refused_and_a_time_is_not(tmp_path: Path) -> None:
    free = place(tmp_path, None)
    with pytest.raises(Mistake, match=r"has no price.*like 30m or 2h"):
        seconds_for(free, "500")
    assert seconds_for(free, "30m") == 1800


def test_at_first_only_the_pilots_time_bounds_what_is_chosen_then_each_grant_by_itself(tmp_path: Path) -> None:
    further = reopened(tmp_path)
    further.choose([("scratch/own", 0.25, 1, 100.0)], {})
    assert further.left == math.inf
    further.grant("1", 100.0, "before")
    assert further.left == 100 and further.granted == 100 and not further.under_way
    further.choose([("scratch/own", 0.5, 0, 70.0)], {})
    assert further.left == 30 and further.under_way


def test_a_kill_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    further = reopened(tmp_path)
    further.choose([("scratch/own", 0.25, 1, 100.0)], {"t": (GONE,)})
    further.grant("1", 100.0, "before")
    further.choose([("scratch/own", 0.5, 0, 70.0)], {})
    again = reopened(tmp_path)
    assert again.kept == further.kept
    assert [(r.arm, r.scale, r.seed) for r in again.kept.rungs] == [("scratch/own", 0.25, 1), ("scratch/own", 0.5, 0)]
    assert again.kept.dropped == {"t": (GONE,)}


def test_the_same_command_goes_on_with_what_is_under_way_and_buys_anew_after_its_verdict(tmp_path: Path) -> None:
    further = reopened(tmp_path)
    further.grant("1", 100.0, "first")
    further.choose([("scratch/own", 0.5, 0, 70.0)], {})
    again = reopened(tmp_path)
    again.grant("1", 100.0, "later")  # killed in between: the same 100 seconds
    assert (again.left, again.granted) == (30, 100) and again.open is not None and again.open.before == "first"
    again.close("second")
    later = reopened(tmp_path)
    assert later.open is None
    later.grant("1", 100.0, "second")
    assert (later.left, later.granted) == (100, 200)


def test_what_bought_nothing_is_taken_back(tmp_path: Path) -> None:
    further = reopened(tmp_path)
    further.grant("1", 100.0, "before")
    further.withdraw()
    assert reopened(tmp_path).granted == 0


def test_a_damaged_file_is_named_with_its_remedy(tmp_path: Path) -> None:
    reopened(tmp_path).choose([("scratch/own", 0.25, 1, 100.0)], {})
    (tmp_path / FILE).write_text("{", encoding="utf8")
    with pytest.raises(Mistake, match=r"further\.json: the file is damaged\. Delete it"):
        reopened(tmp_path)


def test_another_plan_begins_anew(tmp_path: Path) -> None:
    further = reopened(tmp_path)
    further.choose([("scratch/own", 0.25, 1, 100.0)], {})
    other = open_further(place(tmp_path), planned(top=0.5))
    assert other.kept.rungs == () and other.left == math.inf


def test_a_larger_rung_costs_what_its_trunk_goes_on_by(tmp_path: Path) -> None:
    pilots = Pilots(planned())
    one = pilots.planned.jobs["scratch/own"]
    from_nothing = pilots.seconds_of("scratch/own", 0.5)
    pilots.runs["scratch/own", "intent", 0.25, 0] = None  # type: ignore[assignment]
    assert from_nothing == pytest.approx(one.ladder_seconds((0.5,)))
    assert pilots.seconds_of("scratch/own", 0.5) == pytest.approx(one.next_seconds((0.25,), 0.5))
    assert pilots.seconds_of("scratch/own", 0.25) == pytest.approx(one.ladder_seconds((0.25,)))  # a second seed
    assert pilots.seconds_of("prompt/zero-shot", 1.0) is None


def test_many_bases_begin_with_tiny_ladders(tmp_path: Path) -> None:
    here = place(tmp_path)
    few = [job("scratch", 3_000_000, 900.0, 20.0, base=base) for base in ("a", "b")]
    several = [*few, job("scratch", 3_000_000, 900.0, 20.0, base="c")]
    assert total_seconds(few, ladders(here, few)) > FIRST_OF_MANY * here.pilot_seconds
    assert total_seconds(few, ladders(here, few)) <= FIRST_SHARE * here.pilot_seconds
    assert total_seconds(several, ladders(here, several)) <= FIRST_OF_MANY * here.pilot_seconds


def test_many_bases_in_too_little_time_are_refused_with_the_time_that_is_needed(tmp_path: Path) -> None:
    several = [job("scratch", 3_000_000, 90_000.0, 20.0, base=base) for base in "abcdefgh"]
    with pytest.raises(Mistake, match=r"too little for a single rung of every arm \(about \d+ s\)"):
        ladders(place(tmp_path), several)


def test_refusals_say_why_in_one_line() -> None:
    rows = [
        arm(name, [pilot(s, 1 - level * s**-0.2, stderr=0.02) for s in SCALES])
        for name, level in (("scratch/own", 0.2), ("finetune/lora", 0.202))
    ]
    verdict = compare(question(), rows, seed=0)
    assert verdict.winner is None
    priced = worth_of_more(verdict, seconds_of=lambda n, s: 3600.0, per_hour=12.0, currency="INR")
    said = best_of_more(priced)  # all cost the same: the larger rung tells more
    assert "for INR 12.00" in said and "50 % of the full run (seed 0)" in said
    clear = verdict.model_copy(update={"winner": "scratch/own", "confidence": 0.93})
    told = [str(refusal([v], "5")) for v in (priced, verdict, clear)]
    assert told[0] == (
        "--more 5: no pilot that could change the verdict costs so little. The cheapest one takes about INR 12.00"
    )
    assert told[1].startswith("--more 5: no pilot left that could change it: intent stays too close to call.")
    assert told[2] == (
        "--more 5: no pilot left that could change it: the verdict is clear for intent (93 %). Go on with `dono build`"
    )
    assert "budget.pilot_scale: 0.25" in str(refusal([verdict], "5", 0.25))
    assert not any("\n" in line for line in told)
