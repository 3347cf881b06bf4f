"""Tables on a scorecard: rows held out by place, language and segment, of trees and of a model asked in words."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from dono.errors import Mistake, Mistakes
from dono.evals.scorecard import CLUSTER, FEWEST, SEGMENT
from dono.predictive import TableModel
from dono.stages.build import build
from dono.stages.evaluate import card_of_build, command, scorecard
from dono.stages.model_stages import Stage, newest_stages, stage_at
from dono.stages.predictive import predictive_run
from dono.stages.prepare import prepare
from dono.stages.scored_rows import asked_rows, rows_by_trees
from dono.stages.tables import parts_of
from dono.stages.workplace import Workplace, open_workplace

PROJECT = """
project: shop
use_cases:
  - name: churn
    kind: predict
    train: t.csv
    target: left
    table: {{trials: 1, {choices}}}
budget: {{hours: 1}}
bases: [{base}]
routes: {routes}
scratch: {{width: 32, layers: 2, heads: 2, vocabulary: 400, context: 64}}
"""
CHOICES = "region: state, language: tongue, segments: [plan, paid]"
STATES = {"Bihar": "Hindi", "Kerala": "ml", "Goa": "kok"}


def shop(folder: Path, choices: str = CHOICES, *, base: str = "", routes: str = "[predictive]") -> Workplace:
    """Customers of three states; of Goa there are few. Who is on plan a leaves more often, in Kerala nearly always."""
    random = np.random.default_rng(0)
    lines = ["customer,state,tongue,plan,paid,calls,left"]
    for n in range(700):
        state = random.choice(["Bihar", "Kerala", "Goa"], p=[0.6, 0.37, 0.03])
        plan, calls = random.choice(["a", "b"]), random.integers(0, 10)
        chance = 0.2 + (0.7 if state == "Kerala" else 0.25) * (plan == "a")
        left = "yes" if random.random() < chance else "no"
        lines.append(f"c{n // 3},{state},{STATES[str(state)]},{plan},{n % 2},{calls},{left}")
    (folder / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf8")
    (folder / "dono.yaml").write_text(PROJECT.format(choices=choices, base=base, routes=routes), encoding="utf8")
    return open_workplace(folder / "dono.yaml")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    return shop(tmp_path_factory.mktemp("rows"))


@pytest.fixture(scope="module")
def trees(place: Workplace) -> Path:
    """The model that `dono build` leaves, with its card."""
    (built,) = build(place, route="predictive", only="churn")
    return built.artifact.path


def test_a_built_model_of_a_table_has_a_card_by_place_language_and_segment(place: Workplace, trees: Path) -> None:
    cells = pq.read_table(trees / "scorecard.parquet").to_pylist()
    of = {(c["measure"], c["language"], c["region"], c["segment"]): c for c in cells}
    parts, model = parts_of(place, place.project.use_cases[0]), TableModel.load(trees)
    truth = np.array([label == "yes" for label in parts.test.labels])
    chances = model.predict_proba(parts.test.columns)[:, list(model.classes).index("yes")]
    in_kerala = np.array([state == "Kerala" for state in parts.test.columns["state"]])
    for rows, language, region in ((slice(None), "all", "all"), (in_kerala, "ml", "Kerala")):
        for measure, by in (
            ("auc", roc_auc_score), ("average_precision", average_precision_score), ("brier", brier_score_loss),
        ):  # fmt: skip
            cell = of[measure, language, region, "all"]
            assert cell["value"] == pytest.approx(by(truth[rows], chances[rows])) and cell["stderr"] > 0
            assert cell["n"] == truth[rows].size
    assert of["auc", "kok", "Goa", "all"]["n"] < FEWEST and of["auc", "kok", "Goa", "all"]["value"] is None
    assert of["auc", "hi", "all", "all"]["value"] is not None  # "Hindi" is a language as `hi` is
    assert {s for _, _, _, s in of} == {"all", "plan: a", "plan: b", "paid: 0", "paid: 1"}
    page = (trees / "scorecard.html").read_text(encoding="utf8")
    assert (
        "plan: a" in page and "Malayalam, Kerala" in page and f"too few ({of['auc', 'kok', 'Goa', 'all']['n']})" in page
    )
    assert "## Scorecard of churn: predictive/boosting" in (trees / "README.md").read_text(encoding="utf8")


def test_before_and_after_are_compared_on_the_same_rows(place: Workplace, trees: Path, tmp_path: Path) -> None:
    poorer = predictive_run(place, "predictive/boosting", prepare(place).cases[0], 0.125).path
    command(
        place.project.folder / "dono.yaml", (), models=(f"old={poorer}", f"new={trees}"), text=None, use_case=None,
        limit=10, judge=False, desk=None, out=tmp_path,
    )  # fmt: skip
    changes = pq.read_table(tmp_path / "changes.parquet").to_pylist()
    whole = {c["measure"]: c for c in changes if (c["region"], c["segment"], c["language"]) == ("all", "all", "all")}
    assert {"auc", "average_precision", "brier", "lift"} < set(whole)
    assert whole["auc"]["n"] == len(parts_of(place, place.project.use_cases[0]).test.labels)  # no model limits the rows
    assert whole["auc"]["lo"] < whole["auc"]["value"] < whole["auc"]["hi"] and whole["auc"]["stderr"] > 0
    assert "**churn**: area under the ROC curve" in (tmp_path / "scorecard.md").read_text(encoding="utf8")
    assert [s.arm for s in newest_stages(place)] == ["predictive/boosting"]


def test_a_language_model_is_asked_about_the_same_rows_in_words(tmp_path: Path, base_folder: Path) -> None:
    shutil.copytree(base_folder, tmp_path / "base")
    place = shop(tmp_path, base="./base", routes="[predictive, prompt]")
    case = prepare(place).cases[0]
    run = predictive_run(place, "predictive/boosting", case, 1.0)
    trees = stage_at(place, "trees", run.path)
    assert trees is not None
    card, tables = scorecard(place, [trees, Stage("words", str(tmp_path / "base"))], [case], limit=60)
    ours, theirs = tables["churn"]["trees"], tables["churn"]["words"]
    assert (ours["expected"] == theirs["expected"]).all() and len(ours["expected"]) == 60
    assert (ours["region"] == theirs["region"]).all() and theirs["probabilities"].sum(1) == pytest.approx(1)
    assert {c.measure for c in card.changes} >= {"auc", "brier"}
    alone = place.project.model_copy(update={"routes": ("predictive",)})
    with pytest.raises(Mistake, match="words can answer none of them: churn"):
        scorecard(replace(place, project=alone), [Stage("words", str(tmp_path / "base"))], [case], limit=60)


def test_rows_of_a_group_come_together(tmp_path: Path) -> None:
    place = shop(tmp_path, f"group: customer, {CHOICES}")
    case = prepare(place).cases[0]
    run = predictive_run(place, "predictive/boosting", case, 1.0)
    table = rows_by_trees(place, case, 1000, run.path)
    parts = parts_of(place, case.use_case)
    assert parts.test_groups is not None and table[CLUSTER].tolist() == parts.test_groups
    assert not set(parts.test_groups) & set(parts.groups or ())
    assert table[SEGMENT + "plan"].tolist() == parts.test.columns["plan"]


def test_what_is_shown_does_not_change_what_is_learned(tmp_path: Path) -> None:
    place = shop(tmp_path)
    case = prepare(place).cases[0]
    run = predictive_run(place, "predictive/boosting", case, 0.125)
    other = case.use_case.model_copy(update={"table": case.use_case.table.model_copy(update={"segments": ("calls",)})})
    changed = replace(case, use_case=other)
    assert predictive_run(place, "predictive/boosting", changed, 0.125).id == run.id
    assert asked_rows(place, changed, 10) != asked_rows(place, case, 10)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ("region: city", "table.region: no column 'city'"),
        ("segments: [plan, tariff]", "table.segments: no column 'tariff'"),
        ("segments: [customer]", "'customer' has "),
        ("language: plan", "table.language: 'a' is no language that is known. Write names (Hindi) or codes"),
    ],
)
def test_a_column_that_gives_no_rows_is_one_line(choices: str, said: str, tmp_path: Path) -> None:
    place = shop(tmp_path)
    run = predictive_run(place, "predictive/boosting", prepare(place).cases[0], 1.0)
    wrong = shop(tmp_path, choices)
    with pytest.raises(Mistake) as found:
        rows_by_trees(wrong, prepare(wrong).cases[0], 1000, run.path)
    assert said in str(found.value) and "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ("segments: [left]", "'left' is the target"),
        ("group: customer, region: customer", "the table is split by 'customer'"),
    ],
)
def test_columns_that_cannot_give_rows_are_refused_at_once(choices: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match=said):
        shop(tmp_path, choices)


def test_a_model_fitted_elsewhere_is_not_read(place: Workplace, trees: Path, tmp_path: Path) -> None:
    shutil.copytree(trees, tmp_path / "theirs")
    assert stage_at(place, "theirs", tmp_path / "theirs") is None  # reading one runs code
    case = prepare(place).cases[0]
    run = predictive_run(place, "predictive/boosting", case, 1.0)
    assert card_of_build(place, prepare(place), case, run, str(tmp_path / "theirs")) is None
