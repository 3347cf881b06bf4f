"""How long one request takes: the prompt is read at the speed of arithmetic, each new token at that of memory."""

from __future__ import annotations

from dono.costs.flops import Shape, request_flops
from dono.costs.machines import Machine
from dono.costs.memory import FROZEN
from dono.costs.ranges import Range

BANDWIDTH: dict[str, float] = {
    "H100-80GB": 3.35e12, "H100-PCIe": 2.0e12, "H200": 4.8e12, "H800": 3.35e12, "B200": 8.0e12, "A100-80GB": 2.0e12,
    "A100-40GB": 1.56e12, "TPUv4": 1.2e12, "MI300X": 5.3e12, "L40S": 0.864e12, "L40": 0.864e12, "L4": 0.3e12,
    "RTX-4090": 1.01e12,
}  # fmt: skip
"""Bytes a second of one accelerator's memory, by its maker (from memory of the data sheets, not read again)."""
UNKNOWN_BANDWIDTH = 20e9
"""Of a machine that is not in the table, this one included: two channels of memory in a shared server (assumed)."""
MEMORY_USE = Range(
    0.3, 0.55, 0.8, "assumed", "share of the memory's bandwidth that generation reaches, one request at a time"
)
PROMPT_USE = Range(0.1, 0.3, 0.5, "assumed", "share of the peak that reading a prompt reaches")
LAYER_SECONDS = Range(20e-6, 60e-6, 200e-6, "assumed", "starting a layer's work, for each new token")
OVERHEAD_SECONDS = Range(0.005, 0.02, 0.08, "assumed", "waiting in line, tokenizing and the network within a site")


def estimated_latency(shape: Shape, machine: Machine, *, tokens_in: float, tokens_out: float) -> Range:
    """Seconds from a request to the last token of its answer, alone on one machine, before anything is measured.

    Reading the prompt takes its FLOPs; every new token reads all weights once (two bytes a parameter). Beside other
    requests it takes longer.
    """
    read = PROMPT_USE.times(machine.peak).under(request_flops(shape, tokens_in=tokens_in, tokens_out=0))
    bandwidth = BANDWIDTH.get(machine.name, UNKNOWN_BANDWIDTH)
    per_token = MEMORY_USE.times(bandwidth).under(FROZEN * shape.stored).plus(LAYER_SECONDS.times(shape.layers))
    return read.plus(per_token.times(tokens_out)).plus(OVERHEAD_SECONDS)
