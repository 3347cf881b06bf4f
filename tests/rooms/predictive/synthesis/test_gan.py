"""The GAN learns what hangs together, and a killed training ends as an undisturbed one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from dono.predictive import Cell
from dono.predictive.synthesis import GanSpec, Layout, train_gan
from dono.predictive.synthesis.conditions import Conditions

SMALL = GanSpec(steps=6, batch=50, pac=5, noise=8, width=16)


def table(rows: int = 800) -> dict[str, list[Cell]]:
    """A rare class that has the large numbers."""
    random = np.random.default_rng(0)
    churned = random.random(rows) < 0.2
    return {
        "spend": np.round(random.normal(20, 3, rows) + 40 * churned, 1).tolist(),
        "churned": ["yes" if c else "no" for c in churned],
    }


class Killed(Exception):
    """Stands for SIGKILL."""


def test_a_killed_training_goes_on_to_the_same_rows(tmp_path: Path) -> None:
    rows = table()
    layout = Layout.of(rows)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    whole = train_gan(layout, rows, SMALL, tmp_path / "a").rows(20, list(rows))

    def kill(step: int) -> None:
        if step == 4:
            raise Killed

    with pytest.raises(Killed):
        train_gan(layout, rows, SMALL, tmp_path / "b", save_seconds=0, watch=kill)
    seen: list[int] = []
    again = train_gan(layout, rows, SMALL, tmp_path / "b", watch=seen.append).rows(20, list(rows))
    assert seen == [4, 5, 6] and again == whole


def test_training_leaves_the_random_numbers_of_others_alone(tmp_path: Path) -> None:
    rows = table()
    before = torch.get_rng_state()
    train_gan(Layout.of(rows), rows, SMALL, tmp_path)
    assert torch.equal(before, torch.get_rng_state())


def test_conditions_ask_for_rare_categories_too_and_give_rows_that_have_them() -> None:
    rows, random = table(), np.random.default_rng(0)
    layout = Layout.of(rows)
    encoded = layout.encode(rows, random)
    conditions = Conditions(layout, encoded)
    vectors, columns, levels = conditions.draw(2000, random, evenly=True)
    assert vectors.sum(1).tolist() == [1.0] * 2000 and 0.35 < np.mean(levels == 1) < 0.55
    chosen = conditions.rows(columns, levels, len(encoded), random)
    start = conditions.starts[0][0]
    assert (encoded[chosen, start + levels] == 1).all()
    _, _, plain = conditions.draw(2000, random, evenly=False)
    assert 0.14 < np.mean(plain == 1) < 0.26


def test_what_hangs_together_is_learned(tmp_path: Path) -> None:
    rows = table()
    spec = GanSpec(steps=250, batch=200, pac=5, noise=16, width=64, rate=1e-3, memory=0.98)
    made = train_gan(Layout.of(rows), rows, spec, tmp_path).rows(1000, list(rows))
    spend = np.asarray(made["spend"], dtype=float)
    churned = np.asarray(made["churned"]) == "yes"
    assert 0.1 < churned.mean() < 0.35
    assert np.median(spend[churned]) > np.median(spend[~churned]) + 20
