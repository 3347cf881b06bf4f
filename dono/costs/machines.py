"""Machines: what they can compute, hold and cost, with the source of each number."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace

from dono.costs.ranges import Range, exactly
from dono.errors import Mistake

PRICES_READ = "2026-11"
"""When the price lists were read; their rows carry no date of their own."""

LONG_CONTEXT = 4096
"""Beyond this many tokens a sequence, published utilisation of the same GPU is lower."""


@dataclass(frozen=True)
class Machine:
    """One accelerator (or this machine).

    `peak` is dense bf16 FLOP/s (float32 on this machine's processor), `memory` in gigabytes, `price` in `currency` an
    hour (None: not known), `mfu` the share of `peak` that training reaches, `mfu_long` the same beyond
    `LONG_CONTEXT` tokens a sequence.
    """

    name: str
    peak: float
    memory: float
    mfu: Range
    mfu_long: Range | None = None
    price: Range | None = None
    currency: str = "USD"

    def utilisation(self, context: int) -> Range:
        """The share of `peak` to expect at this sequence length."""
        return self.mfu_long if self.mfu_long is not None and context > LONG_CONTEXT else self.mfu

    def priced(self, price_per_hour: float, currency: str, source: str = "project file") -> Machine:
        """The same machine at a price that a person gave."""
        return replace(self, price=exactly(price_per_hour, "assumed", source), currency=currency)


def _mfu(lo: float, mid: float, hi: float, source: str) -> Range:
    return Range(lo, mid, hi, "borrowed", source)


def _price(lo: float, mid: float, hi: float, source: str) -> Range:
    return Range(lo, mid, hi, "borrowed", f"{source}, on demand, read {PRICES_READ}")


_FOUNDRY = "llm-foundry benchmark tables, bf16"
_H100 = _mfu(0.35, 0.41, 0.46, f"{_FOUNDRY}, H100 to 4k; torchtitan 33–39 %")
_H100_LONG = _mfu(0.26, 0.34, 0.40, f"{_FOUNDRY}, H100 beyond 4k")
_UNKNOWN = Range(0.20, 0.35, 0.50, "assumed", "no published table at hand; from the spread of other GPUs")

MACHINES: dict[str, Machine] = {
    machine.name: machine
    for machine in (
        Machine("H100-80GB", 989e12, 80, _H100, _H100_LONG, _price(2.29, 2.95, 4.29, "Verda, Nebius, Lambda")),
        Machine("H100-PCIe", 756e12, 80, _H100, _H100_LONG, _price(3.29, 3.29, 3.29, "Lambda")),
        Machine(
            "H200",
            989e12,
            141,
            replace(_H100, label="assumed", source="as H100"),
            None,
            _price(3.39, 3.50, 3.50, "Verda, Nebius"),
        ),
        Machine("B200", 2250e12, 180, _UNKNOWN, None, _price(4.89, 5.50, 6.99, "Verda, Nebius, Lambda")),
        Machine(
            "A100-80GB",
            312e12,
            80,
            _mfu(0.43, 0.56, 0.64, f"{_FOUNDRY}, A100-80"),
            None,
            _price(1.29, 1.34, 1.39, "Verda, RunPod"),
        ),
        Machine("A100-40GB", 312e12, 40, _mfu(0.36, 0.51, 0.59, f"{_FOUNDRY}, A100-40")),
        Machine("H800", 989e12, 80, replace(_H100, label="assumed", source="as H100, with slower links")),
        Machine("TPUv4", 275e12, 32, _mfu(0.40, 0.46, 0.50, "PaLM, arXiv 2204.02311, table 3")),
        Machine("MI300X", 1307e12, 192, _UNKNOWN),
        Machine("L40S", 362e12, 48, _UNKNOWN),
        Machine("L40", 181e12, 48, _UNKNOWN),
        Machine("L4", 121e12, 24, _UNKNOWN),
        Machine("RTX-4090", 165e12, 24, _UNKNOWN),
    )
}
"""Peaks are the makers' dense (not sparse) figures; a sheet that says 1,979 for an H100 counts sparsity."""

THIS_MFU = Range(0.40, 0.65, 0.80, "borrowed", "small Llama models on two processor cores, 140–200 of 180–260 GFLOP/s")

THIS = "this"


def machine_named(name: str) -> Machine:
    """The machine of the table, whatever the case and the dashes. Raises `Mistake` naming the table otherwise."""
    wanted = _parts(name)
    for known, machine in MACHINES.items():
        if _parts(known) == wanted:
            return machine
    near = [known for known in MACHINES if _begins(_parts(known), wanted) or _begins(wanted, _parts(known))]
    if near and any(part.isdigit() for part in wanted):  # the table names the usual one of a family first
        return MACHINES[near[0]]
    remedy = f"Use one of: {', '.join([THIS, *MACHINES])}"
    raise Mistake(f"no machine {name!r} in the table", where="machine.gpu", remedy=remedy)


def _parts(name: str) -> list[str]:
    """Words and numbers of a name: a number is compared as a whole, for H10 is no H100."""
    return re.findall(r"[a-z]+|\d+", name.lower())


def _begins(name: list[str], part: list[str]) -> bool:
    return name[: len(part)] == part


def this_machine(peak: float, *, price_per_hour: float | None = None, currency: str = "USD") -> Machine:
    """The machine that Dono runs on, with the FLOP/s that its matrix products reach.

    Without a price it costs nothing: it is there already (assumed).
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    source = "project file" if price_per_hour is not None else "a machine at hand costs nothing more"
    return Machine(THIS, peak, memory, THIS_MFU).priced(price_per_hour or 0.0, currency, source)
