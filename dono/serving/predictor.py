"""What answers without a language model: a fitted model over rows of a table, or over texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from dono.serving.contract import Cell


@dataclass(frozen=True)
class Prediction:
    """The class that is answered, and the probability of each; where a campaign was learned, the gain by treating."""

    label: str
    probabilities: Mapping[str, float]
    uplift: float | None = None


class Predictor(Protocol):
    """A fitted model. Raises `Refused` for what it cannot read."""

    takes: Literal["rows", "texts"]

    def predict(self, given: Sequence[Mapping[str, Cell]] | Sequence[str]) -> list[Prediction]:
        """One prediction for each row or text."""
