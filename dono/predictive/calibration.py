"""Probabilities made to mean what they say, by what was predicted for rows that the learner had not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

SMALLEST = 1e-6
"""Probabilities are cut off here before the logarithm is taken (assumed)."""


@dataclass(frozen=True)
class Calibration:
    """Log-probabilities times `slope`, plus a bias of each class, made to add up to one again.

    Bias-corrected temperature scaling (Alexandari, Kundaje and Shrikumar 2020); of two classes it is Platt's (1999).
    """

    slope: float = 1.0
    biases: tuple[float, ...] = ()

    def of(self, chances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Probabilities [rows, classes] calibrated; those of other classes than it was made for stay as they are."""
        if len(self.biases) != chances.shape[1]:
            return chances
        return np.asarray(softmax(self.slope * _logs(chances) + np.asarray(self.biases), axis=1))


def _logs(chances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.log(np.maximum(chances, SMALLEST))


def calibrate(chances: npt.NDArray[np.float64], truth: npt.NDArray[np.int64]) -> Calibration:
    """The calibration with the least log loss: `chances` [rows, classes] of unseen rows, `truth` [rows] their class."""
    logs, many = _logs(chances), chances.shape[1]

    def loss(free: npt.NDArray[np.float64]) -> float:
        scores = free[0] * logs + np.append(0.0, free[1:])
        return -float(log_softmax(scores, axis=1)[np.arange(len(truth)), truth].mean())

    best = minimize(loss, np.append(1.0, np.zeros(many - 1)), method="L-BFGS-B").x
    return Calibration(float(best[0]), (0.0, *map(float, best[1:])))
