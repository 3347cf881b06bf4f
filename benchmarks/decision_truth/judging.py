"""A verdict, and what each rule would have taken from the same pilots, held against the full runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmarks.decision_truth.replaying import Decided
from benchmarks.decision_truth.rules import RULES
from dono.decisions import METRICS

SHARES = (0.02, 0.05, 0.10)
JUDGED_AT = 0.05
CLOSE = 0.02
"""An arm is close when its full run came within this of the best, on the scale on which the verdict has its margin:
two points of a score, or 0.02 bits per byte."""
OURS = "verdict"
WAYS = (OURS, *RULES)
DECIDED_SHARES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One decision beside the truth. `regret` by way to decide (`WAYS`), as a share of the metric's scale.

    `held`: of the arms whose full run was foretold, not measured, whether the 80 % interval holds the truth.
    """

    scenario: str
    case: str
    metric: str
    share: float
    spent: float
    best: str
    best_value: float
    best_stderr: float
    taken: str
    clear: bool
    confidence: float
    regret: dict[str, float]
    held: tuple[bool, ...]

    def close(self, way: str = OURS) -> bool:
        """Whether this way takes the best arm, or one close to it."""
        return self.regret[way] <= CLOSE


def judge(decided: Decided) -> Judged:
    """Hold one decision against the full runs."""
    kept, case, metric = decided.replay.kept, decided.case, METRICS[decided.case.metric]
    full = kept.full_runs(case.name)
    badness = {arm: metric.to_badness(row.value) for arm, row in full.items()}
    best = min(badness, key=lambda arm: (badness[arm], arm))
    picks = {OURS: decided.taken, **{name: rule(decided) for name, rule in RULES.items()}}
    held = []
    for arm in decided.verdict.arms:
        if arm.failed is None and arm.quality.label == "extrapolated":
            held.append(arm.quality.holds(full[arm.arm].value))
    return Judged(
        scenario=kept.name, case=case.name, metric=case.metric, share=decided.replay.share, spent=decided.replay.spent,
        best=best, best_value=full[best].value, best_stderr=full[best].stderr, taken=decided.taken,
        clear=decided.verdict.winner is not None, confidence=decided.verdict.confidence,
        regret={name: badness[arm] - badness[best] for name, arm in picks.items()}, held=tuple(held),
    )  # fmt: skip


def surest(judged: Sequence[Judged], part: float) -> list[Judged]:
    """So large a part of the decisions, those of the greatest confidence; at least one."""
    ranked = sorted(judged, key=lambda j: (-j.confidence, j.scenario, j.case))
    return ranked[: max(1, round(part * len(ranked)))]


def coverage(judged: Sequence[Judged]) -> tuple[int, int]:
    """How many intervals hold the truth, of how many."""
    held = [h for j in judged for h in j.held]
    return sum(held), len(held)


def mean_regret(judged: Sequence[Judged], way: str) -> float:
    """Mean regret of a way to decide; `judged` holds at least one decision."""
    return fmean(j.regret[way] for j in judged)


def close_share(judged: Sequence[Judged], way: str = OURS) -> float:
    """The share of decisions that are right or close; `judged` holds at least one."""
    return fmean(j.close(way) for j in judged)


def result(scenarios: int, judged: Sequence[Judged], refused: dict[float, list[str]]) -> dict[str, object]:
    """What the RESULT line says. Decisions of scenarios that a share cannot pay for are in no average."""
    by_share = {share: [j for j in judged if j.share == share] for share in SHARES}
    at = by_share[JUDGED_AT]
    simple = min(mean_regret(at, name) for name in RULES) if at else 0.0
    return {
        "right_or_close_at_5pct": round(close_share(at), 3) if at else None,
        "regret_ratio_at_5pct": round(mean_regret(at, OURS) / simple, 3) if simple else None,
        "scenarios": scenarios,
        "decisions": len(at),
        "shares": {f"{share:.0%}": _at(found, refused[share]) for share, found in by_share.items() if found},
    }


def _at(judged: Sequence[Judged], refused: list[str]) -> dict[str, object]:
    held, intervals = coverage(judged)
    return {
        "decisions": len(judged), "refused": refused, "spent": round(fmean(j.spent for j in judged), 4),
        "right_or_close": {way: round(close_share(judged, way), 3) for way in WAYS},
        "mean_regret": {way: round(mean_regret(judged, way), 4) for way in WAYS},
        "intervals": intervals, "intervals_held": round(held / intervals, 3) if intervals else None,
        "clear": sum(j.clear for j in judged), "clear_right_or_close": sum(j.close() for j in judged if j.clear),
        "right_or_close_of_the_surest": {f"{p:.0%}": round(close_share(surest(judged, p)), 3) for p in DECIDED_SHARES},
    }  # fmt: skip
