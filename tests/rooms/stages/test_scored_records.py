"""Habits on a scorecard: records held out by region and period, as counting and a language model expected them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dono.evals.scorecard import CLUSTER
from dono.stages.build import build
from dono.stages.evaluate import scorecard
from dono.stages.habits import records_of
from dono.stages.lift import answer_by_counts
from dono.stages.model_stages import Stage, stage_at
from dono.stages.prepare import prepare
from dono.stages.scored_records import records_by_counts
from tests.rooms.stages.test_habits import case_of, rows, write


def test_the_card_of_counts_and_of_a_model_is_by_region_and_period(tmp_path: Path, base_folder: Path) -> None:
    place = write(tmp_path, test=rows("new", 6))
    case = case_of(place)
    (built,) = build(place, route="predictive/counts", only="habits")
    assert (built.artifact.path / "scorecard.html").is_file()
    counts = stage_at(place, "counts", built.artifact.path)
    assert counts is not None and counts.arm == "predictive/counts"
    stages = [Stage("base", str(base_folder)), counts]
    card, _ = scorecard(place, stages, prepare(place).cases, limit=10)
    of = {(c.stage, c.measure, c.region, c.segment): c for c in card.cells}
    scores = {s.metric: s for s in answer_by_counts(case, 1.0, tmp_path)[1]}
    whole = of["counts", "category_bits", "all", "all"]
    assert whole.value == pytest.approx(scores["category_bits"].value) and whole.n == 480
    assert whole.stderr == pytest.approx(scores["category_bits"].stderr, rel=0.2)
    assert of["counts", "lift_correlation", "all", "all"].value == pytest.approx(scores["lift_correlation"].value)
    assert {region for _, _, region, _ in of} == {"all", "Bihar", "Kerala"}
    assert {segment for _, _, _, segment in of} == {"all", "period: Onam", "period: Diwali"}
    change = next(c for c in card.changes if (c.measure, c.region, c.segment) == ("category_bits", "Kerala", "all"))
    assert change.surely == "better" and change.n == 240 and change.hi < 0


def test_a_record_is_its_customers_and_a_cell_gives_all_categories(tmp_path: Path) -> None:
    case = case_of(write(tmp_path))
    records, _ = records_of(case.artifact)
    table = records_by_counts(write(tmp_path), case, 10, tmp_path)
    assert (table[CLUSTER] == records.customer).all() and set(table["expected"]) == {"lamp", "rice"}
    assert np.exp(table["category_nats"]).sum(1) == pytest.approx(1)
    own = np.take_along_axis(table["category_nats"], table["category"][:, None], 1)[:, 0]
    assert table["category_bits"] == pytest.approx(-own / np.log(2))
