"""One contract for all runners: lists of tasks, crews, groups, whatever happens to their processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dono.errors import Capped, Mistake
from dono.runners import RUNNERS, Needs, Runner, Tasks, once
from tests.contracts.works import Errand, counting, dying, meeting, misled, multiplying, stopping

ADDRESSES = {"local": "", "ray": "local"}


@pytest.fixture(params=sorted(RUNNERS))
def runner(request: pytest.FixtureRequest) -> Runner:
    """Each kind of runner."""
    if request.param == "ray":
        request.getfixturevalue("ray_session")
    return RUNNERS[request.param](ADDRESSES[request.param])


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_of_a_list_has_its_result_and_is_told_of(runner: Runner, workers: int) -> None:
    told: list[int] = []
    tasks = Tasks(multiplying, 3, list(range(20)), str)
    assert dict(runner.run(tasks, told.append, workers=workers)) == {n: 3 * n for n in range(20)}
    assert told == sorted(told) and told[-1] == sum(range(20))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_persons_mistake_in_a_list_of_tasks_is_raised_as_it_is(runner: Runner, workers: int) -> None:
    with pytest.raises(Mistake, match=r"^row 7: it is odd\. Give an even one$"):
        dict(runner.run(Tasks(misled, None, [2, 4, 7], str), lambda _: None, workers=workers))


def test_no_task_at_all_gives_nothing(runner: Runner) -> None:
    assert not list(runner.run(Tasks(multiplying, 3, [], str), lambda _: None, workers=2))


def test_a_crew_does_what_it_is_given_when_it_is_given(runner: Runner) -> None:
    found: dict[int, int] = {}
    with runner.crew(counting, 10, needs=Needs(), note=lambda _: None) as crew:
        assert crew.slots >= 1
        for number in range(5):
            crew.begin(number, number)
            while number not in found:
                found |= dict(crew.finished(0.5))
    assert found == {n: 10 + n for n in range(5)}


def test_a_cap_that_a_task_of_a_crew_reaches_is_raised_as_it_is(runner: Runner) -> None:
    with pytest.raises(Capped) as told:
        once(runner, stopping, None, 0, needs=Needs())
    assert (told.value.cap, told.value.spent) == ("3 s", "4 s")


def test_work_folders_that_are_there_are_seen(runner: Runner, tmp_path: Path) -> None:
    runner.look_at(tmp_path / "work")
    assert not list((tmp_path / "work").iterdir()) if (tmp_path / "work").exists() else True


def test_processes_of_a_group_meet_and_begin_again_where_one_is_killed(runner: Runner, tmp_path: Path) -> None:
    runner.together(meeting, Errand(tmp_path, killed=1), processes=2, folder=tmp_path)
    assert (tmp_path / "sum").read_text() == "3"
    assert len(list(tmp_path.glob("began-*"))) == 4  # two, then two that began again and found each other at once
    assert not list(tmp_path.glob(".group-*"))


def test_what_a_process_of_a_group_raises_is_raised_here(runner: Runner, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"^the loss: not finite\. Lower the rate$"):
        runner.together(meeting, Errand(tmp_path, wrong=True), processes=2, folder=tmp_path)


def test_a_task_whose_process_is_killed_is_done_again_on_a_cluster(ray_session: None, tmp_path: Path) -> None:
    runner = RUNNERS["ray"]("local")
    tasks = Tasks(dying, tmp_path, list(range(6)), str)
    assert dict(runner.run(tasks, lambda _: None, workers=2)) == {n: n for n in range(6)}
    assert (tmp_path / "killed").exists()


def test_a_task_that_no_machine_has_room_for_is_refused_with_what_there_is(ray_session: None) -> None:
    runner = RUNNERS["ray"]("local")
    with pytest.raises(Mistake, match=r"needs 1 processors, 0 GPUs and 9000\.00 GB.* machine has are 2, 0 and") as told:
        once(runner, counting, 0, 0, needs=Needs(gigabytes=9000.0))
    assert "\n" not in str(told.value) and "larger machine" in told.value.remedy
    with pytest.raises(Mistake, match=r"machine\.count: 64 processes .* there are 2 processors"):
        runner.together(meeting, Errand(Path()), processes=64, folder=Path())
