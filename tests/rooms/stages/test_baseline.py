"""The score of a constant answer, as scikit-learn's dummy has it, and its way to the head."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, average_precision_score, brier_score_loss, f1_score

from dono.artifacts import Artifact, Store
from dono.corpus import Example
from dono.decisions import ArmEvidence
from dono.project import Budget, MachineChoice, MetricName, Project, UseCase
from dono.stages.baseline import lifts_between, unlearned_of
from dono.stages.choosing import Head, questions
from dono.stages.display import Display
from dono.stages.further import Further
from dono.stages.prepare import Case, Prepared
from dono.stages.workplace import Workplace

TRAIN = ["no"] * 7 + ["yes"] * 3
TEST = ["no"] * 5 + ["yes"] * 5
DUMMY = DummyClassifier(strategy="prior").fit(np.zeros((10, 1)), TRAIN)
SAID, CHANCES = DUMMY.predict(np.zeros((10, 1))), DUMMY.predict_proba(np.zeros((10, 1)))[:, 1]
HAPPENED = np.array([label == "yes" for label in TEST])


def rows(labels: Sequence[str]) -> tuple[Example, ...]:
    return tuple(Example(f"{i}", label, None) for i, label in enumerate(labels))


def case(
    metric: MetricName | None, train: Sequence[str] = TRAIN, test: Sequence[str] = TEST, kind: str = "classify"
) -> Case:
    told = {"target": "left"} if kind == "predict" else {}
    use_case = UseCase.model_validate({"name": "t", "kind": kind, "train": "a", "test": "b", "metric": metric, **told})
    return Case(use_case, Artifact("examples", "x", "t", Path(), {}, (), {}, {}), rows(train), rows(test))


@pytest.mark.parametrize(
    ("kind", "metric", "expected"),
    [
        ("classify", "accuracy", accuracy_score(TEST, SAID)),
        ("classify", "macro_f1", f1_score(TEST, SAID, average="macro", zero_division=0)),
        ("predict", "accuracy", accuracy_score(TEST, SAID)),
        ("predict", "macro_f1", f1_score(TEST, SAID, average="macro", zero_division=0)),
        ("predict", "brier", brier_score_loss(HAPPENED, CHANCES)),
        ("predict", "average_precision", average_precision_score(HAPPENED, CHANCES)),
    ],
)  # fmt: skip
def test_it_is_the_score_of_the_libraries_own_dummy(kind: str, metric: MetricName, expected: float) -> None:
    assert unlearned_of(case(metric, kind=kind)) == pytest.approx(expected)


def test_the_label_is_the_most_frequent_to_learn_from_not_the_most_frequent_of_the_test() -> None:
    assert unlearned_of(case("accuracy", ["a", "a", "b", "c"], ["b", "b", "b", "a", "c"])) == pytest.approx(0.2)


@pytest.mark.parametrize(
    "asked",
    [
        case(None, kind="generate"),
        case("auc", kind="predict"),  # the metric's own
        case("lift", kind="predict"),  # see `lifts_between`
        case("brier", (), (), kind="predict"),  # no model is asked about the rows
        case("accuracy", TRAIN, ["no"] * 4),  # nothing is left to learn
    ],
)  # fmt: skip
def test_where_there_is_no_such_level_none_is_said(asked: Case) -> None:
    assert unlearned_of(asked) is None


@pytest.mark.parametrize(
    ("scored", "expected"),
    [
        ([["yes"] * 5 + ["no"] * 5, []], (2.0, 1.0)),
        ([["yes"] * 5 + ["no"] * 5, ["yes"] * 2 + ["no"] * 6], (4.0, 1.0)),  # of fewer rows more is possible
        ([["yes"] * 5 + ["no"] * 5, ["no"] * 6], (2.0, 1.0)),
        ([["yes"] + ["no"] * 30], (None, 1.0)),  # ten, as the metric has it
        ([["a", "b", "c"], []], (None, None)),
        ([[], []], (None, None)),
    ],
)
def test_the_most_lift_is_what_a_perfect_order_of_the_rows_has(
    scored: Sequence[Sequence[str]], expected: tuple[float | None, float | None]
) -> None:
    assert lifts_between(scored) == pytest.approx(expected)


def test_the_head_is_told_of_lifts(tmp_path: Path) -> None:
    rows_told = "".join(f"{n},{'yes' if n % 2 else 'no'}\n" for n in range(40))
    (tmp_path / "t.csv").write_text(f"age,left\n{rows_told}", encoding="utf8")
    use_case = UseCase(name="t", kind="predict", train="t.csv", target="left", metric="lift")
    project = Project(project="p", use_cases=(use_case,), budget=Budget(hours=1), folder=tmp_path)
    place = Workplace(project, Store(tmp_path), Display())
    asked = Case(use_case, Artifact("examples", "x", "t", Path(), {}, (), {}, {}), (), ())
    head = Head(place, Prepared(None, (asked,)), (), cast("Further", SimpleNamespace()))
    question = questions(place, {"t": []}, head.between)["t"]
    assert (question.least, question.unlearned) == (2.0, 1.0)
    assert question.judged_by.unlearned == pytest.approx(0.1)


def test_the_head_is_told(tmp_path: Path) -> None:
    asked = case("accuracy")
    project = Project(project="p", use_cases=(asked.use_case,), budget=Budget(hours=1), machine=MachineChoice())
    place = Workplace(project, Store(tmp_path), Display())
    head = Head(place, Prepared(None, (asked,)), (), cast("Further", SimpleNamespace()))
    nothing: dict[str, list[ArmEvidence]] = {"t": []}
    question = questions(place, nothing, head.between)["t"]
    assert question.unlearned == 0.5 and question.least is None
    assert question.judged_by.unlearned == 0.5
