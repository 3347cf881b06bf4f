"""The verdict held to the truth: pilots and forecast, then every route at full budget on the same data.

python -m benchmarks.truth recipes/hinglish/dono.yaml

Half an hour and more on two cores; killed, it goes on where it was. `make recipe NAME=hinglish` makes the base first.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.result import keep_result
from dono.decisions import METRICS, ArmVerdict, UseCaseVerdict
from dono.stages.build import Built, build
from dono.stages.decide import decide
from dono.stages.workplace import Workplace, open_workplace

PATIENCE = 4.0
"""The exam's cap on full runs in budgets: the plan is the verdict's, and a busy machine must not cut it short."""


def main(recipe: Path) -> None:
    """Decide, build every arm of every use case, print the table and the RESULT line."""
    place = open_workplace(recipe)
    decided = decide(place)
    assert decided is not None
    verdict, _ = decided
    patient = open_workplace(recipe, [f"budget.hours={PATIENCE * place.budget_seconds / 3600}"])
    cases = [_exam(patient, case) for case in verdict.use_cases]
    full = sum(arm.full_cost.value for case in verdict.use_cases for arm in case.arms if arm.failed is None)
    result: dict[str, object] = {
        "project": verdict.project,
        "pilot_seconds": round(verdict.spent["pilot_seconds"], 1),
        "pilot_share_of_all_full_runs": round(verdict.spent["pilot_money"] / full, 3) if full else None,
        "sentence": verdict.sentence,
        "use_cases": cases,
    }
    keep_result(f"truth-{verdict.project}", result)


def _exam(place: Workplace, case: UseCaseVerdict) -> dict[str, object]:
    arms = [a for a in case.arms if a.failed is None]
    built = {a.arm: build(place, route=a.arm, only=case.use_case)[0] for a in arms}
    metric = METRICS[case.metric]
    ranked = sorted(arms, key=lambda a: float(built[a.arm].outcome["measured"]), reverse=metric.higher_is_better)
    print(f"\n{case.use_case} ({case.metric}): {case.sentence}")
    print(f"{'arm':22} {'P(best)':>8} {'predicted':>10} {'80 % interval':>18} {'measured':>10} {'error':>8}  held")
    rows = [_row(arm, built[arm.arm]) for arm in ranked]
    best = float(built[ranked[0].arm].outcome["measured"])
    chosen = case.winner or case.arms[0].arm
    regret = abs(float(built[chosen].outcome["measured"]) - best)
    held = [bool(r["held"]) for r in rows]
    return {
        "use_case": case.use_case, "metric": case.metric, "winner": case.winner, "leader": case.arms[0].arm,
        "p_best": round(case.confidence, 3), "truly_best": ranked[0].arm, "regret": round(regret, 4),
        "intervals_held": f"{sum(held)}/{len(held)}", "arms": rows,
    }  # fmt: skip


def _row(arm: ArmVerdict, built: Built) -> dict[str, object]:
    measured, quality = float(built.outcome["measured"]), arm.quality
    assert quality.lo is not None and quality.hi is not None
    held = quality.lo <= measured <= quality.hi
    print(
        f"{arm.arm:22} {arm.p_best:8.2f} {quality.value:10.4f} {quality.lo:8.4f}–{quality.hi:<9.4f} {measured:10.4f} "
        f"{quality.value - measured:+8.4f}  {'yes' if held else 'no'} ({quality.label})"
    )
    return {
        "arm": arm.arm, "p_best": round(arm.p_best, 3), "predicted": round(quality.value, 4), "label": quality.label,
        "lo": round(quality.lo, 4), "hi": round(quality.hi, 4), "measured": round(measured, 4), "held": held,
        "largest_pilot": max(p.scale for p in arm.pilots),
    }  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "recipes/hinglish/dono.yaml"))
