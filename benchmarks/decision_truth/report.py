"""What the exam found, as tables: each decision, accuracy and regret by share of the cost, coverage, abstention."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.decision_truth.judging import (
    CLOSE,
    DECIDED_SHARES,
    JUDGED_AT,
    OURS,
    SHARES,
    WAYS,
    Judged,
    close_share,
    coverage,
    judge,
    mean_regret,
    result,
    surest,
)
from benchmarks.decision_truth.kept import Kept
from benchmarks.decision_truth.replaying import Decided, replay
from dono.decisions import METRICS
from dono.errors import Mistake

WIDTH = 168


def report(kept: Sequence[Kept], *, arms: bool = False) -> dict[str, object]:
    """Print the tables, with `arms` also every arm's forecast beside its full run; return what RESULT says."""
    console = Console(width=WIDTH, highlight=False)
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
    return result(len(kept), judged, refused)


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    """An empty table; the columns named first hold words, the others numbers."""
    table = Table(title=title, title_justify="left", caption_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, no_wrap=True, justify="right")
    return table


def _arms(decided: Decided) -> Table:
    """Every arm as it was foretold and as it came out."""
    verdict, kept = decided.verdict, decided.replay.kept
    metric, full = METRICS[decided.case.metric], kept.full_runs(decided.case.name)
    said = f"{kept.name}, {metric.label}, {decided.replay.spent:.1%} of the cost spent: {verdict.sentence}"
    numbers = ("P(best)", "pilots up to", "last pilot", "foretold", "80 % interval", "full run", "held")
    table = _table(said, ("arm",), numbers)
    for arm in verdict.arms:
        if arm.failed is None:
            quality, top, came = arm.quality, arm.pilots[-1], full[arm.arm].value
            assert quality.lo is not None and quality.hi is not None
            held = "yes" if quality.holds(came) else "no"
            table.add_row(
                arm.arm, f"{arm.p_best:.2f}", f"{top.scale:.2%}", f"{top.value:.3f}", f"{quality.value:.3f}",
                f"{quality.lo:.3f} to {quality.hi:.3f}", f"{came:.3f}", held if quality.label == "extrapolated" else "",
            )  # fmt: skip
    return table


def _decisions(judged: Sequence[Judged]) -> Table:
    """Every decision at the judged share."""
    title = f"Decisions from pilots of {JUDGED_AT:.0%} of the cost of running everything, and each way's regret"
    table = _table(title, ("scenario", "metric", "truly best", "verdict takes"), ("full run", "P(good)", *WAYS))
    for one in (j for j in judged if j.share == JUDGED_AT):
        decimals = METRICS[one.metric].decimals
        table.add_row(
            one.scenario, one.metric, one.best, one.taken + ("" if one.clear else " ?"),
            f"{one.best_value:.{decimals}f} ± {one.best_stderr:.{decimals}f}", f"{one.confidence:.2f}",
            *(f"{one.regret[way]:.3f}" for way in WAYS),
        )  # fmt: skip
    table.caption = (
        "?: too close to call; what it would take.  full run: of the best; the standard error is largely common to all"
    )
    return table


def _summary(judged: Sequence[Judged], refused: dict[float, list[str]]) -> Table:
    numbers = ("share", "spent", "decisions", "refused", "right", f"within {CLOSE:g}", "mean regret", "intervals held")
    table = _table("By share of the cost of running everything", ("who decides",), numbers)
    for share in SHARES:
        at = [j for j in judged if j.share == share]
        for way in WAYS if at else ():
            first, held = [""] * 4, ""
            if way == OURS:
                first = [f"{share:.0%}", f"{fmean(j.spent for j in at):.1%}", str(len(at)), str(len(refused[share]))]
                held = "{} of {}".format(*coverage(at))
            right = fmean(j.regret[way] == 0 for j in at)
            table.add_row(
                way, *first, f"{right:.0%}", f"{close_share(at, way):.0%}", f"{mean_regret(at, way):.4f}", held
            )
        table.add_section()
    table.caption = "refused: scenarios whose share pays for no ladders; they are in no average"
    return table


def _abstention(judged: Sequence[Judged]) -> Table:
    """Does it pay to abstain: how often the surest decisions are right or close."""
    numbers = (*(f"surest {part:.0%}" for part in DECIDED_SHARES), "called clear", "too close to call")
    table = _table("Right or close among the surest verdicts, and among those called clear", ("share",), numbers)
    for share in SHARES:
        at = [j for j in judged if j.share == share]
        clear, open_ = [j for j in at if j.clear], [j for j in at if not j.clear]
        if at:
            table.add_row(
                f"{share:.0%}", *(f"{close_share(surest(at, part)):.0%}" for part in DECIDED_SHARES),
                *(f"{sum(j.close() for j in some)} of {len(some)}" for some in (clear, open_)),
            )  # fmt: skip
    return table
