from __future__ import annotations

from pathlib import Path

import pytest

from dono.artifacts import Store
from dono.project import Budget, MachineChoice, Project, UseCase
from dono.stages.display import Display
from dono.stages.oversight import Oversight, budget_cap
from dono.stages.workplace import Workplace


def place(tmp_path: Path, **budget: float) -> Workplace:
    project = Project(
        project="shop",
        use_cases=(UseCase(name="text", kind="language"),),
        budget=Budget(**budget),
        machine=MachineChoice(price_per_hour=100),
    )
    return Workplace(project, Store(tmp_path), Display())


@pytest.mark.parametrize(
    ("budget", "seconds", "cap"),
    [
        ({"hours": 1.0}, 3599.0, None),
        ({"hours": 1.0}, 3600.0, "1 hours"),
        ({"money": 50.0}, 1799.0, None),
        ({"money": 50.0}, 1800.0, "INR 50"),
        ({"hours": 1.0, "money": 50.0}, 1800.0, "INR 50"),
    ],
)
def test_the_budget_names_the_cap_that_is_reached_first(
    tmp_path: Path, budget: dict[str, float], seconds: float, cap: str | None
) -> None:
    assert budget_cap(place(tmp_path, **budget))(seconds) == cap


def test_what_was_spent_before_counts_towards_the_cap() -> None:
    oversight = Oversight(capped=lambda seconds: "10 s" if seconds >= 10 else None)
    assert oversight.after(4.0)(5.9) is None
    assert oversight.after(4.0)(6.0) == "10 s"
