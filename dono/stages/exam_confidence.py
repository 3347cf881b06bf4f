"""What confidence is worth on an exam: how often a decision is right where it is made only when sure."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from dono.decisions.abstaining import THRESHOLDS, Candidate, Decided, best_of_three, pairs

Prediction = tuple[float, float, float]
"""Mean and both ends of the 80 % interval."""


def candidates(
    groups: Iterable[tuple[str, str]], said: Mapping[str, Prediction], truth: Mapping[str, float]
) -> list[list[Candidate]]:
    """The members of each group of several cases; `groups` are (case, group) pairs, as the exam has them."""
    found: dict[str, list[Candidate]] = {}
    for case, group in groups:
        if case in said and case in truth:
            found.setdefault(group, []).append(Candidate(*said[case], truth[case]))
    return [members for members in found.values() if len(members) > 1]


def truths(path: Path) -> dict[str, float]:
    """The truth by case."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["case"]: float(row["truth"]) for row in csv.DictReader(file)}


def table(groups: list[list[Candidate]]) -> Iterator[str]:
    """Share decided and right, by the least probability at which a decision is made; nothing where there are none."""
    if not groups:
        return
    yield "  decided when P(best) is   of pairs   right   of best-of-3   right   regret"
    two, three = pairs(groups), best_of_three(groups)
    for least in THRESHOLDS:
        name = f"at least {least:.2f}" if least else "anything"
        both = [_cells(d, d.at_least(least)) for d in (two, three)]
        sure = three.at_least(least)
        regret = f"{sure.regret.mean():8.2%}" if len(sure) else f"{'–':>8s}"
        yield f"  {name:24s} {both[0][0]:>9s} {both[0][1]:>7s} {both[1][0]:>13s} {both[1][1]:>7s} {regret}"


def _cells(of: Decided, sure: Decided) -> tuple[str, str]:
    """Share decided, and share of these that were right."""
    if not len(sure):
        return "0%" if len(of) else "–", "–"
    return f"{len(sure) / len(of):.0%}", f"{sure.right.mean():.1%}"
