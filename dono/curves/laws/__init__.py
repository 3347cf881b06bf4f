"""Laws of learning curves: adding one is one file and one row here."""

from __future__ import annotations

from dono.curves.laws import local_line, log_linear, power, power_floor, rectified, settling, stays
from dono.curves.laws.law import Cells, Law

LAWS: dict[str, Law] = {
    module.LAW.name: module.LAW for module in (power, power_floor, rectified, local_line, settling, log_linear, stays)
}

__all__ = ["LAWS", "Cells", "Law"]
