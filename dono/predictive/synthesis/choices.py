"""What a generator's numbers stand for: parts of which one is chosen (a mode, a category), and a place in each mode."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from dono.predictive.synthesis.layout import Floats, Layout, Levels


class Choices:
    """Softmaxes over the parts of a row, and places in modes.

    A generator gives `width` numbers a row: those of an encoded row, then for each number of a table a place in each
    of its further modes. Which place counts is decided by the mode that is chosen; one place for all modes, as Xu et
    al. (2019) have it, would have to fit whatever mode the draw falls on. `where` [row's width] is each place's number
    among all places of choices.
    """

    def __init__(self, layout: Layout) -> None:
        spans = list(zip(layout.columns, layout.starts, strict=True))
        parts = [np.arange(start + (not isinstance(c, Levels)), start + c.width) for c, start in spans]
        longest = max(len(part) for part in parts)
        filled = np.stack([np.pad(part, (0, longest - len(part)), mode="edge") for part in parts])
        present = np.arange(longest) < np.asarray([[len(part)] for part in parts])
        places = np.concatenate(parts)
        where = np.full(layout.width, -1)
        where[places] = np.arange(len(places))
        self.where, self.width = where, layout.width
        self._numbers: list[tuple[int, int, list[int]]] = []  # where it begins, its width, the place of each mode
        for column, start in spans:
            if not isinstance(column, Levels):
                further = len(column.means) - 1
                self._numbers.append((start, column.width, [start, *range(self.width, self.width + further)]))
                self.width += further
        starts = [start for start, _, _ in self._numbers]
        most = max((len(of) for _, _, of in self._numbers), default=0)
        spots, modes = (np.zeros((len(starts), most), dtype=np.int64) for _ in range(2))
        counted = np.zeros((len(starts), most), dtype=np.float32)
        for n, (start, _, of) in enumerate(self._numbers):
            spots[n, : len(of)], modes[n, : len(of)] = of, where[start + 1 : start + 1 + len(of)]
            counted[n, : len(of)] = 1
        self._spots, self._modes = torch.from_numpy(spots.ravel()), torch.from_numpy(modes.ravel())
        self._counted = torch.from_numpy(counted)
        self._filled = torch.from_numpy(filled.ravel())
        self._present = torch.from_numpy(present)
        self._kept = torch.from_numpy(np.flatnonzero(present.ravel()))
        self._order = torch.from_numpy(np.argsort(np.concatenate([np.asarray(starts, dtype=np.int64), places])))

    def logs(self, raw: Tensor) -> Tensor:
        """Log-probabilities [rows, places of choices] of a generator's numbers [rows, width]."""
        return self._kept_of(self._padded(raw).log_softmax(2))

    def activated(self, raw: Tensor, temperature: float) -> Tensor:
        """Encoded rows as the critic sees them: Gumbel softmaxes (Jang et al. 2017) of the choices, and of a number the
        place (tanh) in its mode; a blank has none.
        """
        padded = self._padded(raw)
        noise = -torch.empty_like(padded).exponential_().log()
        chosen = self._kept_of(((padded + noise) / temperature).softmax(2))
        spots = torch.tanh(raw.index_select(1, self._spots)) * chosen.index_select(1, self._modes)
        numbers = (spots.view(len(raw), *self._counted.shape) * self._counted).sum(2)
        return torch.cat([numbers, chosen], dim=1).index_select(1, self._order)

    def drawn(self, raw: Floats, random: np.random.Generator) -> Floats:
        """Encoded rows for good: a mode or level drawn by its probability, of a number the place in the mode."""
        found = raw + random.gumbel(size=raw.shape)
        for start, width, of in self._numbers:
            mode = found[:, start + 1 : start + width].argmax(1)
            spot = np.tanh(raw[np.arange(len(raw)), np.asarray(of)[np.minimum(mode, len(of) - 1)]])
            found[:, start] = np.where(mode < len(of), spot, 0.0)
        return found

    def _padded(self, raw: Tensor) -> Tensor:
        """[rows, parts, longest]; what is beyond a part is impossible."""
        parts = raw.index_select(1, self._filled).view(len(raw), *self._present.shape)
        return parts.masked_fill(~self._present, -torch.inf)

    def _kept_of(self, padded: Tensor) -> Tensor:
        return padded.flatten(1).index_select(1, self._kept)
