"""Does local training teach the region? What the arms of a use case of habits showed, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dono.decisions import ArmVerdict, Lifts
from dono.decisions.routes import short_name
from dono.studio.amounts import percent

LOCAL = ("continue", "scratch")
"""Routes that read the country's own texts."""
SURE = 1.645
"""Standard errors beyond which a difference is called one (one-sided 95 %)."""


@dataclass(frozen=True)
class Taught:
    """An arm with its lifts."""

    arm: ArmVerdict
    lifts: Lifts


def taught(arms: Sequence[ArmVerdict]) -> tuple[Taught, ...]:
    """The arms with lifts, the one that knows most first."""
    found = [Taught(arm, arm.lifts) for arm in arms if arm.lifts is not None]
    return tuple(sorted(found, key=lambda t: (-t.lifts.correlation, t.arm.arm)))


def answer(found: Sequence[Taught]) -> str:
    """Whether those that read local texts know the region better than the base as it is, and what counting reaches."""
    local = [t for t in found if t.arm.route in LOCAL]
    base = [t for t in found if t.arm.route == "prompt"]
    counts = [t for t in found if t.arm.route == "predictive"]
    if not local:
        return "No route that reads your own texts was measured."
    best = local[0]
    if base:
        error = (best.lifts.stderr**2 + base[0].lifts.stderr ** 2) ** 0.5
        gain = best.lifts.correlation - base[0].lifts.correlation
        beside = f"{_said(best)}, against {_said(base[0])}"
        said = f"Yes: {beside}." if gain > SURE * error else f"Not seen in these pilots: {beside}."
    else:
        sure = best.lifts.correlation > SURE * best.lifts.stderr
        said = f"{'Yes' if sure else 'Not seen in these pilots'}: {_said(best)}."
    return said if not counts else f"{said} Counting the records reaches {counts[0].lifts.correlation:.2f}."


def _said(found: Taught) -> str:
    scale = "" if found.lifts.scale >= 1 else f" at {percent(found.lifts.scale)} of the full run"
    return f"{short_name(found.arm.arm)} {found.lifts.correlation:.2f} ± {found.lifts.stderr:.2f}{scale}"
