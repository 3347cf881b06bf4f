"""Laws of learning curves: adding one is one file and one row here."""

from __future__ import annotations

from dono.curves.laws import broken_power, damped, local_line, power_floor, rectified, stays, usual_pace
from dono.curves.laws.law import Cells, Law

LAWS: dict[str, Law] = {
    law.name: law
    for law in (
        broken_power.LAW,
        damped.LAW,
        local_line.LAW,
        power_floor.LAW,
        rectified.LAW,
        stays.LAW,
        usual_pace.LAW,
    )
}

__all__ = ["LAWS", "Cells", "Law"]
