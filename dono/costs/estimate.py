"""Hours and money of a run, from its FLOPs and a speed that was measured or borrowed."""

from __future__ import annotations

from dataclasses import dataclass

from dono.costs.machines import Machine
from dono.costs.ranges import Range
from dono.costs.serving import price_of

SPREAD = 0.2
"""How far a measured speed may be off in a long run (measured: timings on a shared machine vary by ±20 %)."""


@dataclass(frozen=True)
class RunCost:
    """`machine_hours` over all machines, `hours` by the clock, `money` in the machine's currency."""

    machine_hours: Range
    hours: Range
    money: Range


def measured_speed(flops_per_second: float, *, spread: float = SPREAD, source: str = "pilots") -> Range:
    """A speed in FLOP/s that pilots reached on the machines that will do the run."""
    assert flops_per_second > 0 and 0 <= spread < 1
    return Range(flops_per_second * (1 - spread), flops_per_second, flops_per_second * (1 + spread), "measured", source)


def borrowed_speed(machine: Machine, *, context: int) -> Range:
    """A speed in FLOP/s of one machine: its peak times published utilisation at this sequence length."""
    return machine.utilisation(context).times(machine.peak)


def full_run(flops: float, speed: Range, machine: Machine, *, count: int = 1, scaling: float = 1.0) -> RunCost:
    """What `flops` take on `count` machines of `speed` FLOP/s each, of which `scaling` is kept when they work together.

    Failed runs, search, data and people are not in it. Raises `Mistake` when the machine has no price.
    """
    assert flops >= 0 and count >= 1 and 0 < scaling <= 1
    machine_hours = speed.times(3600 * scaling).under(flops)
    return RunCost(machine_hours, machine_hours.times(1 / count), machine_hours.by(price_of(machine)))
