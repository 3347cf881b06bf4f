"""Metrics of use cases: how they read for people, and as badness (positive, lower is better) for the curves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dono.project import MetricName

TEXT = "bits_per_byte"
"""The metric of text itself: its own loss, on the same documents for every arm."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric. badness = (value - best) / scale where lower is better, else (best - value) / scale.

    `best` is the best possible value, `worst` the worst possible badness where there is one, `margin` the difference
    (in the metric's unit) below which two arms are as good as each other (assumed). `blind` is the badness of one that
    has learned nothing, where that is not the worst one possible; `blind_varies`: it depends on the test items, and is
    not known without them.
    """

    name: MetricName
    label: str
    unit: str
    higher_is_better: bool
    best: float
    scale: float
    worst: float | None
    margin: float
    decimals: int
    blind: float | None = None
    blind_varies: bool = False

    @property
    def unlearned(self) -> float | None:
        """The badness of one that has learned nothing, where it is known."""
        if self.blind is None and self.blind_varies:
            return None
        return self.worst if self.blind is None else self.blind

    def no_better_than(self, value: float) -> Metric:
        """The row where no way of answering passes this value; the worst value possible stays what it is."""
        found = replace(self, best=value)
        return found if self.worst is None else replace(found, worst=found.to_badness(self.from_badness(self.worst)))

    def to_badness(self, value: float) -> float:
        """Badness of a value; may be 0 for a perfect score."""
        return (self.best - value if self.higher_is_better else value - self.best) / self.scale

    def from_badness(self, badness: float) -> float:
        """The value of a badness."""
        return self.best - badness * self.scale if self.higher_is_better else self.best + badness * self.scale

    def better(self, a: float, b: float) -> bool:
        """Whether value a is better than value b."""
        return a > b if self.higher_is_better else a < b

    def show(self, value: float) -> str:
        """A value as people read it, with its unit where it has one."""
        text = f"{value:.{self.decimals}f}"
        return f"{text} {self.unit}" if self.unit else text


def _score(name: MetricName, label: str) -> Metric:
    return Metric(
        name=name, label=label, unit="", higher_is_better=True, best=1.0, scale=1.0, worst=1.0, margin=0.01, decimals=3
    )


METRICS: dict[str, Metric] = {
    "accuracy": _score("accuracy", "share of right answers"),
    "macro_f1": _score("macro_f1", "F1, averaged over the classes"),
    "exact_match": _score("exact_match", "share of answers that match exactly"),
    "auc": replace(_score("auc", "area under the ROC curve"), blind=0.5),
    "average_precision": _score("average_precision", "average precision (area under precision and recall)"),
    "lift": Metric(
        name="lift", label="lift in the tenth scored highest", unit="×", higher_is_better=True, best=10.0, scale=10.0,
        worst=1.0, margin=0.1, decimals=2, blind_varies=True,
    ),
    "brier": Metric(
        name="brier", label="Brier score of the probabilities", unit="", higher_is_better=False, best=0.0, scale=1.0,
        worst=1.0, margin=0.005, decimals=3,
    ),
    "chrf": Metric(
        name="chrf", label="chrF (0 to 100)", unit="chrF", higher_is_better=True, best=100.0, scale=100.0, worst=1.0,
        margin=1.0, decimals=1,
    ),
    "chrf_plus_plus": Metric(
        name="chrf_plus_plus", label="chrF++ (0 to 100)", unit="chrF++", higher_is_better=True, best=100.0, scale=100.0,
        worst=1.0, margin=1.0, decimals=1,
    ),
    "bits_per_byte": Metric(
        name="bits_per_byte", label="bits per byte of held-out text", unit="bits/byte", higher_is_better=False,
        best=0.0, scale=1.0, worst=None, margin=0.01, decimals=3,
    ),
    "category_bits": Metric(
        name="category_bits", label="bits of surprise at what people take, where and when", unit="bits",
        higher_is_better=False, best=0.0, scale=1.0, worst=None, margin=0.02, decimals=3,
    ),
}  # fmt: skip
"""One row per metric. A margin of one point, 0.01 bits per byte or 0.02 bits a record is assumed as good as equal."""

LOSS_UNDER: dict[str, str] = {
    "accuracy": "label_bits",
    "macro_f1": "label_bits",
    "chrf": "answer_bits_per_byte",
    "chrf_plus_plus": "answer_bits_per_byte",
    "exact_match": "answer_bits_per_byte",
}
"""The loss that moves smoothly under a metric that moves in a step: bits of the right label, or of the right answer."""
