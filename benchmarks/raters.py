"""Made raters with a known truth: how well it is recovered with more ratings, and whether the careless are named.

python -m benchmarks.raters

Four models; crowds of twelve (six careful, two noisy, and one each who prefers the first seat, answers at random, is
lazy, is malicious). Error is the root mean square of the win rates of all pairs of models against the true ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.result import keep_result
from dono.ratings import DeskSettings, agreement, comparisons, doubted, fit
from dono.ratings.simulated import TEMPERS, SimulatedDesk, make_world

CROWD = {"careful": 6, "noisy": 2, "first seat": 1, "random": 1, "lazy": 1, "malicious": 1}
PROMPTS = (5, 10, 20, 40, 80)
"""Prompts for each of the six pairs of models; each is rated three times."""
GOLD = 24
SEEDS = 5


@dataclass(frozen=True)
class Outcome:
    """One crowd's work."""

    ratings: int
    error_all: float
    error_believed: float
    held: float
    caught: float
    wronged: float
    alpha_all: float
    alpha_believed: float


def outcome(prompts: int, seed: int) -> Outcome:
    """Let a crowd rate everything, and compare with the truth."""
    made = SimulatedDesk(make_world(prompts, GOLD, seed), CROWD, seed, DeskSettings())
    made.work()
    with made.desk.store.reading() as book:
        named = doubted(book)
        everybody, believed = fit(comparisons(book)), fit(comparisons(book, named))
        found_alpha = [agreement(book, without)["pair", "", ""].value for without in (frozenset[str](), named)]
        agreed = [np.nan if a is None else a for a in found_alpha]
        ratings = book.answers
    pairs = list(combinations(made.world.strengths, 2))
    off_all = [everybody.wins(a, b).value - made.world.wins(a, b) for a, b in pairs]
    found = [(believed.wins(a, b), made.world.wins(a, b)) for a, b in pairs]
    held = [i.lo is not None and i.hi is not None and i.lo <= truth <= i.hi for i, truth in found]
    careless = {n for n, kind in made.kind_of.items() if not TEMPERS[kind].honest}
    honest = set(made.kind_of) - careless
    made.desk.store.close()
    return Outcome(
        ratings, _rms(off_all), _rms([i.value - truth for i, truth in found]), float(np.mean(held)),
        len(careless & named) / len(careless), len(honest & named) / len(honest), *agreed,
    )  # fmt: skip


def _rms(off: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(off))))


def main() -> None:
    """Print the table and the RESULT line."""
    print(f"{'ratings':>8} {'error, all':>11} {'believed':>9} {'held':>6} {'caught':>7} {'wronged':>8} {'alpha':>12}")
    rows = []
    for prompts in PROMPTS:
        runs = [outcome(prompts, seed) for seed in range(SEEDS)]
        mean = {name: round(float(np.mean([getattr(r, name) for r in runs])), 4) for name in Outcome.__annotations__}
        rows.append(mean)
        print(
            f"{mean['ratings']:8.0f} {mean['error_all']:11.3f} {mean['error_believed']:9.3f} {mean['held']:6.2f} "
            f"{mean['caught']:7.2f} {mean['wronged']:8.2f} {mean['alpha_all']:5.2f} → {mean['alpha_believed']:.2f}",
            flush=True,
        )
    keep_result("raters", {"crowd": CROWD, "seeds": SEEDS, "rows": rows})


if __name__ == "__main__":
    main()
