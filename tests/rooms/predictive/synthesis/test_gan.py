"""The GAN learns what hangs together, and a killed training ends as an undisturbed one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from dono.predictive import Cell
from dono.predictive.synthesis import GanSpec, Layout, train_gan
from dono.predictive.synthesis.choices import Choices
from dono.predictive.synthesis.conditions import Conditions
from dono.predictive.synthesis.pairs import apart_in_pairs
from dono.predictive.synthesis.teller import Teller, learn_to_tell, told_otherwise

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
    rows["plan"] = [("a", "b", "c")[n % 3] for n in range(800)]
    layout = Layout.of(rows)
    encoded = layout.encode(rows, random)
    conditions = Conditions(layout, encoded)
    asked = conditions.draw(4000, random, evenly=True)
    assert asked.vectors.sum(1).tolist() == [1.0] * 4000
    assert (encoded[asked.rows][:, conditions.places] >= asked.vectors).all()
    levels = asked.vectors.sum(0)  # churned: no, yes; plan: a, b, c
    assert 0.4 < levels[1] / levels[:2].sum() < 0.55 and levels[2:] / 2000 == pytest.approx(1 / 3, abs=0.05)
    truly = conditions.draw(4000, random, evenly=False).vectors.sum(0)
    assert truly[1] / truly[:2].sum() == pytest.approx(0.2, abs=0.04)


def test_the_target_is_always_asked_for_with_what_goes_with_it() -> None:
    rows, random = table(), np.random.default_rng(0)
    rows["grade"] = ["top" if c == "yes" else "low" for c in rows["churned"]]
    layout = Layout.of(rows)
    conditions = Conditions(layout, layout.encode(rows, random), "churned")
    vectors = conditions.draw(1000, random, evenly=True).vectors
    assert (vectors[:, :2].sum(1) == 1).all()
    graded = vectors[:, 2:].sum(1) == 1
    assert 0.4 < graded.mean() < 0.6 and (vectors[graded, :2] == vectors[graded][:, [3, 2]][:, ::-1]).all()
    assert Conditions(layout, layout.encode(rows, random), "spend").draw(9, random, evenly=True).vectors.sum() == 9


def test_choices_are_softmaxes_of_their_own_parts() -> None:
    rows = table()
    rows["plan"] = [("a", "b", "c")[n % 3] for n in range(800)]
    layout = Layout.of(rows)
    choices, raw = Choices(layout), torch.randn(5, layout.width, generator=torch.Generator().manual_seed(0)) * 9
    shown, logs = choices.activated(raw, 0.2), choices.logs(raw)
    for column, start in zip(layout.columns, layout.starts, strict=True):
        stop, first = start + column.width, start + (column.name == "spend")
        assert shown[:, first:stop].sum(1).numpy() == pytest.approx(1.0, abs=1e-5)
        expected = raw[:, first:stop].log_softmax(1)
        assert logs[:, choices.where[first:stop]].numpy() == pytest.approx(expected.numpy(), abs=1e-5)
        if column.name == "spend":
            assert shown[:, start].numpy() == pytest.approx(torch.tanh(raw[:, start]).numpy())


def test_pairs_are_apart_by_what_hangs_together_and_by_nothing_else() -> None:
    random = torch.Generator().manual_seed(0)
    ones = torch.eye(2)

    def rows(together: float) -> torch.Tensor:
        """Two columns of two categories, even shares each, that are alike so often."""
        first = torch.randint(0, 2, (1000,), generator=random)
        alike = torch.rand(1000, generator=random) < together
        return torch.cat([ones[first], ones[torch.where(alike, first, 1 - first)]], dim=1)

    classes = torch.arange(1000) % 2
    same = [float(apart_in_pairs(rows(0.9), rows(0.9), classes)) for _ in range(60)]
    assert abs(np.mean(same)) < 3 * np.std(same) / 60**0.5  # not drawn to either side by the noise of a batch
    # four shares of pairs are off by 0.2 each, and each stands in the moments twice; rows have the length 2
    assert float(apart_in_pairs(rows(0.9), rows(0.5), classes)) == pytest.approx(8 * 0.2**2 / 4, abs=0.02)
    real, by_class = rows(0.5), rows(0.5)
    by_class[:, 2:] = ones[classes]  # the class goes with the second column, which on the whole is as it was
    assert float(apart_in_pairs(by_class, real, classes)) > 0.2


def test_what_hangs_together_is_learned(tmp_path: Path) -> None:
    rows = table()
    spec = GanSpec(steps=250, batch=200, pac=5, noise=16, width=64, rate=1e-3, memory=0.98)
    made = train_gan(Layout.of(rows), rows, spec, tmp_path).rows(1000, list(rows))
    spend = np.asarray(made["spend"], dtype=float)
    churned = np.asarray(made["churned"]) == "yes"
    assert 0.1 < churned.mean() < 0.35
    assert np.median(spend[churned]) > np.median(spend[~churned]) + 20


def test_what_rows_say_of_the_target_is_compared_on_rows_that_were_not_learned_from() -> None:
    random = torch.Generator().manual_seed(0)
    classes = torch.arange(400) % 4 // 2  # both classes among even and odd numbers
    real = torch.randn(400, 6, generator=random)
    real[:, 0] += 2.0 * classes
    real[:, 4:] = torch.eye(2)[classes]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        teller = Teller(6, 4, 2)
        optimizer = torch.optim.AdamW(teller.parameters(), lr=1e-2)
        for _ in range(150):
            learn_to_tell(teller, optimizer, real, classes, torch.randint(0, 400, (100,), generator=random))
    teller.eval()
    right = teller(real).argmax(1) == classes
    assert right.float().mean() > 0.8 and torch.equal(teller(real), teller(real * torch.tensor([1.0] * 4 + [0.0] * 2)))
    numbers = torch.arange(400)
    assert float(told_otherwise(teller, real, real, classes, numbers).detach()) == pytest.approx(0.0, abs=1e-6)
    order = torch.cat([torch.where((classes == c) & (numbers % 2 == 1))[0].flip(0) for c in (0, 1)])
    shuffled = real.clone()
    shuffled[torch.cat([torch.where((classes == c) & (numbers % 2 == 1))[0] for c in (0, 1)])] = real[order]
    assert float(told_otherwise(teller, shuffled, real, classes, numbers).detach()) == pytest.approx(0.0, abs=1e-6)
    blurred = real.clone()
    blurred[:, 0] = 1.0
    assert float(told_otherwise(teller, blurred, real, classes, numbers).detach()) > 0.3
    assert float(told_otherwise(teller, blurred[::2], real, classes, numbers[::2]).detach()) == 0.0  # none is unseen


def test_a_target_s_rows_are_told_apart_as_well_as_real_ones(tmp_path: Path) -> None:
    rows = table()
    spec = GanSpec(steps=120, batch=200, pac=5, noise=16, width=64, rate=2e-3, memory=0.95)
    made = train_gan(Layout.of(rows), rows, spec, tmp_path, target="churned").rows(1000, list(rows))
    spend, churned = np.asarray(made["spend"], dtype=float), np.asarray(made["churned"]) == "yes"
    assert churned.mean() == pytest.approx(0.2, abs=0.05)
    assert np.median(spend[churned]) > np.median(spend[~churned]) + 20
