"""What the model is for, and how it is scored."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from dono.project.habits import Habits
from dono.project.rights import Rights
from dono.project.sections import Section
from dono.project.tables import TableChoices
from dono.project.wishes import Goal

Kind = Literal["classify", "generate", "language", "predict", "habits", "harness"]
MetricName = Literal[
    "accuracy", "macro_f1", "chrf", "chrf_plus_plus", "exact_match", "bits_per_byte", "auc", "average_precision",
    "lift", "brier", "category_bits",
]  # fmt: skip

METRIC_OF_KIND: dict[Kind, tuple[MetricName, ...]] = {
    "classify": ("macro_f1", "accuracy"),
    "generate": ("chrf", "chrf_plus_plus", "exact_match"),
    "language": ("bits_per_byte",),
    "predict": ("auc", "average_precision", "lift", "brier", "accuracy", "macro_f1"),
    "habits": ("category_bits",),
    "harness": ("accuracy", "exact_match", "chrf_plus_plus", "chrf", "bits_per_byte"),
}
"""Which metrics a kind of use case may be judged by; the first is the default."""
OUT_OF_ONE: tuple[MetricName, ...] = ("accuracy", "macro_f1", "exact_match", "auc", "average_precision", "brier")
"""Metrics from 0 to 1."""
MOST_LIFT = 10
"""A tenth of the rows can hold all positives: ten times its share."""
BITS: tuple[MetricName, ...] = ("bits_per_byte", "category_bits")
"""Metrics that only a perfect model has 0 of."""


class UseCase(Section):
    """What the model is for, and how it is scored. `bar` is the value of the metric that is good enough."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    kind: Kind
    train: str | None = None
    test: str | None = None
    target: str | None = None
    metric: MetricName | None = None
    bar: float | None = None
    prompt: str | None = None
    habits: Habits | None = None
    task: str | None = None
    """A task of lm-evaluation-harness (a YAML file). Without one, the set in `test` is recognised by its fields."""
    shots: int = Field(default=0, ge=0)
    """How many rows of such a set are shown solved before each question."""
    rights: Rights | None = None
    table: TableChoices = TableChoices()
    unseen_labels: Literal["refuse", "set_aside"] = "refuse"
    """What to do with test rows whose label no training row has: nothing could answer them."""
    test_limit: int = Field(default=400, ge=1)
    """At most this many held-out examples are scored, the same ones for every arm."""
    goal: Goal | None = None
    """What is wanted, where it differs from the project's `goal`."""
    worth_per_month: float | None = Field(default=None, ge=0)
    """What having the model is worth a month, in the project's currency: should one train now, or wait?"""

    @property
    def judged_by(self) -> MetricName:
        """The metric the verdict is about."""
        return self.metric or METRIC_OF_KIND[self.kind][0]

    @model_validator(mode="after")
    def _complete(self) -> UseCase:
        if self.kind in ("classify", "generate") and not (self.train and self.test):
            raise ValueError("a classify or generate use case needs `train` and `test` files")
        if self.train is not None and self.train == self.test:
            raise ValueError("`train` and `test` are the same file: nothing would be held out")
        if self.kind == "predict" and not (self.train and self.target):
            raise ValueError("a predict use case needs `train` and `target` (a column)")
        if self.kind != "predict" and "table" in self.model_fields_set:
            raise ValueError(f"`table` is for use cases of kind predict, this one is {self.kind}")
        if self.target in self.table.shown_by:
            raise ValueError(f"{self.target!r} is the target; name other columns in `region`, `language`, `segments`")
        complete = self.train and self.habits and "{category}" in (self.prompt or "")
        if self.kind == "habits" and not complete:
            raise ValueError("a habits use case needs `train`, `habits`, and a `prompt` with {category} in it")
        if self.kind == "harness" and (self.task is None) == (self.test is None):
            raise ValueError("a harness use case needs either `task` (a YAML file) or `test` (a set's file or folder)")
        if self.kind != "harness" and {"task", "shots"} & self.model_fields_set:
            raise ValueError(f"`task` and `shots` are for use cases of kind harness, this one is {self.kind}")
        if self.metric is not None and self.metric not in METRIC_OF_KIND[self.kind]:
            raise ValueError(
                f"metric {self.metric} does not fit kind {self.kind}; use {' or '.join(METRIC_OF_KIND[self.kind])}"
            )
        if (
            self.kind == "generate"
            and self.metric in (None, "chrf", "chrf_plus_plus")
            and self.bar is not None
            and not 1 <= self.bar <= 100
        ):
            raise ValueError(f"{self.judged_by} goes from 0 to 100; a bar of {self.bar} is no such score")
        if self.bar is not None and self.judged_by in OUT_OF_ONE and not 0 <= self.bar <= 1:
            raise ValueError(f"{self.judged_by} goes from 0 to 1; a bar of {self.bar} is beyond it")
        if self.bar is not None and self.judged_by == "lift" and not 0 <= self.bar <= MOST_LIFT:
            raise ValueError(f"lift goes from 0 to {MOST_LIFT}; a bar of {self.bar:g} is beyond it")
        if self.bar is not None and self.judged_by in BITS and self.bar <= 0:
            raise ValueError(f"{self.judged_by.replace('_', ' ')} are above 0; no model reaches a bar of {self.bar}")
        return self
