"""Energy of accelerators at work: kilowatt-hours, with the server around them and the building around those."""

from __future__ import annotations

from dono.costs.machines import Machine
from dono.costs.ranges import Range

WATTS: dict[str, float] = {
    "H100-80GB": 700, "H100-PCIe": 350, "H200": 700, "H800": 700, "B200": 1000, "A100-80GB": 400, "A100-40GB": 400,
    "TPUv4": 192, "MI300X": 750, "L40S": 350, "L40": 300, "L4": 72, "RTX-4090": 450,
}  # fmt: skip
"""The makers' power limits of one accelerator."""
UNKNOWN_WATTS = 100.0
"""Of a machine that is not in the table, this one included (assumed)."""
AROUND = Range(
    1.375, 1.5, 1.69, "borrowed", "1.25–1.3 for the server × 1.1–1.3 for the building (PUE), at the power limit"
)
"""Power drawn from the grid over the accelerators' own limit."""


def energy_kwh(machine: Machine, machine_hours: Range) -> Range:
    """Kilowatt-hours from the grid for so many machine hours: about 1.05 an hour of an H100."""
    return machine_hours.times(WATTS.get(machine.name, UNKNOWN_WATTS) / 1000).by(AROUND)
