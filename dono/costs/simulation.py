"""Simulated schedules: tasks on machines that fail, and long runs that save as they go. Failures are drawn."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Piece:
    """A task: `hours` on `gpus` at once, after another piece (its trunk), if any; lower `rank` goes first."""

    hours: float
    gpus: int = 1
    after: int | None = None
    rank: float = 0.0


@dataclass(frozen=True)
class Reliability:
    """How a machine fails: hours of one GPU between failures, from a failure until work goes on, between two saves."""

    gpu_hours_between: float
    restart_hours: float
    save_every_hours: float


@dataclass(frozen=True)
class Schedule:
    """What came of it: `makespan` in hours; shares of all GPUs' time that was useful, and that was lost to failures."""

    makespan: float
    useful: float
    lost: float
    failures: int


def simulate_tasks(pieces: Sequence[Piece], gpus: int, how: Reliability, rng: np.random.Generator) -> Schedule:
    """List scheduling (Graham 1966): whenever GPUs are free, the piece of lowest rank that fits and may begin does.

    A piece that fails loses what it did since its last save and begins again after a restart, holding its GPUs.
    """
    assert all(piece.gpus <= gpus for piece in pieces), "a piece is larger than the cluster"
    waiting = sorted(range(len(pieces)), key=lambda n: (pieces[n].rank, n))
    ended: set[int] = set()
    running: list[tuple[float, int]] = []
    now, free, failures, held = 0.0, gpus, 0, 0.0
    while waiting or running:
        for number in list(waiting):
            piece = pieces[number]
            if piece.gpus <= free and (piece.after is None or piece.after in ended):
                took, failed = _took(piece, how, rng)
                waiting.remove(number)
                heapq.heappush(running, (now + took, number))
                free -= piece.gpus
                failures += failed
                held += took * piece.gpus
        now, number = heapq.heappop(running)
        ended.add(number)
        free += pieces[number].gpus
    useful = sum(piece.hours * piece.gpus for piece in pieces)
    return Schedule(now, useful / (now * gpus), (held - useful) / (now * gpus), failures)


def _took(piece: Piece, how: Reliability, rng: np.random.Generator) -> tuple[float, int]:
    """Hours until a piece is done, saves free of cost, and how often it failed."""
    took, left, failures = 0.0, piece.hours, 0
    while True:
        until = float(rng.exponential(how.gpu_hours_between / piece.gpus))
        if until >= left:
            return took + left, failures
        left -= until // how.save_every_hours * how.save_every_hours
        took += until + how.restart_hours
        failures += 1


def simulate_run(hours: float, gpus: int, how: Reliability, save_hours: float, rng: np.random.Generator) -> Schedule:
    """One run of so many useful hours on all GPUs, which stands still while it saves every `save_every_hours`.

    Exponential times between failures, as Young 1974 and Daly 2006 take them; a failure may come while it saves, and
    while it restarts.
    """
    between, cycle = how.gpu_hours_between / gpus, how.save_every_hours + save_hours
    now, done, failures = 0.0, 0.0, 0
    while True:
        until, left = float(rng.exponential(between)), hours - done
        needed = left + save_hours * int(left / how.save_every_hours)
        if until >= needed:
            now += needed
            return Schedule(now, hours / now, 1 - hours / now, failures)
        done += min(left, int(until / cycle) * how.save_every_hours)
        now += until
        failures += 1
        while (restart := float(rng.exponential(between))) < how.restart_hours:  # it fails again before it goes on
            now += restart
            failures += 1
        now += how.restart_hours
