"""The target of made rows is what a model of it says of their other columns, drawn by its probability."""

from __future__ import annotations

import numpy as np
import pytest

from dono.predictive import Cell
from dono.predictive.synthesis import draw_target


def rows(count: int, seed: int) -> dict[str, list[Cell]]:
    """Of plan a seven tenths leave, of plan b one."""
    random = np.random.default_rng(seed)
    plan = random.choice(["a", "b"], count)
    left = random.random(count) < np.where(plan == "a", 0.7, 0.1)
    return {"plan": plan.tolist(), "spend": random.normal(size=count).tolist(), "left": [int(flag) for flag in left]}


def test_classes_are_drawn_with_the_shares_that_go_with_the_other_columns() -> None:
    learned, made = rows(4000, 0), rows(4000, 1)
    made["left"] = [1] * 4000  # whatever stood there
    drawn = draw_target(made, learned, "left", seed=0)
    plan, left = np.asarray(drawn["plan"]), np.asarray(drawn["left"])
    assert left[plan == "a"].mean() == pytest.approx(0.7, abs=0.04)
    assert left[plan == "b"].mean() == pytest.approx(0.1, abs=0.04)
    assert drawn["plan"] == made["plan"] and drawn["spend"] == made["spend"] and set(drawn["left"]) == {0, 1}
    assert drawn == draw_target(made, learned, "left", seed=0) != draw_target(made, learned, "left", seed=1)


def test_a_target_of_one_class_stays_as_it_is() -> None:
    learned: dict[str, list[Cell]] = {"plan": ["a", "b"], "left": [0, 0]}
    assert draw_target(learned, learned, "left", seed=0) == learned
