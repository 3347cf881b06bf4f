"""What is held out of a table: its newest rows, whole groups, or rows at random; and folds in the same way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupKFold, StratifiedKFold, TimeSeriesSplit

from dono.errors import Mistake

Rows = npt.NDArray[np.int64]
FOLDS = 4
"""Parts of a cross-validation (assumed)."""


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows held out; `how` says it in words."""

    train: Rows
    test: Rows
    how: str


def held_out(
    labels: Sequence[str], *, share: float, seed: int, times: Sequence[float] | None = None,
    groups: Sequence[str] | None = None, where: str = "table",
) -> Split:  # fmt: skip
    """Hold out about `share` of the rows.

    `times` [rows]: the newest, rows of one moment together. `groups` [rows]: whole groups; with `times` too, what a
    held-out group did earlier is left out of training. Else at random, of each class its share.
    Raises `Mistake` where nothing can be held out, or the held-out rows are all of one class.
    """
    if times is not None:
        split = _newest(np.asarray(times), share, groups, where)
    elif groups is not None:
        split = _groups(groups, share, seed, where)
    else:
        split = _random(labels, share, seed)
    for part, rows in (("to learn from", split.train), ("held out", split.test)):
        classes = {labels[i] for i in rows}
        if len(classes) < 2:
            what = f"the {len(rows):,} rows {part} ({split.how}) are all {next(iter(classes), 'missing')!r}"
            raise Mistake(what, where=where, remedy="Give more rows, or hold out in another way")
    return split


def _newest(times: npt.NDArray[np.float64], share: float, groups: Sequence[str] | None, where: str) -> Split:
    from_here = np.quantile(times, 1 - share, method="higher")
    test = times >= from_here
    if test.all():
        remedy = "Name the column of the time at which each row was known"
        raise Mistake("all rows are of one time: nothing is older than what is held out", where=where, remedy=remedy)
    train, how = ~test, f"the newest {test.mean():.0%}"
    if groups is not None:
        held = {group for group, late in zip(groups, test, strict=True) if late}
        known = np.asarray([group in held for group in groups])
        how += f", without the {int((train & known).sum()):,} earlier rows of the groups in it"
        train = train & ~known
    return Split(np.flatnonzero(train), np.flatnonzero(test), how)


def _groups(groups: Sequence[str], share: float, seed: int, where: str) -> Split:
    sizes = Counter(groups)
    if len(sizes) < 2:
        raise Mistake("all rows are of one group", where=where, remedy="Name a column with several groups")
    names = sorted(sizes)
    order = np.random.default_rng(seed).permutation(len(names))
    held: set[str] = set()
    count = 0
    for place in order[:-1]:
        if count >= share * len(groups):
            break
        held.add(names[place])
        count += sizes[names[place]]
    test = np.asarray([group in held for group in groups])
    return Split(np.flatnonzero(~test), np.flatnonzero(test), f"{len(held):,} of {len(sizes):,} groups")


def _random(labels: Sequence[str], share: float, seed: int) -> Split:
    truth, random = np.asarray(labels), np.random.default_rng(seed)
    test = np.zeros(len(truth), dtype=bool)
    for name in sorted(set(labels)):
        rows = random.permutation(np.flatnonzero(truth == name))
        test[rows[: round(share * len(rows))]] = True
    return Split(np.flatnonzero(~test), np.flatnonzero(test), f"{test.mean():.0%} at random")


def folds(
    labels: Sequence[str], *, seed: int, times: Sequence[float] | None = None, groups: Sequence[str] | None = None
) -> list[tuple[Rows, Rows]]:
    """Rows to learn from and to judge by, several times over, held out as the test is; none where a class is too rare.

    By time each part is judged by what came before it.
    """
    if times is not None:
        order = np.argsort(times, kind="stable")
        parts = [(order[a], order[b]) for a, b in TimeSeriesSplit(FOLDS).split(order)]
    elif groups is not None and len(set(groups)) >= FOLDS:
        parts = list(GroupKFold(FOLDS, shuffle=True, random_state=seed).split(labels, groups=groups))
    else:
        if min(Counter(labels).values()) < 2 * FOLDS:
            return []
        parts = list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(labels, labels))
    every = set(labels)
    whole = all({labels[i] for i in learn} == every and {labels[i] for i in judge} == every for learn, judge in parts)
    return parts if whole else []
