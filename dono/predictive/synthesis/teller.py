"""A small model that tells the target of encoded rows: by it made rows are held to what real rows say of the target.

A conditional GAN alone learns slowly what goes with a class. Zhao et al. (2021, "CTAB-GAN") let a classifier tell made
rows their class, which pulls the classes too far apart: a row that could be either is punished. Here what the model
says of made rows is to be distributed as it is for real rows of the same class, the undecided ones too.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

TELLER_RATE, TELLER_DECAY, TELLER_WIDTH, TELLER_DROPOUT = 1e-3, 1e-2, 64, 0.5
"""Small, and much held back, so that it does not know rows by heart (assumed)."""


class Teller(nn.Module):
    """Tells the target of an encoded row from its other columns."""

    def __init__(self, width: int, start: int, classes: int) -> None:
        """`width` of a row, where the target begins in it, and how many places it has."""
        super().__init__()
        wide = TELLER_WIDTH
        self.layers = nn.Sequential(
            nn.Linear(width, wide), nn.LeakyReLU(0.2), nn.Dropout(TELLER_DROPOUT),
            nn.Linear(wide, wide), nn.LeakyReLU(0.2), nn.Dropout(TELLER_DROPOUT), nn.Linear(wide, classes),
        )  # fmt: skip
        others = torch.ones(width)
        others[start : start + classes] = 0
        self.register_buffer("others", others)

    def forward(self, rows: Tensor) -> Tensor:
        """Log-odds [rows, classes], 0 on average over the classes, of rows [rows, width]."""
        odds = self.layers(rows * self.others)
        return odds - odds.mean(1, keepdim=True)


def learn_to_tell(
    teller: Teller, optimizer: torch.optim.Optimizer, real: Tensor, classes: Tensor, numbers: Tensor
) -> None:
    """One step on those of the real rows in `numbers` [rows] whose number is even; `classes` [real rows]."""
    known = numbers[numbers % 2 == 0]
    if not len(known):
        return
    teller.train()
    optimizer.zero_grad()
    cross_entropy(teller(real[known]), classes[known]).backward()
    optimizer.step()


def told_otherwise(teller: Teller, made: Tensor, real: Tensor, classes: Tensor, numbers: Tensor) -> Tensor:
    """How far log-odds are distributed otherwise for `made` rows [rows, width] than for the real rows in `numbers`.

    Made row i was asked for what real row `numbers[i]` has. Of the odd numbers, which the model never learned from, the
    log-odds of a class's rows are sorted beside those of the made ones: their mean distance is the 1-Wasserstein
    distance between the two, along the direction in which a model of the target looks.
    """
    unseen = numbers % 2 == 1
    mine = classes[numbers[unseen]]
    teller.eval()
    with torch.no_grad():
        truly = teller(real[numbers[unseen]])
    told = teller(made[unseen])
    apart = made.new_zeros(())
    for one in mine.unique():
        of = mine == one
        apart = apart + (told[of].sort(0).values - truly[of].sort(0).values).abs().mean(1).sum()
    return apart / max(1, len(mine))
