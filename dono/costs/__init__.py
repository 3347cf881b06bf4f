"""FLOPs, bytes, hours and money, each with its range and its source."""

from dono.costs.estimate import SPREAD, RunCost, borrowed_speed, full_run, measured_speed
from dono.costs.flops import Shape, forward_flops, llama_shape, request_flops, train_flops
from dono.costs.machines import MACHINES, THIS, Machine, machine_named, measure_peak, this_machine
from dono.costs.memory import serving_gigabytes, training_gigabytes
from dono.costs.money import Exchange, Meter
from dono.costs.ranges import Label, Range, exactly, weakest
from dono.costs.serving import ServingCost, Traffic, hosted_cost, price_of, serving_cost

__all__ = [
    "MACHINES",
    "SPREAD",
    "THIS",
    "Exchange",
    "Label",
    "Machine",
    "Meter",
    "Range",
    "RunCost",
    "ServingCost",
    "Shape",
    "Traffic",
    "borrowed_speed",
    "exactly",
    "forward_flops",
    "full_run",
    "hosted_cost",
    "llama_shape",
    "machine_named",
    "measure_peak",
    "measured_speed",
    "price_of",
    "request_flops",
    "serving_cost",
    "serving_gigabytes",
    "this_machine",
    "train_flops",
    "training_gigabytes",
    "weakest",
]
