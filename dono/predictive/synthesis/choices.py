"""The parts of an encoded row in which one of several is chosen, a mode or a category, all read in one pass."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from dono.predictive.synthesis.layout import Layout, Levels


class Choices:
    """Softmaxes over the parts of a row. `where` [width] is each place's number among all places of choices."""

    def __init__(self, layout: Layout) -> None:
        numbers = [s for c, s in zip(layout.columns, layout.starts, strict=True) if not isinstance(c, Levels)]
        parts = [
            np.arange(start + (not isinstance(column, Levels)), start + column.width)
            for column, start in zip(layout.columns, layout.starts, strict=True)
        ]
        longest = max(len(part) for part in parts)
        filled = np.stack([np.pad(part, (0, longest - len(part)), mode="edge") for part in parts])
        present = np.arange(longest) < np.asarray([[len(part)] for part in parts])
        places = np.concatenate(parts)
        where = np.full(layout.width, -1)
        where[places] = np.arange(len(places))
        self.where = where
        self._numbers, self._filled = torch.tensor(numbers, dtype=torch.int64), torch.from_numpy(filled.ravel())
        self._present = torch.from_numpy(present)
        self._kept = torch.from_numpy(np.flatnonzero(present.ravel()))
        self._order = torch.from_numpy(np.argsort(np.concatenate([np.asarray(numbers, dtype=np.int64), places])))

    def logs(self, raw: Tensor) -> Tensor:
        """Log-probabilities [rows, places of choices] of a generator's numbers [rows, width]."""
        return self._kept_of(self._padded(raw).log_softmax(2))

    def activated(self, raw: Tensor, temperature: float) -> Tensor:
        """Rows [rows, width] as the critic sees them: tanh, and Gumbel softmaxes (Jang et al. 2017) of the choices."""
        padded = self._padded(raw)
        noise = -torch.empty_like(padded).exponential_().log()
        chosen = self._kept_of(((padded + noise) / temperature).softmax(2))
        return torch.cat([torch.tanh(raw.index_select(1, self._numbers)), chosen], dim=1).index_select(1, self._order)

    def _padded(self, raw: Tensor) -> Tensor:
        """[rows, parts, longest]; what is beyond a part is impossible."""
        parts = raw.index_select(1, self._filled).view(len(raw), *self._present.shape)
        return parts.masked_fill(~self._present, -torch.inf)

    def _kept_of(self, padded: Tensor) -> Tensor:
        return padded.flatten(1).index_select(1, self._kept)
