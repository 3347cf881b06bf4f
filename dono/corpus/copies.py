"""Which of equal texts is kept: the first, in the order of sources, files and rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

Marks = npt.NDArray[np.uint64]
AT_ONCE = 20_000_000
"""Marks in memory at a time, about 40 bytes each; more of them are looked at in as many passes as it takes."""


def first_of_each(marks: Callable[[], Iterable[Marks]], total: int) -> npt.NDArray[np.bool_]:
    """Whether each of `total` texts is the first with its mark: [total].

    `marks` gives the marks of all texts in order, in pieces, each time that it is called.
    """
    first = np.zeros(total, dtype=np.bool_)
    passes = max(1, -(-total // AT_ONCE))
    for turn in range(passes):
        chosen: list[Marks] = []
        places: list[npt.NDArray[np.int64]] = []
        start = 0
        for piece in marks():
            here = np.flatnonzero(piece % np.uint64(passes) == turn)
            chosen.append(piece[here])
            places.append(here + start)
            start += len(piece)
        assert start == total
        _, at = np.unique(np.concatenate(chosen), return_index=True)  # of equal ones the first
        first[np.concatenate(places)[at]] = True
    return first
