"""Fitted models of the routes without a language model, as the service asks them: rows or texts in, classes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from dono.errors import Mistake
from dono.predictive import TableModel, TextClassifier
from dono.predictive.kept import kept
from dono.predictive.uplift import UpliftModel
from dono.serving import Cell, Prediction, Predictor, Refused
from dono.stages.uplift import FOLDER as UPLIFT


class TextPredictor:
    """A classifier of texts."""

    takes: Literal["rows", "texts"] = "texts"

    def __init__(self, folder: Path) -> None:
        self.model = TextClassifier.load(folder)

    def predict(self, given: Sequence[Mapping[str, Cell]] | Sequence[str]) -> list[Prediction]:
        """A class for each text."""
        texts = [str(text) for text in given]
        chances = self.model.predict_proba(texts)
        labels = [self.model.classes[best] for best in chances.argmax(axis=1)]
        return _predictions(self.model.classes, labels, chances.tolist())


class TablePredictor:
    """A model of rows; where a campaign was learned, the uplift of treating each row too.

    Columns that were not learned from are of no effect and refused, so that a misspelt name is seen.
    """

    takes: Literal["rows", "texts"] = "rows"

    def __init__(self, folder: Path, known: frozenset[str]) -> None:
        self.model, self.known = TableModel.load(folder), known
        self.learned = [column.name for column in self.model.reading.columns]
        uplift = kept(folder / UPLIFT, UpliftModel.__name__) if (folder / UPLIFT).is_dir() else None
        assert uplift is None or isinstance(uplift, UpliftModel)
        self.uplift = uplift

    def predict(self, given: Sequence[Mapping[str, Cell]] | Sequence[str]) -> list[Prediction]:
        """A class for each row. Raises `Refused` for a column that the table did not have, and a row without any."""
        rows = [row for row in given if isinstance(row, Mapping)]
        names = list(dict.fromkeys(name for row in rows for name in row))
        strange = [name for name in names if name not in self.known]
        if strange:
            what = f"no column {strange[0][:100]!r}; the table has {', '.join(sorted(self.known))}"
            raise Refused(400, what, param="rows", code="unknown_column")
        for number, row in enumerate(rows):
            if self.learned and not any(name in row for name in self.learned):
                what = f"row {number} has none of the columns that were learned from: {', '.join(self.learned)}"
                raise Refused(400, what, param="rows", code="empty_row")
        columns = {name: [row.get(name) for row in rows] for name in self.learned or names}
        chances = self.model.predict_proba(columns)
        gains = None if self.uplift is None else self.uplift.uplift(columns).tolist()
        return _predictions(self.model.classes, self.model.answers(chances), chances.tolist(), gains)


def _predictions(
    classes: Sequence[str], labels: Sequence[str], chances: Sequence[Sequence[float]],
    gains: Sequence[float] | None = None,
) -> list[Prediction]:  # fmt: skip
    return [
        Prediction(label, dict(zip(classes, row, strict=True)), None if gains is None else gains[i])
        for i, (label, row) in enumerate(zip(labels, chances, strict=True))
    ]


def predictor_of(arm: str, folder: Path, known: frozenset[str]) -> Predictor:
    """The predictor that a build of this arm left. Raises `Mistake` for an arm that predicts nothing."""
    if arm == "predictive/tfidf":
        return TextPredictor(folder)
    if arm == "predictive/boosting":
        return TablePredictor(folder, known)
    raise Mistake(f"{arm} answers to nobody", where=str(folder), remedy="Build another arm of the use case")
