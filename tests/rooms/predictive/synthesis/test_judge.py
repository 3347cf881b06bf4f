"""What is measured of synthetic rows: against definitions, and on rows that remember too much."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr
from scipy.stats.contingency import association

from dono.predictive import Cell
from dono.predictive.synthesis import Layout, Records, association_distance, closest
from dono.predictive.synthesis.judge import associations, copies


def table(rows: int, seed: int) -> dict[str, list[Cell]]:
    random = np.random.default_rng(seed)
    plan = random.integers(0, 3, rows)
    return {
        "plan": [f"p{p}" for p in plan],
        "deal": [f"d{int(d)}" for d in (plan + random.integers(0, 2, rows)) % 3],
        "spend": np.round(random.normal(10 * plan, 5), 2).tolist(),
        "visits": [None if n % 11 == 0 else float(v) for n, v in enumerate(random.gamma(2, 20, rows).round(1))],
    }


def test_associations_are_those_of_scipy() -> None:
    rows = table(500, 0)
    del rows["visits"]
    rows["other"] = [float(s) ** 3 + n % 7 for n, s in enumerate(rows["spend"])]  # type: ignore[arg-type]
    layout = Layout.of(rows)
    found = associations(layout, rows)
    names = [column.name for column in layout.columns]
    counts = np.zeros((3, 3), dtype=int)
    for p, d in zip(rows["plan"], rows["deal"], strict=True):
        counts[int(str(p)[1]), int(str(d)[1])] += 1
    assert found[names.index("plan"), names.index("deal")] == pytest.approx(association(counts, method="cramer"))
    rank = abs(spearmanr(rows["spend"], rows["other"]).statistic)
    assert found[names.index("spend"), names.index("other")] == pytest.approx(rank)
    assert association_distance(layout, rows, rows) == 0


def test_distances_count_columns_and_the_closest_is_the_closest() -> None:
    rows = table(300, 0)
    records = Records(Layout.of(rows), rows)
    points, others = records.points(rows)[:50], records.points(table(200, 1))
    assert closest(points, others) == pytest.approx(cdist(points, others, "cityblock").min(1), abs=1e-5)
    moved = {name: list(cells) for name, cells in rows.items()}
    moved["plan"][0] = "p1" if rows["plan"][0] != "p1" else "p2"
    assert np.abs(records.points(moved)[0] - records.points(rows)[0]).sum() == pytest.approx(1)


def test_copies_are_found() -> None:
    rows = table(300, 0)
    records = Records(Layout.of(rows), rows)
    points = records.points(rows)
    assert copies(points[:5], points).all() and copies(records.points(table(300, 1)), points).mean() < 0.02
