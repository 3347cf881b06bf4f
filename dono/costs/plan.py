"""A training run on any machines before anything is measured: FLOPs, hours, money, memory, energy, failures."""

from __future__ import annotations

from dataclasses import dataclass

from dono.costs.energy import energy_kwh
from dono.costs.failures import Failures, expected_failures
from dono.costs.flops import Shape, flops_a_parameter, train_flops
from dono.costs.layouts import Layout, layout_that_fits
from dono.costs.machines import Machine
from dono.costs.overheads import STORE_PER_GIGABYTE_MONTH
from dono.costs.ranges import Range, exactly
from dono.costs.serving import HOURS, price_of
from dono.costs.utilisation import whole_run_utilisation

KEPT_CHECKPOINTS = 10
"""Checkpoints kept at a time (assumed)."""
TOKEN_BYTES = 4
"""A token on disk."""
TRIES = Range(
    0.05, 0.25, 1.0, "assumed", "restarts of failed runs, search of settings and evaluations, over the final run: labs "
    "report a final run to be a small part of what was spent before it",
)  # fmt: skip
"""What is spent beside the final run, as a share of it."""


@dataclass(frozen=True)
class Asked:
    """The run that is planned. `parameters` of a mixture of experts are all, `active` those that a token meets."""

    parameters: float
    tokens: float
    context: int
    batch_tokens: int
    vocabulary: int
    active: float | None = None
    lora: bool = False
    recompute: bool = False


@dataclass(frozen=True)
class RunPlan:
    """The answer; `money` is in the machine's currency and for the final run alone, `tries` for what is beside it."""

    flops: float
    utilisation: Range
    machine_hours: Range
    hours: Range
    money: Range | None
    tries: Range | None
    energy: Range
    storage_gigabytes: float
    storage_money: Range
    layout: Layout
    failures: Failures


def plan_run(asked: Asked, shape: Shape, machine: Machine, gpus: int, *, utilisation: Range | None = None) -> RunPlan:
    """Plan a run on `gpus` of a machine. `utilisation` of the peak where a person knows it, else the prior.

    FLOPs behind the time are 6 for each active parameter and token (4 with LoRA; 2 more where it is asked to repeat
    the forward), as in the published runs that the prior is from; `flops` counts attention too. A layout that repeats
    the forward unasked, since nothing else fits, adds nothing: the prior is of whole runs, whatever they repeated.
    Hours by the clock include what failures lose.
    Raises `Mistake` where the run fits on no layout.
    """
    dense = shape if asked.active is None else Shape(asked.active, shape.layers, shape.width, 0.0)
    used = utilisation or whole_run_utilisation(machine, context=asked.context)
    plain = flops_a_parameter(lora=asked.lora, recompute=asked.recompute) * dense.stored * asked.tokens
    machine_hours = used.times(machine.peak * 3600).under(plain)
    layout = layout_that_fits(
        shape, gpus=gpus, gigabytes=machine.memory, context=asked.context, batch_tokens=asked.batch_tokens,
        vocabulary=asked.vocabulary, lora=asked.lora, recompute=asked.recompute,
    )  # fmt: skip
    failures = expected_failures(shape, gpus=gpus, trained=0.01 if asked.lora else 1.0)
    hours = machine_hours.times(1 / gpus / (1 - failures.lost))
    money = machine_hours.by(price_of(machine)) if machine.price is not None else None
    storage = KEPT_CHECKPOINTS * failures.checkpoint_gigabytes + TOKEN_BYTES * asked.tokens / 1e9
    months = exactly(max(1.0, hours.mid / HOURS), "assumed", "kept while the run lasts, a month at least")
    return RunPlan(
        flops=train_flops(
            dense, tokens=asked.tokens, context=asked.context, lora=asked.lora, recompute=asked.recompute
        ),
        utilisation=used,
        machine_hours=machine_hours,
        hours=hours,
        money=money,
        tries=None if money is None else money.by(TRIES),
        energy=energy_kwh(machine, machine_hours),
        storage_gigabytes=storage,
        storage_money=STORE_PER_GIGABYTE_MONTH.times(storage).by(months),
        layout=layout,
        failures=failures,
    )
