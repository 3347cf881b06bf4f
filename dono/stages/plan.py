"""`dono plan`: what a run of any size takes on any machines, before anything is measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import regex
from rich.console import Console
from rich.table import Table

from dono.costs import (
    AROUND,
    Asked,
    Exchange,
    Machine,
    Range,
    RunPlan,
    Shape,
    Traffic,
    cost_in,
    exactly,
    flops_a_parameter,
    longest_wait,
    machine_named,
    plan_run,
    serving_cost,
    usual_batch,
    usual_shape,
)
from dono.errors import Mistake
from dono.stages.display import print_result
from dono.stages.orders import ORDERS, Order, write_order
from dono.studio.amounts import compact, duration, percent

MOST = 1e16
"""No number may be larger: no plan of any use is, and what is computed from them stays finite."""
ABOVE_NOTHING = ("params", "tokens", "context", "batch_tokens", "vocabulary", "tokens_in")
NOTHING_OR_MORE = (
    "price", "engineers", "months", "salary", "ratings", "minutes", "wage", "requests_per_day", "tokens_out",
    "worth_per_month",
)  # fmt: skip
FLEET = regex.compile(r"(?:(\d[\d_,]*)\s*[x×*]\s*)?(\S.*)")


@dataclass(frozen=True)
class Question:
    """What is asked on the command line. Amounts of money are in `currency`.

    Raises `Mistake` for a number that is none, or too small or large for a plan.
    """

    params: float
    tokens: float
    machine: str
    active: float | None = None
    context: int = 4096
    batch_tokens: int | None = None
    vocabulary: int = 128_000
    lora: bool = False
    recompute: bool = False
    mfu: float | None = None
    price: float | None = None
    currency: str = "INR"
    rates: tuple[str, ...] = ()
    engineers: float = 0.0
    months: float = 0.0
    salary: float = 0.0
    ratings: float = 0.0
    minutes: float = 2.0
    wage: float = 0.0
    requests_per_day: float = 0.0
    tokens_in: float = 400.0
    tokens_out: float = 150.0
    worth_per_month: float | None = None
    skypilot: Path | None = None
    slurm: Path | None = None
    rayjob: Path | None = None

    def __post_init__(self) -> None:
        for name in (*ABOVE_NOTHING, *NOTHING_OR_MORE):
            value, positive = getattr(self, name), name in ABOVE_NOTHING
            if value is None or (0 <= value <= MOST and not (positive and value == 0)):  # NaN is in no span
                continue
            where, span = f"--{name.replace('_', '-')}", "above 0, at most" if positive else "from 0 to"
            raise Mistake(f"{value:g} is out of range", where=where, remedy=f"Give a number {span} {MOST:g}")


Line = tuple[str, str, str]
"""What, how much with its range, and where that is from."""


def command(question: Question) -> None:
    """Print the plan as a table. Raises `Mistake` for what a person can correct."""
    table = Table(title=heading(question), title_justify="left", show_header=False, box=None, pad_edge=False)
    for name in ("what", "value", "source"):
        table.add_column(name, overflow="fold", min_width=12 if name != "value" else 30)
    for line in lines(question):
        table.add_row(*line)
    Console(width=132, highlight=False).print(table)
    for kind in ORDERS:
        path = getattr(question, kind)
        if path is not None:
            gpus, machine = fleet(question)
            write_order(kind, Order(*_planned(question, gpus, machine), machine, gpus), path)
            print_result(f"task for {kind}: {path}")


def _planned(question: Question, gpus: int, machine: Machine) -> tuple[Asked, Shape, RunPlan]:
    asked = _asked(question)
    shape = usual_shape(asked.parameters, vocabulary=asked.vocabulary)
    mfu = None if question.mfu is None else exactly(question.mfu, "assumed", "--mfu")
    return asked, shape, plan_run(asked, shape, machine, gpus, utilisation=mfu)


def heading(question: Question) -> str:
    """What is planned, in a line."""
    how = "LoRA on" if question.lora else "train"
    return f"{how} {compact(question.params)} parameters over {compact(question.tokens)} tokens on {question.machine}"


def lines(question: Question) -> list[Line]:
    """The plan, line by line."""
    gpus, machine = fleet(question)
    exchange = Exchange(question.currency, rates_of(question.rates))
    asked, shape, plan = _planned(question, gpus, machine)
    each = flops_a_parameter(lora=asked.lora, recompute=asked.recompute)
    again = ", 2 of them for the forward that is repeated" if asked.recompute else ""
    found: list[Line] = [
        ("shape", f"width {shape.width:,}, {shape.layers} layers, {compact(asked.batch_tokens)} tokens a step",
         "usual proportions of Llama-like models: assumed"),
        ("FLOPs", f"{plan.flops:.2e}", f"{each} a parameter and token{again}, and attention"),
        ("utilisation", _range(plan.utilisation, percent), _told(plan.utilisation)),
        ("machine hours", _range(plan.machine_hours, compact), f"{each} FLOPs a parameter and token ÷ utilisation"),
        ("by the clock", _range(plan.hours, duration), f"with {percent(plan.failures.lost)} lost to failures"),
        *_memory(asked, plan, machine),
        *_failures(plan),
        ("energy", _range(plan.energy, lambda v: f"{compact(v)} kWh"), _told(AROUND)),
    ]  # fmt: skip
    return found + _money(question, plan, machine, exchange) + _serving(question, machine, exchange)


def fleet(question: Question) -> tuple[int, Machine]:
    """`64xH100` as a count and a machine at its price. Raises `Mistake`."""
    match = FLEET.fullmatch(question.machine.strip())
    count = int((match[1] or "1").replace("_", "").replace(",", "")) if match else 0
    if match is None or count < 1:
        raise Mistake(f"{question.machine!r} names no machines", where="--machine", remedy="Write 64xH100")
    try:
        machine = machine_named(match[2])
    except Mistake as mistake:
        raise Mistake(mistake.what, where="--machine", remedy=mistake.remedy) from mistake
    if question.price is not None:
        machine = machine.priced(question.price, question.currency, "--price")
    return count, machine


def rates_of(written: tuple[str, ...]) -> dict[str, float]:
    """`USD=88.0` and its like as a table. Raises `Mistake`."""
    rates = {}
    for text in written:
        name, _, value = text.partition("=")
        try:
            rate = float(value)
        except ValueError:
            raise Mistake(f"{text!r} is no rate", where="--rate", remedy="Write USD=88.0") from None
        rates[name.strip().upper()] = rate
        if not 0 < rate <= MOST:
            raise Mistake(f"{text!r} is no rate", where="--rate", remedy=f"Give a number above 0, at most {MOST:g}")
    return rates


def _asked(question: Question) -> Asked:
    if question.mfu is not None and not 0 < question.mfu <= 1:
        raise Mistake(f"{question.mfu:g} is no share of a peak", where="--mfu", remedy="Give a share, e.g. 0.4")
    if question.active is not None and not 0 < question.active <= question.params:
        raise Mistake(f"{question.active:g} active parameters", where="--active", remedy="Give at most --params")
    batch = usual_batch(question.tokens) if question.batch_tokens is None else question.batch_tokens
    return Asked(
        question.params, question.tokens, question.context, batch, question.vocabulary, question.active,
        question.lora, question.recompute,
    )  # fmt: skip


def _memory(asked: Asked, plan: RunPlan, machine: Machine) -> list[Line]:
    held = plan.layout.memory
    chosen = "the plainest that fits: sharded data, then tensor within a node, then pipeline"
    if plan.layout.recompute and not asked.recompute:
        chosen += "; the forward that is repeated is not in the hours: --recompute counts it"
    parts = (("weights", held.weights), ("gradients", held.gradients), ("optimizer", held.optimizer))
    text = ", ".join(f"{name} {size:.1f}" for name, size in (*parts, ("activations", held.activations)))
    return [
        ("memory per GPU", f"{held.total:.1f} of {machine.memory:g} GB", f"{text} GB"),
        ("layout", str(plan.layout), chosen),
    ]


def _failures(plan: RunPlan) -> list[Line]:
    found = plan.failures
    size = f"{compact(found.checkpoint_gigabytes)} GB, {found.save_seconds:.0f} s to save"
    return [
        ("save every", f"{duration(found.interval_minutes / 60)} ({size})", "√(2 · save time · time between failures)"),
        ("a failure every", duration(found.between_hours), "Llama 3 405B: 419 in 54 days on 16,384 GPUs: borrowed"),
    ]


def _money(question: Question, plan: RunPlan, machine: Machine, exchange: Exchange) -> list[Line]:
    def shown(name: str, amount: Range, source: str) -> Line:
        return name, _range(amount, lambda v: f"{question.currency} {compact(v)}"), source

    engineers = question.engineers * question.months * question.salary
    people = engineers + question.ratings * question.minutes / 60 * question.wage
    if plan.money is None or plan.tries is None:
        return [("money", "cannot say", f"no price is known for {machine.name}: give --price")]
    run, tries = exchange.into(plan.money, machine.currency), exchange.into(plan.tries, machine.currency)
    storage = exchange.into(plan.storage_money, "USD")
    total = Range(
        run.lo + tries.lo + storage.lo + people, run.mid + tries.mid + storage.mid + people,
        run.hi + tries.hi + storage.hi + people, "assumed", "",
    )  # fmt: skip
    found = [
        shown("the run", run, _price_told(machine, run)),
        shown("tries beside it", tries, "failed runs, search, evaluation: assumed"),
        shown("storage", storage, f"{compact(plan.storage_gigabytes)} GB: ten checkpoints and the tokens"),
    ]
    if people:
        found.append(("people", f"{question.currency} {compact(people)}", "engineers and raters, as given"))
    found.append(shown("in all", total, "serving apart"))
    found.append(
        shown(
            "the same in a year",
            cost_in(1, run.mid),
            "hardware and algorithms together; rental prices are not monotone",
        )
    )
    if question.worth_per_month is not None:
        found.append(("wait?", *_wait(question, run.mid)))
    return found


def _wait(question: Question, cost: float) -> tuple[str, str]:
    assert question.worth_per_month is not None
    months = longest_wait(cost, question.worth_per_month)
    if months <= 0:
        return "train now", "a month without the model costs more than the price falls in a month"
    text = "as long as you like" if math.isinf(months) else f"about {months:.0f} months by the trend's middle"
    return (
        text,
        f"until then the price falls by more than {question.currency} {compact(question.worth_per_month)} a month",
    )


def _serving(question: Question, machine: Machine, exchange: Exchange) -> list[Line]:
    if question.requests_per_day <= 0 or machine.price is None:
        return []
    traffic = Traffic(question.requests_per_day, question.tokens_in, question.tokens_out)
    shape = usual_shape(question.active or question.params, vocabulary=question.vocabulary)
    cost = serving_cost(shape, traffic, machine)
    money = exchange.into(cost.busy_money, machine.currency)
    text = _range(money, lambda v: f"{question.currency} {compact(v)}")
    kept = exchange.into(cost.reserved_money, machine.currency)
    source = f"by use; {cost.machines} kept for the peak hour: {question.currency} {compact(kept.mid)}"
    return [("serving, a month", text, source)]


def _range(found: Range, show: object) -> str:
    assert callable(show)
    if found.lo == found.hi:
        return str(show(found.mid))
    return f"{show(found.mid)} ({show(found.lo)} to {show(found.hi)})"


def _price_told(machine: Machine, run: Range) -> str:
    assert machine.price is not None
    price = f"{machine.currency} {machine.price.lo:g} to {machine.price.hi:g} an hour: {_told(machine.price)}"
    rate = run.source.rpartition("; ")[2]
    return f"{price}; {rate}" if "rate" in rate else price


def _told(found: Range) -> str:
    return f"{found.label}: {found.source}"
