"""`dono synthesize`: a table is made and released; one that remembers people is not."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from dono.cli import dono
from dono.errors import Mistake
from dono.predictive import Cell
from dono.predictive.synthesis import Layout, independent
from dono.stages import synthesize
from dono.stages.synthetic_figures import figures_of, page


def shop(rows: int, seed: int) -> dict[str, list[Cell]]:
    random = np.random.default_rng(seed)
    left = random.random(rows) < 0.3
    return {
        "spend": np.round(random.normal(20 + 30 * left, 5), 2).tolist(),
        "visits": np.round(random.gamma(3, 10, rows), 2).tolist(),
        "left": ["yes" if flag else "no" for flag in left],
    }


def written(folder: Path, rows: int = 400) -> Path:
    path = folder / "shop.csv"
    synthesize.write_table(path, shop(rows, 0))
    return path


def test_a_table_is_made_judged_and_released(tmp_path: Path) -> None:
    table, out = written(tmp_path), tmp_path / "made.csv"
    words = ["synthesize", str(table), "--target", "left", "--out", str(out), "--steps", "20", "--rows", "150"]
    found = CliRunner().invoke(dono, [*words, "--work", str(tmp_path / "work")], catch_exceptions=False)
    assert found.exit_code == 0 and "| independent columns |" in found.output and "Released." in found.output
    with out.open(encoding="utf8") as file:
        made = list(csv.DictReader(file))
    assert len(made) == 150 and list(made[0]) == ["spend", "visits", "left"]
    assert {row["left"] for row in made} <= {"yes", "no"}
    assert (tmp_path / "made.md").read_text(encoding="utf8").startswith("# Synthetic rows for shop.csv")


def test_rows_that_are_learned_by_heart_are_not_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Parrot:
        def __init__(self, learned: dict[str, list[Cell]]) -> None:
            self.learned = learned

        def rows(self, count: int, names: list[str], *, seed: int) -> dict[str, list[Cell]]:
            return {name: self.learned[name][:count] for name in names}

    monkeypatch.setattr(synthesize, "train_gan", lambda layout, rows, spec, folder, **_: parrot(folder, rows))

    def parrot(folder: Path, rows: dict[str, list[Cell]]) -> Parrot:
        (folder / "gan.pt").touch()
        return Parrot(rows)

    order = synthesize.Order(table=written(tmp_path), target="left", rows=200, steps=1, seed=0)
    with pytest.raises(Mistake, match=r"not released: .*nearer to a row learned from.*are copies"):
        synthesize.command(order, tmp_path / "made.csv", work=tmp_path / "work", dry_run=False)
    assert not (tmp_path / "made.csv").exists() and "Not released" in (tmp_path / "made.md").read_text()


def test_independent_columns_pass_for_privacy_and_hang_together_in_nothing() -> None:
    train, test = shop(900, 0), shop(400, 1)
    layout = Layout.of(train)
    alone = independent(layout, train, 900)
    figures = figures_of(layout, train, test, train, alone, target="left", seed=0)
    assert figures.real.auc is not None and figures.real.auc > 0.95
    assert figures.independent.association_distance > 0.2 and figures.made.association_distance == 0
    assert figures.membership > 0.95 and len(figures.failed) == 3
    fine = figures_of(layout, train, test, alone, alone, target=None, seed=0)
    assert fine.failed == [] and fine.membership == pytest.approx(0.5, abs=0.06)
    assert "AUC on unseen" not in page("t", fine, []) and fine.by_target == 0.5


def test_rows_learned_from_are_told_by_their_target_where_it_was_learned_by_heart() -> None:
    random = np.random.default_rng(0)

    def drawn(count: int) -> dict[str, list[Cell]]:
        """Nothing tells who left, so that whoever knows has seen the row."""
        values: dict[str, list[Cell]] = {f"x{n}": random.normal(size=count).tolist() for n in range(4)}
        return values | {"left": random.choice(["yes", "no"], count).tolist()}

    train, test = drawn(600), drawn(600)
    layout = Layout.of(train)
    heart = figures_of(layout, train, test, train, train, target="left", seed=0)
    assert heart.by_target > 0.7 and any("by their target" in said for said in heart.failed)
    fresh = figures_of(layout, train, test, drawn(600), train, target="left", seed=0)
    assert fresh.by_target == pytest.approx(0.5, abs=3 * fresh.by_target_error) and fresh.failed == []


@pytest.mark.parametrize(
    ("rows", "words", "line"),
    [
        (50, [], "50 rows are too few to tell a likeness from a copy. Give at least 200"),
        (250, ["--target", "gone"], "--target: no column 'gone'. Columns: spend, visits, left"),
        (250, ["--rows", "-5"], "--rows: too few"),
        (250, ["--out", "made.xlsx"], "--out: .xlsx is no table"),
    ],
)
def test_what_cannot_be_made_is_one_line(tmp_path: Path, rows: int, words: list[str], line: str) -> None:
    found = CliRunner().invoke(dono, ["synthesize", str(written(tmp_path, rows)), "--dry-run", *words])
    assert isinstance(found.exception, Mistake) and line in str(found.exception)
