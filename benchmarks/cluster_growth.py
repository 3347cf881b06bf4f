"""A project simulated on 8, 64, 512 and 4,096 GPUs, and a published run beside it. Writes docs/cluster.md.

`python -m benchmarks.cluster_growth [--out docs/cluster.md]`

Sizes grow with the cluster. Corpus: at the speed that `benchmarks.cluster` measured here, a core for a core. Pilots: a
twentieth of the full run, of eight arms with four rungs each, in list scheduling. Full run: the hours, layout, and
checkpoints of `dono plan`. Failures are drawn at a published rate, 20 times for each size. Nothing was run on a GPU.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np

from benchmarks.result import RESULTS, keep_result
from dono.costs import Asked, exactly, machine_named, plan_run, usual_batch, usual_shape
from dono.costs.failures import GPU_HOURS_BETWEEN, RESTART_HOURS, WRITE_BYTES_PER_GPU
from dono.costs.layouts import layout_that_fits
from dono.costs.plan import RunPlan
from dono.costs.simulation import Piece, Reliability, Schedule, simulate_run, simulate_tasks
from dono.errors import Mistake

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cluster.md"
TEMPLATE = Path(__file__).with_name("cluster_growth.md.j2")
SIZES = {8: 1e9, 64: 8e9, 512: 70e9, 4096: 405e9}
"""Parameters by GPUs (assumed: what people train on so many)."""
TOKENS_A_PARAMETER = 20
BYTES_A_TOKEN = 4.0
"""Of text in English (assumed); Indic scripts have more."""
CORES_A_GPU = 12
"""Processors beside a GPU (assumed; nodes of eight H100 usually have 96 or more)."""
ARMS, RUNGS, PILOT_SHARE = 8, 4, 0.05
PILOT_SAVE_HOURS = 1 / 60
"""Pilots save every minute (`LoopSpec.save_seconds`)."""
CARD = 50e9
"""Bytes a second of a network card of 400 Gbit/s."""
DRAWS = 20
TRIED = (0.4, 0.5, 0.63, 0.8, 1.0, 1.25, 1.6, 2.0, 2.5)
"""Intervals that are tried, over Young and Daly's."""
GRADIENT_BYTES, WEIGHT_BYTES = 4, 2
"""Bytes of a parameter that sharded training moves: weights in bfloat16 twice a step, gradients in float32 once."""


@dataclass(frozen=True)
class Grown:
    """A size: hours of each part, shares of the whole cluster's time, what must be stored and moved."""

    gpus: int
    parameters: float
    corpus_hours: float
    joining_hours: float
    pilots: Schedule
    pilots_each: int
    run: Schedule
    plan: RunPlan
    network: float


@dataclass(frozen=True)
class Speed:
    """Bytes of text a second that one core does in shards, and that one machine does once at the end."""

    parallel: float
    serial: float
    cores: int


def corpus_speed() -> Speed:
    """What `benchmarks.cluster` measured. Raises `Mistake` where it was not run."""
    path = RESULTS / "cluster.json"
    if not path.is_file():
        raise Mistake("no measured speed", where=str(path), remedy="Run `python -m benchmarks.cluster` first")
    kept = json.loads(path.read_text(encoding="utf8"))
    return Speed(kept["shards_megabytes_per_second"] / 2 * 1e6, kept["once_megabytes_per_second"] * 1e6, kept["cores"])


def average(found: Sequence[Schedule]) -> Schedule:
    """The mean of several draws."""
    makespan, useful, lost, failures = np.mean([(s.makespan, s.useful, s.lost, s.failures) for s in found], axis=0)
    return Schedule(float(makespan), float(useful), float(lost), round(failures))


def pilots_of(gpu_hours: float, each: int) -> list[Piece]:
    """Ladders of eight arms, each rung twice the one below and after it, so many GPU hours in all; small ones first."""
    unit = gpu_hours / (ARMS * (2**RUNGS - 1)) / each
    return [
        Piece(unit * 2**rung, each, ARMS * (rung - 1) + arm if rung else None, rank=rung)
        for rung in range(RUNGS)
        for arm in range(ARMS)
    ]


def fewest(parameters: float, gpus: int, memory: float) -> int:
    """The fewest GPUs, as a power of two, that a pilot of the model fits on."""
    each = 1
    while each < gpus:
        try:
            layout_that_fits(usual_shape(parameters), gpus=each, gigabytes=memory, context=4096, batch_tokens=2**20)
        except Mistake:
            each *= 2
        else:
            break
    return each


def grown(gpus: int, parameters: float, speed: Speed) -> Grown:
    """One size, simulated."""
    machine, tokens, shape = machine_named("H100-80GB"), TOKENS_A_PARAMETER * parameters, usual_shape(parameters)
    asked = Asked(parameters, tokens, 4096, max(usual_batch(tokens), 4096 * gpus), 128_000)
    plan = plan_run(asked, shape, machine, gpus)
    each = fewest(parameters, gpus, machine.memory)
    useful = plan.machine_hours.mid / gpus
    pilots = [
        simulate_tasks(
            pilots_of(PILOT_SHARE * plan.machine_hours.mid, each), gpus,
            Reliability(GPU_HOURS_BETWEEN, RESTART_HOURS, PILOT_SAVE_HOURS), np.random.default_rng([gpus, draw]),
        )
        for draw in range(DRAWS)
    ]  # fmt: skip
    how = Reliability(GPU_HOURS_BETWEEN, RESTART_HOURS, plan.failures.interval_minutes / 60)
    runs = [
        simulate_run(useful, gpus, how, plan.failures.save_seconds / 3600, np.random.default_rng([gpus, draw, 1]))
        for draw in range(DRAWS)
    ]
    step_seconds = useful * 3600 / (tokens / asked.batch_tokens)
    held = shape.stored / (plan.layout.tensor * plan.layout.pipeline)
    network = held * (2 * WEIGHT_BYTES + GRADIENT_BYTES) / step_seconds
    text = tokens * BYTES_A_TOKEN
    corpus, joining = text / speed.parallel / (CORES_A_GPU * gpus) / 3600, text / speed.serial / 3600
    return Grown(gpus, parameters, corpus, joining, average(pilots), each, average(runs), plan, network)


def llama() -> tuple[Schedule, RunPlan]:
    """Llama 3 405B as it was run: 54 days on 16,384 H100, simulated with the saves that `dono plan` would make."""
    tokens, parameters = 15.6e12, 405e9
    asked = Asked(parameters, tokens, 8192, 2**24, 128_000)
    machine, shape = machine_named("H100-80GB"), usual_shape(parameters)
    plan = plan_run(asked, shape, machine, 16_384, utilisation=exactly(0.40, "borrowed", "38 to 43 % a step"))
    how = Reliability(GPU_HOURS_BETWEEN, RESTART_HOURS, plan.failures.interval_minutes / 60)
    save, useful = plan.failures.save_seconds / 3600, 54 * 24 * 0.92
    found = [simulate_run(useful, 16_384, how, save, np.random.default_rng([405, draw])) for draw in range(DRAWS)]
    return average(found), plan


@dataclass(frozen=True)
class Interval:
    """The interval that loses least in simulation, over Young and Daly's, and how much more of the time that loses."""

    best: float
    excess: float


def interval_of(gpus: int, plan: RunPlan) -> Interval:
    """Try several intervals on the same failures."""
    between, save = GPU_HOURS_BETWEEN / gpus, plan.failures.save_seconds / 3600
    every = plan.failures.interval_minutes / 60

    def lost(factor: float) -> float:
        how = Reliability(GPU_HOURS_BETWEEN, RESTART_HOURS, every * factor)
        return simulate_run(4000 * between, gpus, how, save, np.random.default_rng([gpus, 7])).lost

    found = {factor: lost(factor) for factor in TRIED}
    best = min(found, key=lambda factor: found[factor])
    return Interval(best, found[1.0] - found[best])


def days(hours: float) -> str:
    """Hours as a table has them."""
    if hours >= 48:
        return f"{hours / 24:.1f} d"
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"


def bytes_of(gigabytes: float) -> str:
    """Gigabytes as a table has them."""
    return f"{gigabytes / 1000:,.1f} TB" if gigabytes >= 1000 else f"{gigabytes:,.0f} GB"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as Markdown, the first one as its head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def rows_of(found: Sequence[Grown], factors: dict[int, Interval]) -> list[list[str]]:
    """The table: a row for each figure, a column for each size."""
    columns: list[tuple[str, Callable[[Grown], str]]] = [
        ("model (assumed)", lambda one: f"{one.parameters / 1e9:g} B"),
        ("tokens, 20 a parameter (assumed)", lambda one: f"{TOKENS_A_PARAMETER * one.parameters / 1e9:,.0f} G"),
        ("corpus: in shards, on all machines", lambda one: days(one.corpus_hours)),
        ("corpus: once, on one machine", lambda one: days(one.joining_hours)),
        ("GPUs of one pilot", lambda one: str(one.pilots_each)),
        ("pilots: makespan", lambda one: days(one.pilots.makespan)),
        ("pilots: useful share of all GPUs", lambda one: f"{one.pilots.useful:.0%}"),
        ("pilots: lost to failures", lambda one: f"{one.pilots.lost:.2%}"),
        ("full run: makespan", lambda one: days(one.run.makespan)),
        ("a failure every", lambda one: days(one.plan.failures.between_hours)),
        ("failures in the run", lambda one: str(one.run.failures)),
        ("a save takes", lambda one: f"{one.plan.failures.save_seconds:.0f} s"),
        ("saved every (Young and Daly)", lambda one: days(one.plan.failures.interval_minutes / 60)),
        ("best interval ÷ Young and Daly's", lambda one: f"{factors[one.gpus].best:.2f}"),
        ("lost to saves and failures, simulated", lambda one: f"{one.run.lost:.1%}"),
        ("lost, by `dono plan`'s formula", lambda one: f"{one.plan.failures.lost:.1%}"),
        ("one checkpoint", lambda one: bytes_of(one.plan.failures.checkpoint_gigabytes)),
        ("store: ten checkpoints, tokens", lambda one: bytes_of(one.plan.storage_gigabytes)),
        ("store: write speed", lambda one: f"{WRITE_BYTES_PER_GPU * one.gpus / 1e9:,.0f} GB/s"),
        ("network, a GPU", lambda one: f"{one.network / 1e9:.1f} GB/s"),
        ("layout", lambda one: f"{one.plan.layout.data} × {one.plan.layout.tensor} × {one.plan.layout.pipeline}"),
    ]
    heads = ["", *(f"{one.gpus:,} GPUs" for one in found)]
    return [heads, *([name, *(show(one) for one in found)] for name, show in columns)]


def page(found: Sequence[Grown], speed: Speed, factors: dict[int, Interval]) -> str:
    """The page in full."""
    llama_run, llama_plan = llama()
    most = max(found, key=lambda one: one.gpus)
    template = jinja2.Template(TEMPLATE.read_text(encoding="utf8"), keep_trailing_newline=True)
    return template.render(
        table=table(rows_of(found, factors)), draws=DRAWS, cores=speed.cores, cores_a_gpu=CORES_A_GPU, arms=ARMS,
        parallel=f"{speed.parallel / 1e6:.2f}", serial=f"{speed.serial / 1e6:.1f}", rungs=RUNGS,
        between=f"{GPU_HOURS_BETWEEN:,.0f}", store=f"{WRITE_BYTES_PER_GPU / 1e9:g}",
        restart=f"{60 * RESTART_HOURS:.0f}", pilot_share=f"{PILOT_SHARE:.0%}", bytes_a_token=f"{BYTES_A_TOKEN:g}",
        llama_save=f"{llama_plan.failures.save_seconds:.0f}", llama_days=days(llama_run.makespan),
        llama_every=f"{llama_plan.failures.interval_minutes:.0f}", llama_failures=llama_run.failures,
        llama_useful=f"{llama_run.useful:.1%}", most_useful=f"{most.pilots.useful:.0%}", most_gpus=f"{most.gpus:,}",
        most_joined=days(most.joining_hours), most_corpus=days(most.joining_hours + most.corpus_hours),
        crowded=" and ".join(f"{one.gpus:,}" for one in found if one.network > CARD),
        excess=f"{max(one.excess for one in factors.values()):.2%}", tried=len(TRIED),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=PAGE)
    asked = parser.parse_args()
    speed = corpus_speed()
    found = [grown(gpus, parameters, speed) for gpus, parameters in SIZES.items()]
    factors = {one.gpus: interval_of(one.gpus, one.plan) for one in found}
    asked.out.write_text(page(found, speed, factors), encoding="utf8")
    for one in found:
        print(
            f"{one.gpus:6,} GPUs  corpus {days(one.corpus_hours):>8s}  pilots {days(one.pilots.makespan):>8s} "
            f"({one.pilots.useful:4.0%} useful)  run {days(one.run.makespan):>8s}, {one.run.failures} failures, "
            f"{one.run.lost:.1%} lost, best interval {factors[one.gpus].best:.2f}"
        )
    run, _ = llama()
    result = {
        "lost": {str(one.gpus): round(one.run.lost, 4) for one in found},
        "pilots_useful": {str(one.gpus): round(one.pilots.useful, 3) for one in found},
        "interval_factor": {str(gpus): round(one.best, 2) for gpus, one in factors.items()},
        "llama_3_effective": round(run.useful, 4), "llama_3_interruptions": run.failures,
        "largest_miss_of_the_formula": round(
            max(abs(one.run.lost - one.plan.failures.lost) for one in found), 4
        ),
    }  # fmt: skip
    keep_result("cluster_growth", result)


if __name__ == "__main__":
    main()
