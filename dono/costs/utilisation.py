"""What share of the peak whole training runs reached: GPU hours that their makers published, all time included.

Benchmarks of a step say more (`machines`): between them and a whole run lie slow nodes, restarts, evaluations and
layouts that were not the best. These priors are for planning a run before anything of it was measured.
"""

from __future__ import annotations

from dono.costs.machines import Machine
from dono.costs.ranges import Range

_LLAMA = "6·N·D over published GPU hours"

WHOLE_RUN: dict[str, Range] = {
    "A100": Range(
        0.32, 0.42, 0.52, "borrowed", f"{_LLAMA}: LLaMA 43–51 % (Touvron et al. 2023, table 15), GLM-130B 33 %, "
        "GPT-NeoX-20B 38 %, OPT-175B 47 %",
    ),
    "H100": Range(
        0.25, 0.33, 0.41, "borrowed", f"{_LLAMA} in bf16: Llama 3 405B 38–43 % a step (arXiv 2407.21783, table 4) less "
        "a tenth of its time, SmolLM3 26–30 %",
    ),
    "TPU": Range(0.30, 0.40, 0.50, "borrowed", "PaLM 46 % a step (arXiv 2204.02311, table 3), Gopher 33 %"),
}  # fmt: skip
"""By generation, in dense bf16 FLOP/s. From memory of the papers named, not read again here; none of them is tuned to
the rows that `benchmarks.published_runs` asks."""
FAMILY = {"A100": "A100", "A800": "A100", "H100": "H100", "H200": "H100", "H800": "H100", "TPU": "TPU"}


def whole_run_utilisation(machine: Machine, *, context: int) -> Range:
    """The share of the machine's peak that a whole run may expect, attention not counted in its FLOPs.

    A generation without published runs has its benchmark's share less a fifth (assumed).
    """
    for start, family in FAMILY.items():
        if machine.name.upper().startswith(start):
            return WHOLE_RUN[family]
    found = machine.utilisation(context).times(0.8)
    return Range(found.lo, found.mid, found.hi, "assumed", f"{found.source}, less a fifth for a whole run")
