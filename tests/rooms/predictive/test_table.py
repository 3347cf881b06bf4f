"""Tables: odd columns are handled and named, and a real one is learned well."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from dono.errors import Mistake
from dono.predictive import Cell, Found, TableModel, positive_class, read_table, take, take_target
from dono.predictive.learners import Settings
from dono.predictive.tables import as_number, is_date

CHURN = Path(__file__).parents[4] / "shared" / "corpora" / "tabular" / "telco_customer_churn.csv"


def made(count: int = 300, seed: int = 0) -> tuple[dict[str, list[Cell]], list[str]]:
    """A table whose class depends on `plan` and `spend`; the other columns are odd in one way each."""
    rng = np.random.default_rng(seed)
    plan = rng.choice(["gold", "silver", "none"], count)
    spend = rng.gamma(2, 50, count)
    chance = np.where(plan == "gold", 0.1, 0.6) + np.where(spend > 100, 0.3, 0)
    labels = ["yes" if rng.random() < p else "no" for p in chance]
    columns: dict[str, list[Cell]] = {
        "customer_id": [f"C{n:05d}" for n in range(count)],
        "row_no": [str(n) for n in range(count)],
        "plan": [str(p) for p in plan],
        "spend": ["  " if n % 30 == 0 else f"₹{s:,.2f}" for n, s in enumerate(spend)],
        "country": ["IN"] * count,
        "joined": [date(2024, 1, 1 + n % 28).isoformat() for n in range(count)],
        "remark": [f"said thing {n} about {n * 7}" for n in range(count)],
    }
    return columns, labels


def trees(count: int) -> TableModel:
    """A small model: few trees of the plain settings."""
    return TableModel(Found(members=((Settings(trees=count), 1.0),)))


def test_odd_columns_are_left_out_and_named() -> None:
    model = trees(20).fit(*made())
    kinds = {column.name: column.kind for column in model.reading.columns}
    assert kinds == {"plan": "category", "spend": "number", "joined": "date", "remark": "text"}
    notes = " | ".join(model.notes)
    for name in ("customer_id: 300 different", "row_no: a different number", "country: the same", "remark: text"):
        assert name in notes
    assert "spend: numbers; 10 cells without one are taken as missing" in notes


def test_a_table_is_learned_and_new_or_absent_cells_are_missing() -> None:
    columns, labels = made(1500)
    model = TableModel().fit(columns, labels, seed=1)
    unseen, truth = made(1500, seed=5)
    scores = model.predict_proba(unseen)[:, model.classes.index("yes")]
    assert roc_auc_score([label == "yes" for label in truth], scores) > 0.75
    odd = model.predict_proba({"plan": ["platinum", None, "gold"]})
    assert odd.shape == (3, 2) and np.allclose(odd[0], odd[1]) and not np.allclose(odd[0], odd[2])


def test_a_column_that_tells_the_target_is_named() -> None:
    columns, labels = made()
    columns["closed_reason"] = ["moved" if label == "yes" else "" for label in labels]
    assert [leak.split(":")[0] for leak in trees(5).fit(columns, labels).leaks] == ["closed_reason"]


def test_one_class_no_useful_column_and_no_rows() -> None:
    assert TableModel().fit({"a": ["1", "2"]}, ["x", "x"]).predict({"a": ["5"]}) == ["x"]
    useless = TableModel().fit({"a": ["k", "k", "k"]}, ["x", "y", "x"])
    assert useless.predict({"a": ["k"]}) == ["x"] and "no column" in useless.notes[-1]
    with pytest.raises(Mistake, match="no row"):
        TableModel().fit({"a": []}, [])


def test_many_classes_and_many_categories_are_carried() -> None:
    words: list[Cell] = [f"town {n % 400}" for n in range(1200)]
    labels = [str(n % 3) for n in range(1200)]
    model = trees(3).fit({"town": words, "size": [n % 3 for n in range(1200)]}, labels)
    assert model.predict_proba({"town": ["town 1"], "size": [1]}).shape == (1, 3)


def test_a_saved_table_model_answers_as_before(tmp_path: Path) -> None:
    columns, labels = made()
    model = trees(10).fit(columns, labels)
    model.save(tmp_path)
    assert (TableModel.load(tmp_path).predict_proba(columns) == model.predict_proba(columns)).all()


def test_the_same_seed_gives_the_same_model() -> None:
    columns, labels = made()
    first, second = (trees(10).fit(columns, labels, seed=2).predict_proba(columns) for _ in range(2))
    assert (first == second).all()


def test_csv_is_read_whatever_its_delimiter_and_ragged_rows_are_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('\ufeffa;b\n1;"x;y"\n2\n\n3;z\n', encoding="utf8")
    table = read_table(path)
    assert table.columns == {"a": ["1", "3"], "b": ["x;y", "z"]}
    assert table.set_aside == ((3, "1 cells, the header has 2"),)


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1.5, None], "day": [date(2025, 1, 2), None], "y": [1.0, 0.0]}), path)
    labelled = take_target(read_table(path), "y")
    assert labelled.columns == {"a": [1.5, None], "day": [date(2025, 1, 2), None]} and labelled.labels == ["1", "0"]


def test_rows_without_a_target_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,y\n1,yes\n2,\n3,no\n")
    labelled = take_target(read_table(path), "y")
    assert labelled.labels == ["yes", "no"] and labelled.without_target == 1 and labelled.columns == {"a": ["1", "3"]}


def test_mistakes_in_a_table_name_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,y\n" + "".join(f"{n},{n * 1.5}\n" for n in range(300)))
    with pytest.raises(Mistake, match=r"no column 'z'.*Columns: a, y"):
        take_target(read_table(path), "z")
    with pytest.raises(Mistake, match="300 different values, which are no classes"):
        take_target(read_table(path), "y")
    path.write_text("a,a\n1,2\n")
    with pytest.raises(Mistake, match="'a' is there twice"):
        read_table(path)
    path.write_text("a,b\n")
    with pytest.raises(Mistake, match="no rows"):
        read_table(path)
    path.write_bytes(b"a,b\n\xff,1\n")
    with pytest.raises(Mistake, match="not UTF-8"):
        read_table(path)
    with pytest.raises(Mistake, match="no table"):
        read_table(tmp_path / "t.xlsx")


def test_cells_are_told_apart() -> None:
    assert as_number("१२.५") == 12.5 and as_number("₹1,29,999") == 129999 and as_number("12 %") == 12
    assert np.isnan(as_number(" ") or 0) and np.isnan(as_number("N/A") or 0) and as_number("abc") is None
    assert is_date("2024-02-29") and is_date("29/02/2024") and is_date("2024-02-29 10:00:00")
    assert not is_date("20240229") and not is_date("tomorrow") and not is_date("99/99/2024")


def test_the_positive_class_is_the_affirmative_one() -> None:
    assert positive_class(("No", "Yes")) == "Yes" and positive_class(("0", "1")) == "1"
    assert positive_class(("left", "stayed")) == "stayed"


@pytest.mark.skipif(not CHURN.is_file(), reason="the telco churn table is not at hand")
def test_churn_of_a_real_telephone_company_is_predicted() -> None:
    labelled = take_target(read_table(CHURN), "Churn")
    order = np.random.default_rng(0).permutation(len(labelled.labels)).tolist()
    train, test = order[:5000], order[5000:]
    labels = [labelled.labels[row] for row in train]
    model = TableModel().fit(take(labelled.columns, train), labels)
    scores = model.predict_proba(take(labelled.columns, test))[:, model.classes.index("Yes")]
    assert roc_auc_score([labelled.labels[row] == "Yes" for row in test], scores) > 0.82
    assert any(note.startswith("customerID") for note in model.notes)
    assert any(note.startswith("TotalCharges: numbers") for note in model.notes)
