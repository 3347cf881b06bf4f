"""FLOPs, bytes, hours and money, each with its range and its source."""

from dono.costs.energy import AROUND, energy_kwh
from dono.costs.estimate import SPREAD, RunCost, borrowed_speed, full_run, measured_speed
from dono.costs.failures import Failures, expected_failures
from dono.costs.flops import Shape, flops_a_parameter, forward_flops, llama_shape, request_flops, train_flops
from dono.costs.latency import estimated_latency
from dono.costs.layouts import Layout, Memory, layout_that_fits, memory_per_gpu
from dono.costs.machines import MACHINES, THIS, Machine, machine_named, this_machine
from dono.costs.memory import serving_gigabytes, training_gigabytes
from dono.costs.money import Exchange, Meter
from dono.costs.overheads import OverheadPrices, overhead_prices
from dono.costs.plan import Asked, RunPlan, plan_run
from dono.costs.ranges import Label, Range, exactly, weakest
from dono.costs.serving import ServingCost, Traffic, price_of, serving_cost
from dono.costs.sizes import usual_batch, usual_shape
from dono.costs.token_prices import TOKEN_PRICES, TokenPrice, hosted_cost, listed_price
from dono.costs.trend import CLAIMS, Claim, Waiting, cost_in, longest_wait, waiting, yearly_factor
from dono.costs.utilisation import WHOLE_RUN, whole_run_utilisation

__all__ = [
    "AROUND",
    "CLAIMS",
    "MACHINES",
    "SPREAD",
    "THIS",
    "TOKEN_PRICES",
    "WHOLE_RUN",
    "Asked",
    "Claim",
    "Exchange",
    "Failures",
    "Label",
    "Layout",
    "Machine",
    "Memory",
    "Meter",
    "OverheadPrices",
    "Range",
    "RunCost",
    "RunPlan",
    "ServingCost",
    "Shape",
    "TokenPrice",
    "Traffic",
    "Waiting",
    "borrowed_speed",
    "cost_in",
    "energy_kwh",
    "estimated_latency",
    "exactly",
    "expected_failures",
    "flops_a_parameter",
    "forward_flops",
    "full_run",
    "hosted_cost",
    "layout_that_fits",
    "listed_price",
    "llama_shape",
    "longest_wait",
    "machine_named",
    "measured_speed",
    "memory_per_gpu",
    "overhead_prices",
    "plan_run",
    "price_of",
    "request_flops",
    "serving_cost",
    "serving_gigabytes",
    "this_machine",
    "train_flops",
    "training_gigabytes",
    "usual_batch",
    "usual_shape",
    "waiting",
    "weakest",
    "whole_run_utilisation",
    "yearly_factor",
]
