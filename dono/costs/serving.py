"""What it costs each month to answer the traffic: the tokenizer enters here, for a text cut finer is read slower."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dono.costs.flops import Shape, request_flops
from dono.costs.machines import Machine
from dono.costs.ranges import Range, weakest
from dono.errors import Mistake

DAYS = 365.25 / 12
HOURS = DAYS * 24

SERVING_USE = Range(
    0.05, 0.15, 0.30, "assumed", "share of peak in batched serving; writing is bound by memory, not FLOPs"
)

PEAK_TO_MEAN = 3.0
"""Traffic of the busiest hour over the mean hour (assumed)."""


@dataclass(frozen=True)
class Traffic:
    """Requests a day and tokens a request, counted with the tokenizer that the person had in mind."""

    requests_per_day: float
    tokens_in: float
    tokens_out: float


@dataclass(frozen=True)
class ServingCost:
    """A month of traffic. `busy_*`: machine time paid by use; `reserved_*`: machines kept for the peak hour."""

    tokens: float
    flops: float
    busy_hours: Range
    busy_money: Range
    machines: int
    reserved_money: Range


def serving_cost(
    shape: Shape, traffic: Traffic, machine: Machine, *, fertility: float = 1.0, use: Range = SERVING_USE
) -> ServingCost:
    """A month's tokens, FLOPs, machine hours and money (in the machine's currency).

    `fertility` is how many tokens this arm's tokenizer makes of one token of the traffic's count: 2 doubles tokens and
    a little more than doubles the cost. The range comes from utilisation and price.
    Raises `Mistake` when the machine has no price.
    """
    assert fertility > 0
    price = price_of(machine)
    tokens_in, tokens_out = traffic.tokens_in * fertility, traffic.tokens_out * fertility
    requests = traffic.requests_per_day * DAYS
    flops = requests * request_flops(shape, tokens_in=tokens_in, tokens_out=tokens_out)
    hours = use.times(machine.peak * 3600).under(flops)
    machines = max(1, math.ceil(hours.mid * PEAK_TO_MEAN / HOURS))
    reserved = price.times(machines * HOURS)
    return ServingCost(
        tokens=requests * (tokens_in + tokens_out),
        flops=flops,
        busy_hours=hours,
        busy_money=hours.by(price),
        machines=machines,
        reserved_money=Range(reserved.lo, reserved.mid, reserved.hi, weakest("assumed", price.label), reserved.source),
    )


def price_of(machine: Machine) -> Range:
    """The price an hour. Raises `Mistake` where none is known."""
    if machine.price is None:
        what = f"no price is known for {machine.name}"
        raise Mistake(what, where="machine.price_per_hour", remedy="Give what an hour of it costs you")
    return machine.price
