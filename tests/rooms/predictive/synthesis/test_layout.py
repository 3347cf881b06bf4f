"""A table becomes rows for the GAN and back: shapes, kinds of cells, and what is never written out."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from dono.predictive import Cell
from dono.predictive.synthesis import Layout, independent
from dono.predictive.synthesis.layout import Levels, Number


def table(rows: int = 600) -> dict[str, list[Cell]]:
    """One column of each kind that needs care."""
    random = np.random.default_rng(0)
    spend = np.where(random.random(rows) < 0.5, random.normal(20, 1, rows), random.normal(80, 5, rows))
    return {
        "customer_id": [f"C{n:04d}" for n in range(rows)],
        "country": ["IN"] * rows,
        "spend": [None if n % 10 == 0 else round(float(s), 2) for n, s in enumerate(spend)],
        "visits": [int(v) for v in random.poisson(30, rows)],
        "joined": [(date(2023, 1, 1) + timedelta(days=int(d))).isoformat() for d in random.integers(0, 700, rows)],
        "town": [f"town {int(n)}" for n in random.integers(0, 140, rows) ** 2 // 140],
        "note": ["only mine" if n == 7 else None if n % 3 else "x" for n in range(rows)],
        "flag": [int(f) for f in random.integers(0, 2, rows)],
    }


def test_encoded_rows_come_back_as_they_were_but_for_what_is_rare() -> None:
    rows, random = table(), np.random.default_rng(1)
    layout = Layout.of(rows)
    back = layout.decode(layout.encode(rows, random), list(rows), random)
    assert list(back) == [name for name in rows if name != "customer_id"]
    assert back["country"] == rows["country"] and back["flag"] == rows["flag"]
    assert [cell is None for cell in back["spend"]] == [cell is None for cell in rows["spend"]]
    near = [abs(float(a) - float(b)) < 0.02 for a, b in zip(back["spend"], rows["spend"], strict=True) if a is not None]  # type: ignore[arg-type]
    assert np.mean(near) > 0.97  # the outermost five are drawn in
    assert np.mean([a == b for a, b in zip(back["visits"], rows["visits"], strict=True)]) > 0.97
    assert np.mean([a.isoformat() == b for a, b in zip(back["joined"], rows["joined"], strict=True)]) > 0.97  # type: ignore[union-attr]


def test_nothing_that_only_few_have_is_written_out() -> None:
    rows, random = table(), np.random.default_rng(1)
    layout = Layout.of(rows)
    back = layout.decode(layout.encode(rows, random), list(rows), random)
    assert "only mine" not in back["note"] and back["note"][7] == "(rare)"
    assert max(v for v in back["visits"]) <= sorted(rows["visits"])[-5]  # type: ignore[type-var]
    counts = {town: rows["town"].count(town) for town in set(rows["town"])}
    assert all(town == "(rare)" or counts[town] >= 5 for town in back["town"])
    assert any("customer_id" in note for note in layout.notes) and any("(rare)" in note for note in layout.notes)


def test_each_mode_of_a_number_is_found() -> None:
    layout = Layout.of(table())
    spend = next(c for c in layout.columns if c.name == "spend")
    assert isinstance(spend, Number) and spend.blanks and spend.decimals == 2
    assert any(abs(mean - 20) < 1 for mean in spend.means) and any(abs(mean - 80) < 3 for mean in spend.means)
    assert isinstance(next(c for c in layout.columns if c.name == "flag"), Levels)


def test_independent_columns_have_the_tables_shares_and_nothing_between_them() -> None:
    random = np.random.default_rng(0)
    one = random.integers(0, 2, 3000)
    rows: dict[str, list[Cell]] = {
        "a": one.tolist(),
        "b": one.tolist(),
        "n": (one * 50 + random.normal(size=3000)).tolist(),
    }
    made = independent(Layout.of(rows), rows, 4000)
    same = np.mean([a == b for a, b in zip(made["a"], made["b"], strict=True)])
    assert same == pytest.approx(0.5, abs=0.04) and np.mean([bool(a) for a in made["a"]]) == pytest.approx(
        0.5, abs=0.04
    )
    assert np.mean([float(n) > 25 for n in made["n"]]) == pytest.approx(0.5, abs=0.05)  # type: ignore[arg-type]
