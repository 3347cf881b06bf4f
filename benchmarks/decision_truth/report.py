"""What the exam found: a table of decisions, accuracy and regret by share of the cost, coverage, abstention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from rich.console import Console
from rich.table import Table

from benchmarks.decision_truth.kept import Kept
from benchmarks.decision_truth.replaying import Decided, replay
from benchmarks.decision_truth.rules import RULES
from dono.decisions import METRICS
from dono.decisions.routes import short_name
from dono.errors import Mistake

SHARES = (0.02, 0.05, 0.10)
JUDGED_AT = 0.05
CLOSE = 0.02
"""An arm is close when its full run came within this of the best, on the scale on which the verdict has its margin:
two points of a score, or 0.02 bits per byte."""
OURS = "verdict"
DECIDED_SHARES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Judged:
    """One decision beside the truth. `regret` by rule, ours among them, as a share of the metric's scale."""

    scenario: str
    case: str
    share: float
    spent: float
    metric: str
    best: str
    best_value: float
    picks: dict[str, str]
    regret: dict[str, float]
    clear: bool
    confidence: float
    held: tuple[bool, ...]
    """Of the arms whose full run was foretold, not measured: whether the 80 % interval holds the truth."""

    @property
    def close(self) -> bool:
        """Whether ours is the best arm, or close to it."""
        return self.regret[OURS] <= CLOSE


def judge(decided: Decided) -> Judged:
    """Hold a verdict, and what each rule would have taken from the same pilots, against the full runs."""
    case, metric = decided.case, METRICS[decided.case.metric]
    truth = decided.replay.kept.truth(case.name)
    badness = {arm: metric.to_badness(value) for arm, value in truth.items()}
    best = min(badness, key=lambda arm: (badness[arm], arm))
    picks = {OURS: decided.taken, **{name: rule(decided) for name, rule in RULES.items()}}
    foretold = [a for a in decided.verdict.arms if a.failed is None and a.quality.label == "extrapolated"]
    held = []
    for arm in foretold:
        lo, hi = arm.quality.lo, arm.quality.hi
        assert lo is not None and hi is not None
        held.append(lo <= truth[arm.arm] <= hi)
    return Judged(
        decided.replay.kept.name, case.name, decided.replay.share, decided.replay.spent, case.metric, best, truth[best],
        picks, {name: badness[arm] - badness[best] for name, arm in picks.items()},
        decided.verdict.winner is not None, decided.verdict.confidence, tuple(held),
    )  # fmt: skip


def report(kept: Sequence[Kept], *, arms: bool = False) -> dict[str, object]:
    """Print the tables, with `arms` also every arm's forecast beside its full run; return what RESULT says."""
    console = Console(width=150, highlight=False)
    judged: list[Judged] = []
    refused: dict[float, list[str]] = {share: [] for share in SHARES}
    for one in kept:
        for share in SHARES:
            try:
                found = replay(one, share)
            except Mistake:
                refused[share].append(one.name)
                continue
            judged += map(judge, found)
            if arms:
                console.print(*map(_arms, found), sep="\n")
    console.print(_decisions(judged), _summary(judged, refused), _abstention(judged), sep="\n")
    return _result(kept, judged, refused)


def _arms(decided: Decided) -> Table:
    """Every arm as it was foretold and as it came out."""
    verdict, kept = decided.verdict, decided.replay.kept
    metric, truth = METRICS[decided.case.metric], kept.truth(decided.case.name)
    table = Table(
        title=f"{kept.name}, {metric.label}, {decided.replay.spent:.1%} of the cost spent: {verdict.sentence}",
        title_justify="left",
    )
    for name in ("arm", "P(best)", "pilots up to", "last pilot", "foretold", "80 % interval", "full run", "held"):
        table.add_column(name, justify="left" if name == "arm" else "right")
    for arm in verdict.arms:
        if arm.failed is None:
            quality, top, came = arm.quality, arm.pilots[-1], truth[arm.arm]
            assert quality.lo is not None and quality.hi is not None
            held = "yes" if quality.lo <= came <= quality.hi else "no"
            table.add_row(
                arm.arm, f"{arm.p_best:.2f}", f"{top.scale:.2%}", f"{top.value:.3f}", f"{quality.value:.3f}",
                f"{quality.lo:.3f} to {quality.hi:.3f}", f"{came:.3f}", held if quality.label == "extrapolated" else "",
            )  # fmt: skip
    return table


def _decisions(judged: Sequence[Judged]) -> Table:
    """Every decision at the judged share."""
    table = Table(
        title=f"Decisions from pilots of {JUDGED_AT:.0%} of the cost of everything, and the regret of each way to decide",
        title_justify="left",
    )
    for name in ("scenario", "metric", "truly best", "", "verdict takes", "P(good)"):
        table.add_column(name, no_wrap=True, justify="right" if name in ("", "P(good)") else "left")
    for name in (OURS, *RULES):
        table.add_column(name, justify="right")
    table.add_column("held", justify="right")
    for one in (j for j in judged if j.share == JUDGED_AT):
        metric = METRICS[one.metric]
        table.add_row(
            one.scenario, one.metric, short_name(one.best), f"{one.best_value:.{metric.decimals}f}",
            short_name(one.picks[OURS]) + ("" if one.clear else " ?"), f"{one.confidence:.2f}",
            *(f"{one.regret[name]:.3f}" for name in (OURS, *RULES)), f"{sum(one.held)}/{len(one.held)}",
        )  # fmt: skip
    table.caption = "?: too close to call; what it would take.  held: 80 % intervals that hold the full run"
    table.caption_justify = "left"
    return table


def _summary(judged: Sequence[Judged], refused: dict[float, list[str]]) -> Table:
    table = Table(title="By share of the cost", title_justify="left")
    for name in (
        "share",
        "spent",
        "decisions",
        "refused",
        "who decides",
        "right",
        f"within {CLOSE:g}",
        "mean regret",
    ):
        table.add_column(name, justify="left" if name == "who decides" else "right")
    table.add_column("intervals held", justify="right")
    for share in SHARES:
        at = [j for j in judged if j.share == share]
        for number, name in enumerate((OURS, *RULES)):
            if not at:
                continue
            first = [f"{share:.0%}", f"{fmean(j.spent for j in at):.1%}", str(len(at)), str(len(refused[share]))]
            right, close = fmean(j.regret[name] == 0 for j in at), fmean(j.regret[name] <= CLOSE for j in at)
            table.add_row(
                *(first if number == 0 else [""] * 4), name, f"{right:.0%}", f"{close:.0%}",
                f"{fmean(j.regret[name] for j in at):.4f}", _coverage(at) if number == 0 else "",
            )  # fmt: skip
        table.add_section()
    return table


def _coverage(judged: Sequence[Judged]) -> str:
    held = [h for j in judged for h in j.held]
    return f"{sum(held)}/{len(held)}" if held else "none foretold"


def _abstention(judged: Sequence[Judged]) -> Table:
    """Does it pay to abstain: how often the surest decisions are right or close."""
    table = Table(title="Right or close among the surest verdicts, and among those called clear", title_justify="left")
    table.add_column("share of the cost", justify="right")
    for part in DECIDED_SHARES:
        table.add_column(f"surest {part:.0%}", justify="right")
    table.add_column("called clear", justify="right")
    table.add_column("too close to call", justify="right")
    for share in SHARES:
        at = [j for j in judged if j.share == share]
        clear, open_ = [j for j in at if j.clear], [j for j in at if not j.clear]
        if at:
            table.add_row(
                f"{share:.0%}", *(f"{fmean(j.close for j in surest(at, part)):.0%}" for part in DECIDED_SHARES),
                *(f"{sum(j.close for j in some)} of {len(some)}" for some in (clear, open_)),
            )  # fmt: skip
    return table


def surest(judged: Sequence[Judged], part: float) -> list[Judged]:
    """So large a part of the decisions, those of the greatest confidence; at least one."""
    ranked = sorted(judged, key=lambda j: (-j.confidence, j.scenario, j.case))
    return ranked[: max(1, round(part * len(ranked)))]


def _result(kept: Sequence[Kept], judged: Sequence[Judged], refused: dict[float, list[str]]) -> dict[str, object]:
    shares: dict[str, object] = {}
    for share in SHARES:
        at = [j for j in judged if j.share == share]
        if at:
            held = [h for j in at for h in j.held]
            shares[f"{share:.0%}"] = {
                "decisions": len(at), "refused": refused[share], "spent": round(fmean(j.spent for j in at), 4),
                "right_or_close": {n: round(fmean(j.regret[n] <= CLOSE for j in at), 3) for n in (OURS, *RULES)},
                "mean_regret": {n: round(fmean(j.regret[n] for j in at), 4) for n in (OURS, *RULES)},
                "intervals_held": round(fmean(held), 3) if held else None,
                "clear": sum(j.clear for j in at), "clear_right_or_close": sum(j.close for j in at if j.clear),
                "surest": {f"{p:.0%}": round(fmean(j.close for j in surest(at, p)), 3) for p in DECIDED_SHARES},
            }  # fmt: skip
    at = [j for j in judged if j.share == JUDGED_AT]
    ours = fmean(j.regret[OURS] for j in at) if at else None
    simple = min(fmean(j.regret[name] for j in at) for name in RULES) if at else None
    return {
        "right_or_close_at_5pct": round(fmean(j.close for j in at), 3) if at else None,
        "regret_ratio_at_5pct": round(ours / simple, 3) if ours is not None and simple else None,
        "scenarios": len(kept), "decisions": len(at), "shares": shares,
    }  # fmt: skip
