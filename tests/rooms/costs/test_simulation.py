"""Simulated schedules beside what is known of them exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.costs.simulation import Piece, Reliability, simulate_run, simulate_tasks

NEVER = Reliability(1e12, 0.25, 1.0)
"""Machines that do not fail."""


def drawn(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_without_failures_pieces_end_when_list_scheduling_says() -> None:
    """Graham 1969, figure 1's kind of case: a long piece last costs, first it does not."""
    long_last = [Piece(1.0, rank=0), Piece(1.0, rank=1), Piece(1.0, rank=2), Piece(1.0, rank=3), Piece(2.0, rank=4)]
    assert simulate_tasks(long_last, 2, NEVER, drawn()).makespan == 4.0
    long_first = [*long_last[:4], Piece(2.0, rank=-1)]
    found = simulate_tasks(long_first, 2, NEVER, drawn())
    assert (found.makespan, found.useful, found.lost, found.failures) == (3.0, 1.0, 0.0, 0)


def test_a_piece_waits_for_its_trunk_and_for_gpus() -> None:
    chain = [Piece(1.0), Piece(2.0, after=0), Piece(4.0, gpus=2)]
    assert simulate_tasks(chain, 2, NEVER, drawn()).makespan == 7.0
    assert simulate_tasks(chain, 3, NEVER, drawn()).makespan == 4.0


@given(
    hours=st.lists(st.floats(0.01, 5.0), min_size=1, max_size=12), gpus=st.integers(1, 6), seed=st.integers(0, 99),
)  # fmt: skip
def test_a_schedule_is_never_shorter_than_its_work_and_failures_only_lengthen_it(
    hours: list[float], gpus: int, seed: int
) -> None:
    pieces = [Piece(h) for h in hours]
    sound = simulate_tasks(pieces, gpus, NEVER, drawn(seed))
    least = max(sum(hours) / gpus, max(hours))
    assert least - 1e-9 <= sound.makespan <= sum(hours) / gpus + max(hours) + 1e-9  # Graham's bound
    frail = simulate_tasks(pieces, gpus, Reliability(2.0, 0.1, 0.5), drawn(seed))
    assert frail.useful + frail.lost <= 1 + 1e-9 and (frail.failures == 0) == (frail.lost < 1e-12)


def test_a_run_loses_what_young_and_daly_say_where_failures_are_rare() -> None:
    """First order: saves, half an interval a failure, restarts; 2,000 failures are drawn."""
    between, save, restart = 50.0, 0.02, 0.1
    every = math.sqrt(2 * save * between)
    found = simulate_run(100_000.0, 1, Reliability(between, restart, every), save, drawn(1))
    expected = save / every + (every / 2 + restart) / between
    assert found.lost == pytest.approx(expected, rel=0.06)
    assert found.failures == pytest.approx(found.makespan / between, rel=0.05)


def test_the_interval_of_young_and_daly_is_about_the_best() -> None:
    between, save = 3.1, 0.02
    every = math.sqrt(2 * save * between)

    def lost(factor: float) -> float:
        return simulate_run(50_000.0, 1, Reliability(between, 0.25, every * factor), save, drawn(2)).lost

    best = lost(1.0)
    assert best < lost(0.4) and best < lost(2.5)
