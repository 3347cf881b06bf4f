"""Tables of a project: what a person can get wrong, each with its line, and what the verdict is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dono.errors import Mistake, Mistakes
from dono.predictive import TableModel, read_table
from dono.predictive.kept import kept
from dono.predictive.tables import table_size
from dono.predictive.uplift import UpliftModel
from dono.stages import decide, survey
from dono.stages.pilots import asking_seconds
from dono.stages.predictive import predictive_run
from dono.stages.prepare import Case, Prepared, table_case
from dono.stages.runs import measurements_of
from dono.stages.synthesize import write_table
from dono.stages.table_settings import found_in, search_plan, settings_of
from dono.stages.tables import parts_of
from dono.stages.workplace import Workplace, open_workplace


def rows(count: int, seed: int = 0) -> list[dict[str, str]]:
    """Customers who leave more often on plan a, and were called at random, which helps where calls are many."""
    random = np.random.default_rng(seed)
    found = []
    for n in range(count):
        plan, called, calls = random.choice(["a", "b"]), random.random() < 0.5, random.integers(0, 10)
        left = random.random() < 0.25 + 0.35 * (plan == "a") - 0.2 * (called and calls > 4)
        found.append({
            "customer": f"c{n // 2}", "day": f"2024-{1 + n * 11 // count:02d}-{1 + n % 28:02d}", "plan": str(plan),
            "calls": str(calls), "called": str(int(called)), "left": "yes" if left else "no",
        })  # fmt: skip
    return found


def project(folder: Path, table: Sequence[dict[str, str]], choices: str = "", *, target: str = "left") -> Workplace:
    """A project of one table."""
    text = ",".join(table[0]) + "\n" + "".join(",".join(row.values()) + "\n" for row in table)
    (folder / "t.csv").write_text(text, encoding="utf8")
    (folder / "dono.yaml").write_text(
        f"project: shop\nuse_cases: [{{name: churn, kind: predict, train: t.csv, target: {target}"
        f"{', table: {' + choices + '}' if choices else ''}}}]\nbudget: {{hours: 1}}\n", encoding="utf8"
    )  # fmt: skip
    return open_workplace(folder / "dono.yaml")


def case_of(place: Workplace) -> Case:
    use_case = place.project.use_cases[0]
    return Case(use_case, table_case(place, use_case), (), ())


def test_a_run_scores_in_every_way_and_says_how_the_table_was_parted(tmp_path: Path) -> None:
    place = project(tmp_path, rows(300), "time: day, group: customer, trials: 2")
    run = predictive_run(place, "predictive/boosting", case_of(place), 1.0)
    assert run.result["failed"] is None
    found = {m.metric: m for m in measurements_of(run)}
    assert {"auc", "average_precision", "lift", "brier", "accuracy", "macro_f1"} == set(found)
    assert all(m.stderr > 0 for m in found.values()) and found["auc"].value > 0.55
    notes = str(run.result["notes"])
    assert "held out: the newest" in notes and "2 settings compared" in notes
    assert {c.name for c in TableModel.load(run.path).reading.columns} == {"plan", "calls", "called"}


def test_settings_are_searched_once_and_read_back(tmp_path: Path) -> None:
    place = project(tmp_path, rows(200), "trials: 2")
    case = case_of(place)
    parts = parts_of(place, case.use_case)
    made = settings_of(place, case, parts)
    assert found_in(made).trials == 2 and not list(made.path.glob("trial-*"))
    assert settings_of(place, case, parts).made_by == made.made_by


def test_the_search_is_in_the_plan_and_bounded_by_the_clock(tmp_path: Path) -> None:
    place = project(tmp_path, rows(300), "trials: 10")
    plan = search_plan(case_of(place))
    assert plan.rows == 210  # seven tenths are learned from
    assert plan.seconds == pytest.approx(4e-6 * 6 * (210 * 10 * 4 + 300 * 4 * 1.875))
    (use_case,) = place.project.use_cases

    def planned(**changed: object) -> float:
        table = use_case.table.model_copy(update=changed)
        return search_plan(replace(case_of(place), use_case=use_case.model_copy(update={"table": table}))).seconds

    assert planned(trials=1) == pytest.approx(4e-6 * 6 * 300 * 1.875)
    assert planned(trials=1000, minutes=0.01) == pytest.approx(0.6 + 4e-6 * 6 * 300 * 4 * 1.875)
    prepared = Prepared(None, (case_of(place),))
    assert asking_seconds(place, prepared, []) == plan.seconds


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_the_size_of_a_table_is_told_without_reading_it(name: str, tmp_path: Path) -> None:
    write_table(tmp_path / name, {"a": [1, 2, 3], "b": ["x", None, "z"]})
    assert table_size(tmp_path / name) == (3, 2) and table_size(tmp_path / "gone.csv") == (0, 0)


def test_a_campaign_is_told_whom_to_call(tmp_path: Path) -> None:
    place = project(tmp_path, rows(900), "trials: 1, treated: called")
    run = predictive_run(place, "predictive/boosting", case_of(place), 1.0)
    assert run.result["failed"] is None
    notes = " ".join(map(str, run.result["notes"]))  # type: ignore[arg-type]
    assert "called: of the treated held out" in notes and "X-learner, Qini coefficient" in notes
    qini = next(m for m in measurements_of(run) if m.metric == "qini")
    assert qini.stderr > 0 and 268 <= qini.n <= 272
    assert isinstance(kept(run.path / "uplift", "UpliftModel"), UpliftModel)


def test_a_column_that_tells_the_target_is_named_for_the_verdict(tmp_path: Path) -> None:
    table = [{**row, "closed": "moved" if row["left"] == "yes" else ""} for row in rows(300)]
    place = project(tmp_path, table, "trials: 1")
    run = predictive_run(place, "predictive/boosting", case_of(place), 1.0)
    leaks = run.result["leaks"]
    assert isinstance(leaks, list) and str(leaks[0]).startswith("closed: alone it tells the target (100.0%")


def test_the_size_of_a_table_is_told_where_no_language_model_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = project(tmp_path, rows(60))
    survey.command(place.project.folder / "dono.yaml", ())
    said = capsys.readouterr().out
    assert "churn: a table of about 60 rows" in said and "0 examples" not in said


def test_fifty_rows_are_learned_from_with_a_warning(tmp_path: Path) -> None:
    place = project(tmp_path, rows(50), "trials: 1")
    run = predictive_run(place, "predictive/boosting", case_of(place), 1.0)
    notes = str(run.result["notes"])
    assert run.result["failed"] is None and "only 35 rows to learn from" in notes


@pytest.mark.parametrize(
    ("choices", "target", "line"),
    [
        ("", "gone", r"use_cases\[churn\].target: no column 'gone'. Columns: customer, day, plan"),
        ("time: when", "left", r"table.time: no column 'when'. Columns: "),
        ("group: who", "left", r"table.group: no column 'who'"),
        ("treated: given", "left", r"table.treated: no column 'given'"),
        ("time: plan", "left", r"table.time: 120 of 120 cells of 'plan' are no certain date \(such as '[ab]'\)"),
        ("", "same", r"use_cases\[churn\].train: every row is 'x'. Give rows of at least two classes"),
    ],
)
def test_what_is_wrong_with_a_table_is_one_line(tmp_path: Path, choices: str, target: str, line: str) -> None:
    place = project(tmp_path, [{**row, "same": "x"} for row in rows(120)], choices, target=target)
    with pytest.raises(Mistake, match=line):
        parts_of(place, place.project.use_cases[0])
    failed = predictive_run(place, "predictive/boosting", case_of(place), 1.0).result["failed"]
    assert failed is not None and "\n" not in str(failed)


def test_rows_of_no_certain_date_are_left_out_and_counted(tmp_path: Path) -> None:
    table = rows(200)
    table[3]["day"] = table[9]["day"] = "soon"
    place = project(tmp_path, table, "time: day")
    parts = parts_of(place, place.project.use_cases[0])
    assert len(parts.train.labels) + len(parts.test.labels) == 198
    assert "2 of 200 cells of 'day' are no certain date (such as 'soon'); these rows are left out" in parts.notes


def test_a_time_in_three_forms_is_read_in_one_order_and_said(tmp_path: Path) -> None:
    table = rows(120)
    for n, row in enumerate(table):
        year, month, day = row["day"].split("-")
        name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"][int(month) - 1]
        row["day"] = (row["day"], f"{day}/{month}/{year}", f"{int(day)} {name} {year}")[n % 3]
    place = project(tmp_path, table, "time: day")
    parts = parts_of(place, place.project.use_cases[0])
    assert parts.notes[0].startswith("day: dates in ") and parts.notes[0].endswith("read with the day first")
    assert parts.times is not None and len(parts.times) == len(parts.train.labels) < 100


def test_table_choices_are_for_tables(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text("{}")
    (tmp_path / "dono.yaml").write_text(
        "project: p\nbudget: {hours: 1}\nuse_cases: [{name: a, kind: classify, train: t.jsonl, test: t.jsonl, "
        "table: {tims: x}}]\n"
    )
    with pytest.raises(Mistakes, match="Did you mean 'time'"):
        open_workplace(tmp_path / "dono.yaml")


def test_of_a_table_larger_than_memory_a_sample_is_read_and_said(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_text("n,y\n" + "".join(f"{n},{n % 2}\n" for n in range(20_000)), encoding="utf8")
    table = read_table(path, most_cells=2000)
    numbers = [int(str(cell)) for cell in table.columns["n"]]
    assert len(numbers) == 1000 and numbers == sorted(set(numbers))
    assert 9000 < np.mean(numbers) < 11_000 and "1,000 of 20,000 rows were drawn at random" in table.notes[0]
    assert read_table(path, most_cells=2000).columns == table.columns


def test_where_nothing_could_be_measured_nothing_is_to_be_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = project(tmp_path, [{**row, "left": "yes"} for row in rows(60)])
    decide.command(place.project.folder / "dono.yaml", (), dry_run=False)
    said = capsys.readouterr().out
    assert "every row is 'yes'. Give rows of at least two classes" in said and "dono build" not in said
